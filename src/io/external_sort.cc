#include "io/external_sort.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "base/check.h"
#include "base/size.h"

namespace bikeflow {
namespace {

constexpr std::size_t kGivenItems = 8192;  // at once, by next()
constexpr auto kItemBytes = static_cast<std::int64_t>(sizeof(SortItem));

constexpr int kDigitBits = 11;
constexpr std::size_t kDigits = std::size_t{1} << kDigitBits;

std::uint64_t distance(Seconds from, Seconds to) {
  return static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from);
}

// One pass of a stable radix sort, by the digit at `shift`.
void scatter(std::span<const SortItem> from, std::span<SortItem> to, Seconds least, int shift) {
  std::array<std::uint32_t, kDigits> next{};
  const auto digit = [&](const SortItem& item) {
    return distance(least, item.time) >> shift & (kDigits - 1);
  };
  for (const SortItem& item : from) ++next[digit(item)];
  std::uint32_t sum = 0;
  for (std::uint32_t& count : next) sum += std::exchange(count, sum);
  for (const SortItem& item : from) to[next[digit(item)]++] = item;
}

}  // namespace

std::int64_t sort_room_bytes(std::int64_t items) {
  const bool fits = 2 * items * kItemBytes <= static_cast<std::int64_t>(ExternalSort::kMemoryBytes);
  return fits ? 0 : items * kItemBytes;
}

Result<void> check_sort_room(std::int64_t items, const std::string& folder) {
  const std::int64_t needed = sort_room_bytes(items);
  if (needed == 0) return {};
  auto free = free_bytes(folder);
  if (!free) return std::unexpected(free.error());
  if (needed <= *free) return {};
  return fail(
      "no space left for sorting in {}: about {} needed, {} free; free space and run the same "
      "command again",
      folder, format_size(needed), format_size(*free));
}

ExternalSort::ExternalSort(TempFile file, std::size_t memory_bytes)
    : file_(std::move(file)),
      most_items_(memory_bytes / (2 * sizeof(SortItem))),
      block_items_(memory_bytes / (kFanIn * sizeof(SortItem))) {
  CHECK(most_items_ > 0 && block_items_ > 0);
  CHECK(most_items_ <= UINT32_MAX);  // scatter() counts so far
  items_.reserve(most_items_);
}

// A radix sort: the times of a run span few bits, and it is stable.
void ExternalSort::sort_items() {
  if (std::ranges::is_sorted(items_, {}, &SortItem::time)) return;
  const auto [least, most] = std::ranges::minmax(items_, {}, &SortItem::time);
  const Seconds from = least.time;
  const auto bits = static_cast<int>(std::bit_width(distance(from, most.time)));
  scratch_.resize(items_.size());
  for (int shift = 0; shift < bits; shift += kDigitBits) {
    scatter(items_, scratch_, from, shift);
    items_.swap(scratch_);
  }
}

Result<void> ExternalSort::spill() {
  sort_items();
  const std::int64_t begin = file_.size();
  if (auto done = file_.append(std::as_bytes(std::span(items_))); !done) return done;
  runs_.push_back({begin, file_.size()});
  size_ += static_cast<std::int64_t>(items_.size());
  items_.clear();
  return {};
}

Result<void> ExternalSort::finish() {
  if (runs_.empty()) {
    sort_items();
    size_ = static_cast<std::int64_t>(items_.size());
    is_in_memory_ = true;
    scratch_ = std::vector<SortItem>();
    return {};
  }
  if (!items_.empty()) {
    if (auto spilled = spill(); !spilled) return spilled;
  }
  // Their memory is the cursors' now.
  items_ = std::vector<SortItem>();
  scratch_ = std::vector<SortItem>();
  while (runs_.size() > kFanIn) {
    std::vector<Run> merged;
    for (std::size_t i = 0; i < runs_.size(); i += kFanIn) {
      const std::span<const Run> group =
          std::span(runs_).subspan(i, std::min(kFanIn, runs_.size() - i));
      if (auto done = merge_into_one(group, merged); !done) return done;
    }
    runs_ = std::move(merged);
  }
  return open_runs(runs_);
}

