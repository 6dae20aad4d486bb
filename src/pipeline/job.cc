#include "pipeline/job.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include "base/check.h"

namespace bikeflow {
namespace {

// Consecutive rows of one group as a span, for each group. Requires: sorted by the group.
template <class Row, class SameGroup, class Use>
Result<void> for_each_group(const std::vector<Row>& rows, SameGroup&& same, Use&& use) {
  for (std::size_t begin = 0; begin < rows.size();) {
    std::size_t end = begin + 1;
    while (end < rows.size() && same(rows[begin], rows[end])) ++end;
    Result<void> used = use(std::span(rows).subspan(begin, end - begin));
    if (!used) return used;
    begin = end;
  }
  return {};
}

Seconds day_of(Seconds t) { return t / kDay; }

}  // namespace

Partition* Job::find(std::string_view system) {
  for (const auto& partition : partitions_) {
    if (partition->settings().system == system) return partition.get();
  }
  return nullptr;
}

Partition& Job::add(const std::string& system, const Zone& zone, const TaskSettings& task) {
  CHECK(find(system) == nullptr);
  partitions_.push_back(std::make_unique<Partition>(PartitionSettings{
      settings_.source, settings_.number, system, zone, task, settings_.lake, settings_.lake_id}));
  return *partitions_.back();
}

void Job::add_dead_letters(std::vector<DeadLetter> letters) {
  for (const DeadLetter& letter : letters) {
    ++dead_letter_counts_.at(static_cast<std::size_t>(letter.refusal.reason));
    waiting_bytes_ += letter.record.size();
  }
  std::ranges::move(letters, std::back_inserter(dead_letters_));
}

void Job::add_due(DueFile file) {
  due_bytes_ += file.bytes.size();
  due_.push_back(std::move(file));
}

void Job::skip_to_sequence(std::uint64_t sequence) {
  CHECK(sequence >= sequence_);
  sequence_ = sequence;
}

void Job::acknowledge(std::string_view path) {
  std::erase_if(due_, [&](const DueFile& file) {
    if (file.path != path) return false;
    due_bytes_ -= file.bytes.size();
    return true;
  });
}

std::size_t Job::waiting() const {
  std::size_t waiting = dead_letters_.size();
  for (const auto& [system, rows] : late_) waiting += rows.size();
  for (const auto& partition : partitions_) waiting += partition->task().waiting_to_be_taken();
  return waiting;
}

// Takes late rows and dead letters from the tasks.
void Job::collect() {
  for (const auto& partition : partitions_) {
    CHECK(partition->take_files().empty());
    std::vector<DeadLetter> refused = partition->task().take_refused();
    std::vector<LateRow> late = partition->task().take_late();
    // Of recorded inputs the position says which one it was, also where several are sorted
    // together.
    const auto name = [&](std::string& source, const Position& p) {
      if (static_cast<std::size_t>(p.partition) < inputs_.size())
        source = inputs_[static_cast<std::size_t>(p.partition)].name;
    };
    for (DeadLetter& letter : refused) name(letter.source, letter.position);
    for (LateRow& row : late) name(row.source, row.position);
    add_dead_letters(std::move(refused));
    if (late.empty()) continue;
    std::vector<LateRow>& waiting = late_[partition->settings().system];
    std::ranges::move(late, std::back_inserter(waiting));
  }
}

// One file for each directory; likewise below.
Result<void> Job::publish_late(const Partition& partition, std::vector<LateRow> late) {
  const PartitionSettings& s = partition.settings();
  const auto day = [&](const LateRow& row) {
    return day_of(row.watermark + s.zone.offset_at(row.watermark));
  };
  std::sort(late.begin(), late.end(), [&](const LateRow& a, const LateRow& b) {
    return std::tuple(day(a), a.position) < std::tuple(day(b), b.position);
  });
  const auto put = [&](std::span<const LateRow> rows) -> Result<void> {
    Result<std::string> bytes = encode_late(rows, {});
    if (!bytes) return std::unexpected(bytes.error());
    add_due({late_path(s.lake, s.zone, s.system, s.source, rows.front().watermark,
                       rows.front().position),
             std::move(*bytes)});
    return {};
  };
  return for_each_group(
      late, [&](const LateRow& a, const LateRow& b) { return day(a) == day(b); }, put);
}

Result<void> Job::publish_dead_letters() {
  std::sort(dead_letters_.begin(), dead_letters_.end(),
            [&](const DeadLetter& a, const DeadLetter& b) {
              return std::tuple(day_of(a.received_at), a.position) <
                     std::tuple(day_of(b.received_at), b.position);
            });
  const auto put = [&](std::span<const DeadLetter> letters) -> Result<void> {
    Result<std::string> bytes = encode_dead_letters(letters, {});
    if (!bytes) return std::unexpected(bytes.error());
    add_due({dead_letter_path(settings_.lake, settings_.source, letters.front().received_at,
                              letters.front().position),
             std::move(*bytes)});
    return {};
  };
  Result<void> done = for_each_group(
      dead_letters_,
      [](const DeadLetter& a, const DeadLetter& b) {
        return day_of(a.received_at) == day_of(b.received_at);
      },
      put);
  dead_letters_.clear();
  waiting_bytes_ = 0;
  return done;
}

Result<std::string> Job::checkpoint(std::string name, Waiting waiting) {
  collect();
  if (waiting == Waiting::kPublish) {
    for (auto& [system, late] : std::exchange(late_, {})) {
      if (auto done = publish_late(*find(system), std::move(late)); !done) {
        return std::unexpected(done.error());
      }
    }
    if (auto done = publish_dead_letters(); !done) return std::unexpected(done.error());
  }
  ++sequence_;
  predecessor_ = std::exchange(checkpoint_name_, std::move(name));
  for (DueFile& file : due_) {
    if (file.since != 0) continue;
    file.since = sequence_;
    ++files_;
  }
  std::string bytes = to_bytes();
  checkpoint_bytes_ = bytes.size();
  return bytes;
}

Result<std::vector<Effect>> Job::commit(std::string name, Waiting waiting) {
  CHECK(markers_.empty());
  for (const auto& partition : partitions_) {
    for (const std::string& folder : partition->take_complete_directories()) {
      markers_.push_back({folder + "/" + std::string(kSuccessName), ""});
    }
  }
  Result<std::string> bytes = checkpoint(std::move(name), waiting);
  if (!bytes) return std::unexpected(bytes.error());
  std::vector<Effect> effects;
  effects.emplace_back(WriteCheckpoint{checkpoint_name_, *std::move(bytes)});
  effects.emplace_back(SetCurrent{checkpoint_name_});
  std::ranges::move(publish_due(), std::back_inserter(effects));
  effects.emplace_back(RemoveOldCheckpoints{});
  return effects;
}

std::vector<Effect> Job::publish_due() const {
  std::vector<Effect> effects;
  for (const std::vector<DueFile>* files : {&due_, &markers_}) {
    if (files->empty()) continue;
    PutFiles put;
    for (const DueFile& file : *files) put.files.push_back(&file);
    effects.emplace_back(std::move(put));
  }
  return effects;
}

void Job::published() {
  due_.clear();
  markers_.clear();
  due_bytes_ = 0;
}

}  // namespace bikeflow
