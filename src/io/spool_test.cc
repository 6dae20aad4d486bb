#include "io/spool.h"

#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "test/child.h"

namespace bikeflow {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::uint64_t kPlenty = std::uint64_t{1} << 30;

TopicRound round_of(int number, int records = 2) {
  TopicRound round{"seoul", 1000 + number, 1001 + number};
  for (int i = 0; i < records; ++i) {
    round.records.push_back({fmt::format("ST-{}", i), fmt::format("{}:{}", number, i)});
  }
  return round;
}

// 16 kB that do not get smaller.
TopicRound large_round(int number) {
  TopicRound round = round_of(number, 1);
  std::uint64_t state = static_cast<std::uint64_t>(number) + 1;
  for (int i = 0; i < 16'384; ++i) {
    state = state * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
    round.records[0].value += static_cast<char>(state >> 56);
  }
  return round;
}

std::unique_ptr<Spool> opened(const std::string& folder, std::uint64_t most_bytes = kPlenty) {
  auto spool = Spool::open(folder, most_bytes);
  EXPECT_TRUE(spool) << spool.error().message;
  return spool ? *std::move(spool) : nullptr;
}

// The observed_at of what is taken, until nothing waits, less 1000; -1 for each that is dropped.
std::vector<int> drained(Spool& spool) {
  std::vector<int> numbers;
  while (true) {
    auto first = spool.first();
    if (!first) {
      numbers.push_back(-1);
    } else if (!*first) {
      return numbers;
    } else {
      numbers.push_back(static_cast<int>((*first)->observed_at - 1000));
      EXPECT_TRUE(spool.finish_first());
    }
  }
}

std::string file_of(int number) { return fmt::format("{:016}.round", number); }

TEST(Spool, GivesRoundsInTheirOrderAlsoToTheNextProcess) {
  const TempFolder folder;
  const std::string path = folder / "some/spool";
  {
    auto spool = opened(path);
    for (int i = 0; i < 12; ++i) ASSERT_TRUE(spool->add(round_of(i)));
    for (int i = 0; i < 2; ++i) {
      for (int again = 0; again < 2; ++again) {
        auto first = spool->first();
        ASSERT_TRUE(first && *first);
        EXPECT_EQ(**first, round_of(i));
      }
      EXPECT_TRUE(spool->finish_first());
    }
    EXPECT_TRUE(spool->first());  // it was being sent when the process ended
  }
  auto spool = opened(path);
  EXPECT_EQ(spool->counts().waiting, 10);
  ASSERT_TRUE(spool->add(round_of(12)));
  EXPECT_EQ(drained(*spool), (std::vector<int>{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
  EXPECT_EQ(spool->counts().waiting_bytes, 0U);
  spool.reset();
  EXPECT_EQ(opened(path)->counts().waiting, 0);
}

TEST(Spool, ARoundThatACrashHasCutAtAnyByteIsDroppedAndSaid) {
  const TempFolder folder;
  opened(folder.path())->add(round_of(0)).value();
  opened(folder.path())->add(round_of(1)).value();
  const std::string path = folder / file_of(1);
  const std::string whole = read_file(path);
  ASSERT_GT(whole.size(), 40U);
  for (std::size_t size = 0; size <= whole.size() + 1; ++size) {
    std::string bytes = (whole + "x").substr(0, size);
    if (size > whole.size()) {
      bytes = whole;
      bytes[size / 2] ^= 1;  // as long, but not the same
    }
    std::ofstream(path, std::ios::binary) << bytes;
    auto spool = opened(folder.path());
    const bool is_whole = size == whole.size();
    EXPECT_EQ(spool->first().value()->observed_at, 1000);
    EXPECT_TRUE(spool->finish_first());
    auto second = spool->first();
    if (is_whole) {
      EXPECT_EQ(**second, round_of(1));
    } else {
      ASSERT_FALSE(second) << size;
      EXPECT_THAT(second.error().message, AllOf(HasSubstr(path), HasSubstr("not whole")));
      EXPECT_FALSE(std::filesystem::exists(path));
      EXPECT_EQ(spool->counts().waiting, 0);
    }
    spool.reset();
    std::filesystem::remove(path);
    opened(folder.path())->add(round_of(0)).value();
  }
}

TEST(Spool, WhatDoesNotFitMakesTheOldestGoThatIsNotBeingSent) {
  const TempFolder folder;
  auto spool = opened(folder.path(), 50'000);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(spool->add(large_round(i)));
  EXPECT_EQ(spool->counts().dropped, 0);
  ASSERT_TRUE(spool->first());
  for (int i = 3; i < 6; ++i) ASSERT_TRUE(spool->add(large_round(i)));
  EXPECT_EQ(spool->counts().dropped, 3);
  EXPECT_LE(spool->counts().waiting_bytes, 50'000U);
  spool.reset();
  spool = opened(folder.path(), 50'000);
  EXPECT_EQ(drained(*spool), (std::vector<int>{0, 4, 5})) << "gone from the disk, too";

  for (int i = 0; i < 3; ++i) ASSERT_TRUE(spool->add(large_round(i)));
  spool.reset();
  spool = opened(folder.path(), 1000);  // less than one
  EXPECT_EQ(spool->counts().dropped, 2);
  EXPECT_EQ(drained(*spool), std::vector<int>{2});
}

TEST(Spool, WhatTheDiskDoesNotTakeWaitsInMemoryInItsTurn) {
  const TempFolder folder;
  auto spool = opened(folder.path());
  ASSERT_TRUE(spool->add(round_of(0)));
  std::filesystem::create_directory(folder / file_of(1));
  auto added = spool->add(round_of(1));
  ASSERT_FALSE(added);
  EXPECT_THAT(added.error().message, HasSubstr(file_of(1)));
  ASSERT_TRUE(spool->add(round_of(2)));
  EXPECT_EQ(drained(*spool), (std::vector<int>{0, 1, 2}));
}

TEST(Spool, ASecondProcessIsRefused) {
  const TempFolder folder;
  const auto spool = opened(folder.path());
  const auto second = Spool::open(folder.path(), kPlenty);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("in use by process"));
}

TEST(Spool, RemembersOfEachFeedWhatWasKeptLast) {
  const TempFolder folder;
  auto spool = opened(folder.path());
  EXPECT_EQ(spool->recall("seoul"), std::nullopt);
  ASSERT_TRUE(spool->remember("seoul", "one"));
  ASSERT_TRUE(spool->remember("seoul", "two"));
  ASSERT_TRUE(spool->remember("oslo", ""));
  spool.reset();
  spool = opened(folder.path());
  EXPECT_EQ(spool->recall("seoul"), "two");
  EXPECT_EQ(spool->recall("oslo"), "");
  EXPECT_EQ(spool->counts().waiting, 0);
  std::filesystem::resize_file(folder / "seoul.feed", 20);
  EXPECT_EQ(spool->recall("seoul"), std::nullopt);
}

}  // namespace
}  // namespace bikeflow