Result<void> ExternalSort::merge_into_one(std::span<const Run> runs, std::vector<Run>& merged) {
  if (runs.size() == 1) {
    merged.push_back(runs.front());
    return {};
  }
  const std::int64_t begin = file_.size();
  if (auto opened = open_runs(runs); !opened) return opened;
  std::vector<SortItem> out;
  do {
    out.clear();
    if (auto done = merge_some(out, kGivenItems); !done) return done;
    if (auto done = file_.append(std::as_bytes(std::span(out))); !done) return done;
  } while (!out.empty());
  merged.push_back({begin, file_.size()});
  for (const Run& run : runs) file_.forget(run.begin, run.end);
  return {};
}

Result<void> ExternalSort::open_runs(std::span<const Run> runs) {
  cursors_.clear();
  heap_.clear();
  cursors_.reserve(runs.size());
  for (const Run& run : runs) {
    cursors_.push_back({run, {}, 0});
    auto filled = fill(cursors_.back());
    if (!filled) return std::unexpected(filled.error());
    CHECK(*filled);
    heap_.push_back({cursors_.back().block.front().time, cursors_.size() - 1});
  }
  std::ranges::sort(heap_);  // a sorted array is a heap
  return {};
}

// False at the end of the run.
Result<bool> ExternalSort::fill(Cursor& cursor) {
  const std::int64_t items = std::min((cursor.left.end - cursor.left.begin) / kItemBytes,
                                      static_cast<std::int64_t>(block_items_));
  cursor.block.resize(static_cast<std::size_t>(items));
  cursor.at = 0;
  if (items == 0) return false;
  auto done = file_.read(cursor.left.begin, std::as_writable_bytes(std::span(cursor.block)));
  if (!done) return std::unexpected(done.error());
  cursor.left.begin += items * kItemBytes;
  return true;
}

void ExternalSort::sift_down() {
  std::size_t at = 0;
  for (;;) {
    std::size_t least = 2 * at + 1;
    if (least >= heap_.size()) return;
    if (least + 1 < heap_.size() && heap_[least + 1] < heap_[least]) ++least;
    if (heap_[at] < heap_[least]) return;
    std::swap(heap_[at], heap_[least]);
    at = least;
  }
}

// Appends up to `most` items to `out`; none after the last.
Result<void> ExternalSort::merge_some(std::vector<SortItem>& out, std::size_t most) {
  while (out.size() < most && !heap_.empty()) {
    Cursor& cursor = cursors_[heap_.front().cursor];
    // The first run may give all that is before the first item of the others.
    Head limit{INT64_MAX, 0};
    if (heap_.size() > 1) limit = heap_[1];
    if (heap_.size() > 2) limit = std::min(limit, heap_[2]);
    Head& head = heap_.front();
    do {
      out.push_back(cursor.block[cursor.at++]);
      if (cursor.at == cursor.block.size()) {
        auto filled = fill(cursor);
        if (!filled) return std::unexpected(filled.error());
        if (!*filled) break;
      }
      head.time = cursor.block[cursor.at].time;
    } while (head < limit && out.size() < most);
    if (cursor.block.empty()) {
      heap_.front() = heap_.back();
      heap_.pop_back();
    }
    sift_down();
  }
  return {};
}

Result<std::span<const SortItem>> ExternalSort::next() {
  if (is_in_memory_) {
    if (std::exchange(is_given_, true)) items_.clear();
    return std::span<const SortItem>(items_);
  }
  items_.clear();
  if (auto done = merge_some(items_, kGivenItems); !done) return std::unexpected(done.error());
  return std::span<const SortItem>(items_);
}

}  // namespace bikeflow
