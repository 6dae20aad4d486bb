#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "lake/closed_hours.h"
#include "pipeline/checkpoint_name.h"
#include "pipeline/commit_metadata.h"
#include "sim/fleet_conduct.h"

namespace bikeflow::sim {
namespace {

constexpr std::string_view kTopic = "feed";

class Bug : public FleetConduct {
 public:
  [[nodiscard]] bool is_honest() const override { return false; }
};

// The checkpoint that a request puts or gets; null for anything else.
const std::string* checkpoint_path(const Request& request) {
  const std::string* path = nullptr;
  if (const auto* put = std::get_if<PutFile>(&request.what)) path = &put->path;
  if (const auto* get = std::get_if<GetFile>(&request.what)) path = &get->path;
  return path != nullptr && checkpoint_sequence(name_of(*path)) ? path : nullptr;
}

class PublishBeforeCommit final : public Bug {
  void arrange(std::vector<Request>& requests, Bucket& bucket) override {
    for (const Request& request : requests) {
      const auto* put = std::get_if<PutFile>(&request.what);
      if (put == nullptr || checkpoint_path(request) == nullptr) continue;
      const Result<Job> job = Job::restore(put->bytes);
      for (const DueFile& file : job->due()) bucket.put(file.path, file.bytes);
    }
  }
};

// What was prepared before a rebalance lives on where the partitions stay.
class NoEpochGuard final : public Bug {
  bool drops_on_rebalance() override { return false; }
};

class DueListDropped final : public Bug {
  void look_over(const Request& request, Outcome& outcome, const Bucket& /*bucket*/) override {
    auto* const got = std::get_if<Got>(&outcome);
    if (got == nullptr || !got->bytes || checkpoint_path(request) == nullptr) return;
    Job job = *Job::restore(*got->bytes);
    while (!job.due().empty()) job.acknowledge(std::string(job.due().front().path));
    got->bytes = job.to_bytes();
  }
};

class CommitBeforeCheckpoint final : public Bug {
  bool answers_at_once(const Request& request) override {
    return checkpoint_path(request) != nullptr;
  }
};

// The group's offset is believed, and the state that belongs to it is not looked for.
class OffsetAlone final : public Bug {
  std::map<std::int32_t, std::int64_t> offsets_;

