#include <algorithm>
#include <utility>

#include "pipeline/checkpoint_name.h"
#include "sim/conduct.h"

namespace bikeflow::sim {
namespace {

template <class Wanted>
auto find_effect(std::vector<Effect>& effects) {
  return std::ranges::find_if(effects,
                              [](const Effect& e) { return std::holds_alternative<Wanted>(e); });
}

class PublishBeforeCurrent final : public Conduct {
  void arrange(std::vector<Effect>& effects) override {
    std::ranges::stable_partition(
        effects, [](const Effect& effect) { return std::holds_alternative<PutFiles>(effect); });
  }
};

class CurrentBeforeCheckpoint final : public Conduct {
  void arrange(std::vector<Effect>& effects) override {
    const auto write = find_effect<WriteCheckpoint>(effects);
    const auto set = find_effect<SetCurrent>(effects);
    if (write != effects.end() && set != effects.end()) std::iter_swap(write, set);
  }
};

class MarkersBeforeFiles final : public Conduct {
  void arrange(std::vector<Effect>& effects) override {
    const auto is_put = [](const Effect& e) { return std::holds_alternative<PutFiles>(e); };
    const auto files = std::ranges::find_if(effects, is_put);
    if (files == effects.end()) return;
    const auto markers = std::find_if(std::next(files), effects.end(), is_put);
    if (markers != effects.end()) std::iter_swap(files, markers);
  }
};

class DueForgottenAtStart final : public Conduct {
  bool publishes_due_at_start() override { return false; }
};

class PositionForgotten final : public Conduct {
  void look_over(Job& job) override {
    for (InputState& input : job.inputs()) {
      input.records = 0;
      input.is_done = false;
    }
  }
};

class OneBatchTooFar final : public Conduct {
  bool skips_a_batch_at_start() override { return true; }
};

// The stations' names stay, so that nothing but the state is lost: the watermark first of all.
class WatermarkForgotten final : public Conduct {
  void look_over(Job& job) override {
    for (const auto& partition : job.partitions()) {
      Task& task = partition->task();
      Batch names;
      for (std::uint32_t i = 0; i < task.names().size(); ++i) {
        names.new_stations.emplace_back(task.names().at(i));
      }
      task = Task(task.settings());
      task.observe(names, "", 0);
    }
  }
};

class FailedPutTakenAsDone final : public Conduct {
  Done put(Disk& disk, const PutFiles& effect) override {
    const Done done = Conduct::put(disk, effect);
    return done == Done::kFailed ? Done::kYes : done;
  }
};

class PutInPart final : public Conduct {
  Done put(Disk& disk, const PutFiles& effect) override {
    std::vector<DueFile> halves;
    for (const DueFile* file : effect.files) {
      halves.push_back({file->path, file->bytes.substr(0, file->bytes.size() / 2)});
    }
    std::vector<const DueFile*> begun;
    for (const DueFile& half : halves) begun.push_back(&half);
    const Done done = disk.put(begun);
    return done == Done::kYes ? Conduct::put(disk, effect) : done;
  }
};

class HighestSequence final : public Conduct {
  std::optional<std::string> choose_checkpoint(Disk& disk) override {
    std::optional<std::string> highest;
    for (const auto& [name, bytes] : disk.checkpoints()) {
      if (!highest || *checkpoint_sequence(name) >= *checkpoint_sequence(*highest)) highest = name;
    }
    return highest;
  }
};

class CurrentRemoved final : public Conduct {
  Done remove_old(Disk& disk, const std::string& current) override {
    const Done done = Conduct::remove_old(disk, current);
    if (done == Done::kYes) disk.remove_checkpoint(current);
    return done;
  }
};

// Renamed, but the folder is not synced: a power cut may bring the old one back.
class CurrentNotSynced final : public Conduct {
  Done set_current(Disk& disk, const SetCurrent& effect) override {
    const std::optional<std::string> before = disk.current();
    const Done done = Conduct::set_current(disk, effect);
    if (done == Done::kYes) disk.set_durable_current(before);
    return done;
  }
};

// Follows a CURRENT that a power cut may still take back.
class CurrentNotSyncedAtStart final : public Conduct {
  std::optional<std::string> choose_checkpoint(Disk& disk) override { return disk.current(); }
};

}  // namespace

const std::vector<Planted<Conduct>>& planted_bugs() {
  static const std::vector<Planted<Conduct>> kBugs = {
      plant<Conduct, PublishBeforeCurrent>("publish_before_current"),
      plant<Conduct, CurrentBeforeCheckpoint>("current_before_checkpoint"),
      plant<Conduct, MarkersBeforeFiles>("markers_before_files"),
      plant<Conduct, DueForgottenAtStart>("due_forgotten_at_start"),
      plant<Conduct, PositionForgotten>("position_forgotten"),
      plant<Conduct, OneBatchTooFar>("one_batch_too_far"),
      plant<Conduct, WatermarkForgotten>("watermark_forgotten"),
      plant<Conduct, FailedPutTakenAsDone>("failed_put_taken_as_done"),
      plant<Conduct, PutInPart>("put_in_part"),
      plant<Conduct, HighestSequence>("highest_sequence"),
      plant<Conduct, CurrentRemoved>("current_removed"),
      plant<Conduct, CurrentNotSynced>("current_not_synced"),
      plant<Conduct, CurrentNotSyncedAtStart>("current_not_synced_at_start"),
  };
  return kBugs;
}

}  // namespace bikeflow::sim
