#include "pipeline/run_numbers.h"

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

constexpr Seconds kTen = 1'723'370'400;  // 2024-08-11T10:00:00Z

class RunNumbersTest : public ::testing::Test {
 protected:
  static PartitionSettings settings() {
    return {.source = "test",
            .number = 3,
            .system = "s",
            .zone = Zone::load("UTC").value(),
            .task = {},
            .lake = {},
            .lake_id = "lake"};
  }
  void see(Seconds at, std::int16_t bikes) {
    Batch batch;
    if (task().names().size() == 0) batch.new_stations.emplace_back("a");
    batch.records.push_back({.observed_at = at, .counts = {bikes, 9}, .offset = offset_++});
    task().observe(batch, "test", at);
  }
  Task& task() { return partition_.task(); }
  [[nodiscard]] PartNumbers numbers() const { return part_numbers(partition_); }
  void save_and_load() {
    task().take_late();
    partition_.take_files();
    Writer out;
    partition_.save(out);
    const std::string bytes = out.take();
    Reader in(bytes);
    partition_ = Partition::load(settings(), in).value();
  }

  Partition partition_{settings()};
  std::uint32_t offset_ = 0;
};

TEST_F(RunNumbersTest, WindowsAreOpenFromTheNextToTheOneOfTheNewest) {
  EXPECT_EQ(numbers().open_windows, 0);
  see(kTen, 5);
  // The watermark is ten minutes behind, so the hour before is open too.
  EXPECT_EQ(numbers().open_windows, 2);
  see(kTen + 600, 5);
  EXPECT_EQ(numbers().open_windows, 1);
  see(kTen + 3600, 4);
  EXPECT_EQ(numbers().open_windows, 2);
  EXPECT_EQ(numbers().watermark, kTen + 3000);
  EXPECT_EQ(numbers().newest_at, kTen + 3600);
  EXPECT_EQ(numbers().system, "s");
  EXPECT_EQ(numbers().partition, 3);
}

TEST_F(RunNumbersTest, WhatWasCountedBeforeItsStateWasLoadedIsNotCounted) {
  see(kTen, 5);
  see(kTen + 60, 5);
  see(kTen + 60, 5);
  see(kTen + 900, 5);
  see(kTen, 5);
  task().catch_up();
  EXPECT_EQ(numbers().counters.records, 5);
  EXPECT_EQ(numbers().counters.duplicates, 1);
  EXPECT_EQ(numbers().counters.late, 1);
  save_and_load();
  EXPECT_EQ(numbers().counters, TaskCounters{});
  EXPECT_EQ(numbers().gaps, 0);
  see(kTen + 960, 4);
  EXPECT_EQ(numbers().counters.records, 1);
  EXPECT_EQ(numbers().counters.duplicates, 0);
  EXPECT_EQ(task().counters().records, 6);
}

TEST_F(RunNumbersTest, AGapIsCountedWhenItsEndIsApplied) {
  see(kTen, 5);
  see(kTen + 601, 4);   // longer than ten minutes
  see(kTen + 1201, 3);  // not longer
  see(kTen + 3600, 3);
  task().catch_up();
  EXPECT_EQ(numbers().gaps, 1);
  see(kTen + 7200, 3);
  task().catch_up();
  EXPECT_EQ(numbers().gaps, 2);
}

RunNumbers of(std::int64_t records, std::int64_t future) {
  RunNumbers numbers;
  PartNumbers part{.system = "s", .partition = 1};
  part.counters.records = records;
  part.gaps = records / 10;
  part.watermark = kTen;
  numbers.parts.push_back(part);
  JobNumbers job{.source = "topic", .partition = 1};
  job.dead_letters[static_cast<std::size_t>(Reason::kFuture)] = future;
  job.checkpoints.done(30, kTen);
  numbers.jobs.push_back(job);
  return numbers;
}

TEST(RunTotals, NeverFallWhenAPartitionBeginsAgain) {
  RunTotals totals;
  totals.follow(of(100, 2));
  totals.follow(of(150, 2));
  EXPECT_EQ(totals.numbers().parts.at(0).counters.records, 150);
  totals.follow(of(20, 1));  // read again from its last checkpoint
  totals.follow(of(30, 4));
  const RunNumbers numbers = totals.numbers();
  EXPECT_EQ(numbers.parts.at(0).counters.records, 180);
  EXPECT_EQ(numbers.parts.at(0).gaps, 15 + 3);
  EXPECT_EQ(numbers.jobs.at(0).dead_letters.at(static_cast<std::size_t>(Reason::kFuture)), 6);
  EXPECT_EQ(numbers.jobs.at(0).checkpoints.count, 1);
}

TEST(RunTotals, AFeedThatCouldNotBeStoredGoesOnCounting) {
  RunTotals totals;
  const auto told = [&](std::int64_t polls, std::int64_t failures) {
    RunNumbers numbers;
    numbers.feeds.push_back({.system = "s", .polls = polls, .failures = failures});
    numbers.feeds.back().failures_in_a_row = failures;
    totals.follow(numbers);
    return totals.numbers().feeds.at(0);
  };
  told(10, 1);
  told(0, 0);  // dropped
  const FeedNumbers feed = told(3, 2);
  EXPECT_EQ(feed.polls, 13);
  EXPECT_EQ(feed.failures, 3);
  EXPECT_EQ(feed.failures_in_a_row, 2);
}

TEST(RunTotals, WhatIsReadElsewhereKeepsItsCountsAlone) {
  RunTotals totals;
  totals.follow(of(100, 2));
  totals.follow({});
  RunNumbers numbers = totals.numbers();
  ASSERT_EQ(numbers.parts.size(), 1U);
  EXPECT_FALSE(numbers.parts[0].is_here);
  EXPECT_FALSE(numbers.jobs.at(0).is_here);
  EXPECT_EQ(numbers.parts[0].counters.records, 100);
  totals.follow(of(5, 0));
  numbers = totals.numbers();
  EXPECT_TRUE(numbers.parts.at(0).is_here);
  EXPECT_EQ(numbers.parts[0].counters.records, 105);
}

}  // namespace
}  // namespace bikeflow
