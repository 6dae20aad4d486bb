// A task with its place in the lake: names the files of closed windows, chains each to the one
// before it, and knows when an hour's directory is complete.
//
// Threads: none; one owner at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/zone.h"
#include "lake/parquet.h"
#include "lake/paths.h"
#include "pipeline/task.h"

namespace bikeflow {

// What makes the names and the metadata of a partition's files.
struct PartitionSettings {
  std::string source;  // "backfill", or the feed, or the topic
  std::int32_t number = 0;
  std::string system;
  Zone zone;
  TaskSettings task;
  LakeRule lake;        // layout and path_time
  std::string lake_id;  // of _bikeflow/lake.json
};

// A file of rows that is still to be encoded. That costs more than all that came before it, and may
// be done on any thread: encode_hourly(rows, metadata) gives what is to be published.
struct FileRequest {
  std::string path;
  std::vector<HourlyRow> rows;
  KeyValues metadata;
};

class Partition {
 public:
  explicit Partition(PartitionSettings settings);

  [[nodiscard]] Task& task() { return task_; }
  [[nodiscard]] const Task& task() const { return task_; }
  [[nodiscard]] const PartitionSettings& settings() const { return settings_; }

  // The files of the windows that closed since the last call, in the order of time.
  std::vector<FileRequest> take_files();

  // The directories whose every window is closed and that got a file since they were last complete.
  // Their _SUCCESS is due once all their files are in the lake.
  std::vector<std::string> take_complete_directories();

  // The end of the chain: the newest file's path and row hash; empty before the first.
  [[nodiscard]] const std::string& last_file() const { return last_file_; }
  [[nodiscard]] const std::string& last_row_hash() const { return last_row_hash_; }

  // Requires: everything was taken.
  void save(Writer& out) const;
  static Result<Partition> load(PartitionSettings settings, Reader& in);

 private:
  [[nodiscard]] KeyValues metadata_of(const ClosedWindow& closed,
                                      const std::string& row_hash) const;

  PartitionSettings settings_;
  Task task_;
  std::string last_file_;
  std::string last_row_hash_;
  std::vector<std::string> open_directories_;  // have a file, and a window that is still to close
};

}  // namespace bikeflow
