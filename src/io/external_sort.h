// Sorts more observations than fit into memory, by time; those of one time keep the order in which
// they came.
//
// Runs of what fits are sorted in memory and appended to one temporary file, then merged. A run is
// an array of SortItem as this machine lays it out: the file never leaves the process.
//
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/temp_file.h"
#include "model/batch.h"

namespace bikeflow {

struct SortItem {
  Seconds time = 0;
  std::uint64_t place = 0;  // whatever the caller wants to find again
  StationIndex station = 0;
  Counts counts;
};
static_assert(sizeof(SortItem) == 24);

class ExternalSort {
 public:
  static constexpr std::size_t kMemoryBytes = std::size_t{48} << 20;
  static constexpr std::size_t kFanIn = 256;  // so many runs are merged at once

  // Requires: memory for two items and for kFanIn blocks of one.
  explicit ExternalSort(TempFile file, std::size_t memory_bytes = kMemoryBytes);

  Result<void> add(const SortItem& item) {
    if (items_.size() == most_items_) [[unlikely]] {
      if (auto spilled = spill(); !spilled) return spilled;
    }
    items_.push_back(item);
    return {};
  }

  // After the last add().
  Result<void> finish();

  // After finish(): the next items in order; empty after the last. The view is good until the next
  // call.
  Result<std::span<const SortItem>> next();

  [[nodiscard]] std::int64_t size() const { return size_; }  // items, after finish()

 private:
  struct Run {
    std::int64_t begin = 0, end = 0;  // bytes of the file
  };
  // A run being read.
  struct Cursor {
    Run left;  // not yet in the block
    std::vector<SortItem> block;
    std::size_t at = 0;
  };
  // The order of the next items of the cursors: by time, then by run.
  struct Head {
    Seconds time;
    std::size_t cursor;
    friend auto operator<=>(const Head&, const Head&) = default;
  };

  void sort_items();
  Result<void> spill();
  Result<void> open_runs(std::span<const Run> runs);
  Result<bool> fill(Cursor& cursor);
  Result<void> merge_some(std::vector<SortItem>& out, std::size_t most);
  Result<void> merge_into_one(std::span<const Run> runs, std::vector<Run>& merged);
  void sift_down();

  TempFile file_;
  std::size_t most_items_;
  std::size_t block_items_;
  std::vector<SortItem> items_;  // of the run in the making; after finish() what next() gives
  std::vector<SortItem> scratch_;
  std::vector<Run> runs_;  // in the order of arrival
  std::vector<Cursor> cursors_;
  std::vector<Head> heap_;  // smallest first
  std::int64_t size_ = 0;
  bool is_in_memory_ = false;  // everything fitted into items_
  bool is_given_ = false;      // and was given
};

// The room on disk that so many items take; 0 where they fit into memory.
std::int64_t sort_room_bytes(std::int64_t items);
// An Error where `folder` has less than that, which says how much is needed and how much is free.
Result<void> check_sort_room(std::int64_t items, const std::string& folder);

}  // namespace bikeflow
