#include "pipeline/partition.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/version.h"
#include "lake/metadata_keys.h"
#include "lake/row_hash.h"

namespace bikeflow {
namespace {

// Windows that a clock change maps to one local hour share a directory: the next of them starts no
// later than this after the one before.
constexpr Seconds kDirectoryReach = 2 * kHour;

}  // namespace

Partition::Partition(PartitionSettings settings)
    : settings_(std::move(settings)), task_(settings_.task) {}

KeyValues Partition::metadata_of(const ClosedWindow& closed, const std::string& row_hash) const {
  const WindowRule& rule = settings_.task.windows;
  const auto text = [](std::string_view s) { return std::string(s); };
  // Of one Kafka partition the offset alone says it; of a set of files, file/record.
  const auto offset = [&](const Position& p) {
    return settings_.task.is_recorded ? fmt::format("{}/{}", p.partition, p.offset)
                                      : fmt::format("{}", p.offset);
  };
  return {{text(metadata::kSource), settings_.source},
          {text(metadata::kPartition), fmt::format("{}", settings_.number)},
          {text(metadata::kSystem), settings_.system},
          {text(metadata::kWindowStart), format_utc(closed.window.start)},
          {text(metadata::kWindowEnd), format_utc(closed.window.end)},
          {text(metadata::kLength), format_duration(rule.length)},
          {text(metadata::kSlide), format_duration(rule.slide)},
          {text(metadata::kDelay), format_duration(settings_.task.delay)},
          {text(metadata::kMaxGap), format_duration(settings_.task.max_gap)},
          {text(metadata::kTimezone), settings_.zone.name()},
          {text(metadata::kLayout), text(layout_word(settings_.lake.layout))},
          {text(metadata::kPathTime), text(path_time_word(settings_.lake.path_time))},
          {text(metadata::kClosedBy), text(closed_by_word(closed.closed_by))},
          {text(metadata::kFirstOffset), offset(closed.from)},
          {text(metadata::kLastOffset), offset(closed.to)},
          {text(metadata::kRows), fmt::format("{}", closed.rows.size())},
          {text(metadata::kRowHash), row_hash},
          {text(metadata::kPreviousName), last_file_},
          {text(metadata::kPreviousRowHash), last_row_hash_},
          {text(metadata::kLakeId), settings_.lake_id},
          {text(metadata::kVersion), text(program_version())}};
}

std::vector<FileRequest> Partition::take_files() {
  std::vector<FileRequest> files;
  for (ClosedWindow& closed : task_.take_closed()) {
    const std::string row_hash = format_hex(hash_rows(closed.rows));
    FileRequest file{hourly_path(settings_.lake, settings_.zone, settings_.system, settings_.source,
                                 settings_.number, closed.window),
                     {},
                     metadata_of(closed, row_hash)};
    file.rows = std::move(closed.rows);
    last_file_ = file.path;
    last_row_hash_ = row_hash;
    std::string folder(folder_of(file.path));
    if (std::find(open_directories_.begin(), open_directories_.end(), folder) ==
        open_directories_.end()) {
      open_directories_.push_back(std::move(folder));
    }
    files.push_back(std::move(file));
  }
  return files;
}

std::vector<std::string> Partition::take_complete_directories() {
  if (open_directories_.empty()) return {};
  const Window next = task_.next_window();
  std::vector<std::string> to_come;
  for (Seconds after = 0; after <= kDirectoryReach; after += settings_.task.windows.slide) {
    const Window window{next.start + after, next.end + after};
    to_come.emplace_back(folder_of(hourly_path(settings_.lake, settings_.zone, settings_.system,
                                               settings_.source, settings_.number, window)));
  }
  std::vector<std::string> complete;
  std::erase_if(open_directories_, [&](const std::string& folder) {
    if (std::find(to_come.begin(), to_come.end(), folder) != to_come.end()) return false;
    complete.push_back(folder);
    return true;
  });
  return complete;
}

// Format: the task; the chain's end (two strings); the number of open directories and their paths.
void Partition::save(Writer& out) const {
  task_.save(out);
  out.string(last_file_);
  out.string(last_row_hash_);
  out.varint(open_directories_.size());
  for (const std::string& folder : open_directories_) out.string(folder);
}

Result<Partition> Partition::load(PartitionSettings settings, Reader& in) {
  Partition partition(std::move(settings));
  Result<Task> task = Task::load(partition.settings_.task, in);
  if (!task) return std::unexpected(task.error());
  partition.task_ = std::move(*task);
  partition.last_file_ = in.string();
  partition.last_row_hash_ = in.string();
  const std::uint64_t folders = in.varint();
  for (std::uint64_t i = 0; i < folders && in.ok(); ++i) {
    partition.open_directories_.emplace_back(in.string());
  }
  if (!in.ok() || (folders > 0 && !partition.task_.has_started())) {
    return fail("the saved state is damaged (files): it was not written by this program");
  }
  return partition;
}

}  // namespace bikeflow
