#include "io/external_sort.h"

#include <sys/syscall.h>

#include <algorithm>
#include <random>

#include <gmock/gmock.h>

#include "test/child.h"

namespace bikeflow {
namespace {

using ::testing::AnyOf;
using ::testing::StartsWith;

// So little that runs hold some thousand items and blocks a few: what counts is their number.
constexpr std::size_t kSmallMemory = ExternalSort::kFanIn * sizeof(SortItem) * 4;
constexpr std::size_t kRunItems = kSmallMemory / (2 * sizeof(SortItem));

bool same(const SortItem& a, const SortItem& b) {
  return a.time == b.time && a.place == b.place && a.station == b.station && a.counts == b.counts;
}

// Empty, or what went wrong.
std::string sort_and_compare(std::vector<SortItem> items, std::size_t memory_bytes) {
  const TempFolder folder;
  ExternalSort sort(*TempFile::create(folder.path()), memory_bytes);
  for (const SortItem& item : items) {
    if (auto added = sort.add(item); !added) return added.error().message;
  }
  if (auto done = sort.finish(); !done) return done.error().message;
  if (sort.size() != static_cast<std::int64_t>(items.size())) return "wrong size";
  std::ranges::stable_sort(items, {}, &SortItem::time);
  auto expected = items.begin();
  while (true) {
    auto given = sort.next();
    if (!given) return given.error().message;
    if (given->empty()) break;
    if (static_cast<std::ptrdiff_t>(given->size()) > items.end() - expected) return "too many";
    if (!std::ranges::equal(*given, std::span(expected, given->size()), same)) return "wrong order";
    expected += static_cast<std::ptrdiff_t>(given->size());
  }
  return expected == items.end() ? "" : "too few";
}

template <class TimeOf>
std::vector<SortItem> make_items(std::size_t count, TimeOf time_of) {
  std::vector<SortItem> items;
  for (std::uint64_t i = 0; i < count; ++i) {
    items.push_back({static_cast<Seconds>(time_of(i)),
                     i << 40 | i,
                     static_cast<StationIndex>(i * 7),
                     {static_cast<std::int16_t>(i % 100), static_cast<std::int16_t>(i % 50)}});
  }
  return items;
}

TEST(ExternalSort, SortsWhatFitsIntoMemoryAndWhatDoesNot) {
  std::mt19937_64 random(1);
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{2}, kRunItems - 1,
                                  kRunItems, kRunItems + 1, 2 * kRunItems, 20 * kRunItems + 3}) {
    // Few different times: the order of arrival decides often.
    EXPECT_EQ(
        sort_and_compare(make_items(count, [&](auto) { return random() % 50; }), kSmallMemory), "")
        << count;
    EXPECT_EQ(
        sort_and_compare(
            make_items(count, [&](auto) { return static_cast<Seconds>(random() % kLatestTime); }),
            kSmallMemory),
        "")
        << count;
  }
}

TEST(ExternalSort, SortsNegativeTimesAndTheExtremes) {
  EXPECT_EQ(
      sort_and_compare(make_items(1000, [](auto i) { return i % 2 == 0 ? INT64_MIN : INT64_MAX; }),
                       kSmallMemory),
      "");
}

TEST(ExternalSort, MergesInSeveralRoundsWhereThereAreManyRuns) {
  // The smallest memory that is allowed: runs of 128 items, blocks of one.
  const std::size_t memory = ExternalSort::kFanIn * sizeof(SortItem);
  std::mt19937_64 random(2);
  const std::size_t count = 128 * (3 * ExternalSort::kFanIn + 5);
  EXPECT_EQ(sort_and_compare(make_items(count, [&](auto) { return random() % 5000; }), memory), "");
}

TEST(ExternalSort, AnExportInTheOrderOfItsStationsIsPutInTheOrderOfTime) {
  const std::size_t polls = 500;
  EXPECT_EQ(
      sort_and_compare(
          make_items(100 * polls, [&](auto i) { return static_cast<Seconds>(i % polls) * 60; }),
          kSmallMemory),
      "");
}

TEST(ExternalSort, AFailedWriteOrReadIsAnError) {
  const auto play = [&](long call, int error) {
    return in_child([&] {
      const TempFolder folder;
      ExternalSort sort(*TempFile::create(folder.path()), kSmallMemory);
      std::vector<SortItem> items = make_items(3 * kRunItems, [](auto i) { return i; });
      fail_system_call(call, error, 2, call == SYS_write ? 0x1000 : 0x20);
      for (const SortItem& item : items) {
        if (auto added = sort.add(item); !added) return added.error().message;
      }
      if (auto done = sort.finish(); !done) return done.error().message;
      auto given = sort.next();
      return given ? "given" : given.error().message;
    });
  };
  EXPECT_THAT(play(SYS_write, ENOSPC), StartsWith("no space left for a temporary file in "));
  EXPECT_THAT(play(SYS_pread64, EIO), StartsWith("a temporary file in "));
}

TEST(CheckSortRoom, NeedsNoneForWhatFitsAndRefusesWhatTheDiskHasNoRoomFor) {
  EXPECT_EQ(sort_room_bytes(1'000'000), 0);
  EXPECT_EQ(sort_room_bytes(15'666'628), 15'666'628 * 24);
  const TempFolder folder;
  EXPECT_TRUE(check_sort_room(2'000'000, folder.path()));
  const std::string said = on_small_disk(folder.path(), "10m", [&] {
    if (!check_sort_room(1'000'000, folder.path())) return std::string("needs none");
    const auto room = check_sort_room(2'000'000, folder.path());
    return room ? "room" : room.error().message;
  });
  EXPECT_THAT(said, AnyOf("no space left for sorting in " + folder.path() +
                              ": about 48.0 MB needed, 10.5 MB free; free space and run the same "
                              "command again",
                          kNoMounts));
}

}  // namespace
}  // namespace bikeflow