  void look_over(const Request& request, Outcome& outcome, const Bucket& /*bucket*/) override {
    if (auto* const answer = std::get_if<Answered>(&outcome); answer != nullptr && answer->commit) {
      offsets_[request.partition] = answer->commit->offset;
      answer->commit.reset();
    } else if (auto* const listed = std::get_if<Listed>(&outcome)) {
      listed->paths.clear();
    } else if (auto* const seen = std::get_if<Seen>(&outcome)) {
      if (offsets_.contains(request.partition)) seen->low = offsets_[request.partition];
    }
  }
};

class NewestCheckpoint final : public Bug {
  void look_over(const Request& request, Outcome& outcome, const Bucket& bucket) override {
    auto* const answer = std::get_if<Answered>(&outcome);
    if (answer == nullptr || !answer->commit) return;
    auto metadata = *CommitMetadata::parse(answer->commit->metadata);
    for (const std::string& path : bucket.list(state_folder_of(kTopic, request.partition))) {
      const std::string name(name_of(path));
      if (checkpoint_sequence(name) > checkpoint_sequence(metadata.checkpoint)) {
        metadata.checkpoint = name;
        answer->commit = {Job::restore(*bucket.get(path))->log()->next_offset, metadata.text()};
      }
    }
  }
};

class WatermarkNotRestored final : public Bug {
  void look_over(const Request& request, Outcome& outcome, const Bucket& /*bucket*/) override {
    auto* const got = std::get_if<Got>(&outcome);
    if (got == nullptr || !got->bytes || checkpoint_path(request) == nullptr) return;
    Job job = *Job::restore(*got->bytes);
    for (const auto& partition : job.partitions()) {
      Task& task = partition->task();
      Batch names;
      for (std::uint32_t i = 0; i < task.names().size(); ++i) {
        names.new_stations.emplace_back(task.names().at(i));
      }
      task = Task(task.settings());
      task.observe(names, "", 0);
    }
    got->bytes = job.to_bytes();
  }
};

class OldClientKept final : public Bug {
  bool replaces_client() override { return false; }
};

// Relative to the newest that was written, not to the committed one.
class CollectedTooEarly final : public Bug {
  void arrange(std::vector<Request>& requests, Bucket& bucket) override {
    for (const Request& request : requests) {
      if (!std::holds_alternative<PutFile>(request.what)) continue;
      const std::string* const path = checkpoint_path(request);
      if (path == nullptr) continue;
      for (const std::string& old : bucket.list(folder_of(*path))) {
        const auto sequence = checkpoint_sequence(name_of(old));
        if (sequence && *sequence < *checkpoint_sequence(name_of(*path))) bucket.remove(old);
      }
    }
  }
};

// What is due counts as published once it has been asked for.
class AcknowledgedTooEarly final : public Bug {
  bool answers_at_once(const Request& request) override {
    const auto* put = std::get_if<PutFile>(&request.what);
    return put != nullptr && !put->path.starts_with(kInternalFolder);
  }
};

// A process ends once all is committed, whether it is published or not.
class FinishedTooEarly final : public Bug {
  bool is_done(const Member& member, const Group& group) override {
    if (member.is_done() || member.owners().empty()) return member.is_done();
    return std::ranges::all_of(member.owners(), [&](const auto& each) {
      const auto& [partition, owner] = each;
      const auto commit = group.committed(partition);
      return owner.phase() == Owner::Phase::kDone ||
             (owner.phase() == Owner::Phase::kFinishing && commit &&
              CommitMetadata::parse(commit->metadata)->checkpoint ==
                  owner.job()->checkpoint_name());
    });
  }
};

// The hours of partitions that were not there at first are taken as closed.
class AddedPartitionsIgnored final : public Bug {
  std::int32_t first_ = 0;

  std::int32_t count_partitions(std::int32_t count) override {
    if (first_ == 0) first_ = count;
    return count;
  }
  void look_over(const Request& request, Outcome& outcome, const Bucket& bucket) override {
    const auto* const get = std::get_if<GetFile>(&request.what);
    const auto known = bucket.get(closed_hours_path(kTopic, 0));
    if (get == nullptr || !known) return;
    bool is_added = false;
    for (std::int32_t p = first_; p < first_ + 8; ++p) {
      is_added |= p != request.partition && get->path == closed_hours_path(kTopic, p);
    }
    if (!is_added) return;
    ClosedHours hours = *parse_closed_hours(*known);
    for (auto& [system, span] : hours.systems) span.closed_to = INT64_MAX;
    std::get<Got>(outcome).bytes = to_json(hours);
  }
};

}  // namespace

const std::vector<Planted<FleetConduct>>& planted_fleet_bugs() {
  static const std::vector<Planted<FleetConduct>> kBugs = {
      plant<FleetConduct, PublishBeforeCommit>("publish_before_commit"),
      plant<FleetConduct, NoEpochGuard>("no_epoch_guard"),
      plant<FleetConduct, DueListDropped>("due_list_dropped"),
      plant<FleetConduct, CommitBeforeCheckpoint>("commit_before_checkpoint"),
      plant<FleetConduct, OffsetAlone>("offset_alone"),
      plant<FleetConduct, NewestCheckpoint>("newest_checkpoint"),
      plant<FleetConduct, WatermarkNotRestored>("watermark_not_restored"),
      plant<FleetConduct, OldClientKept>("old_client_kept"),
      plant<FleetConduct, CollectedTooEarly>("collected_too_early"),
      plant<FleetConduct, AcknowledgedTooEarly>("acknowledged_too_early"),
      plant<FleetConduct, FinishedTooEarly>("finished_too_early"),
      plant<FleetConduct, AddedPartitionsIgnored>("added_partitions_ignored"),
  };
  return kBugs;
}

}  // namespace bikeflow::sim
