#include "pipeline/task.h"

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

constexpr Seconds kT = 1'700'000'000 / 3600 * 3600;  // an hour's start
constexpr Seconds kNow = kT + 365 * kDay;

class TaskTest : public ::testing::Test {
 protected:
  void see(std::string_view station, Seconds at, int bikes, int racks = 10) {
    Batch batch;
    const bool is_new = task_.names().find(station) == Names::kNone;
    const StationIndex index = is_new ? task_.names().size() : task_.names().find(station);
    if (is_new) batch.new_stations.emplace_back(station);
    batch.first = {0, offset_++};
    batch.records.push_back({kT + at,
                             {static_cast<std::int16_t>(bikes), static_cast<std::int16_t>(racks)},
                             index,
                             0,
                             0,
                             0});
    task_.observe(batch, "test", kNow);
    for (ClosedWindow& closed : task_.take_closed()) {
      for (HourlyRow& row : closed.rows) rows_.push_back(std::move(row));
    }
  }
  void end() {
    task_.end_input(kNow, true);
    for (ClosedWindow& closed : task_.take_closed()) {
      for (HourlyRow& row : closed.rows) rows_.push_back(std::move(row));
    }
  }
  Task task_{TaskSettings{}};
  std::int64_t offset_ = 0;
  std::vector<HourlyRow> rows_;
};

TEST_F(TaskTest, AnHourOfAStation) {
  see("A", 0, 5);
  see("A", 60, 3);
  see("A", 120, 0);
  see("A", 300, 10);
  see("A", 600, 4);
  end();
  ASSERT_EQ(rows_.size(), 1u);
  const HourlyRow expected{.window = {kT, kT + kHour},
                           .station_id = "A",
                           .total_rental = 2 + 3 + 6,
                           .total_return = 10,
                           .unobserved_change = 0,
                           .bikes_open = 5,
                           .bikes_close = 4,
                           .bikes_min = 0,
                           .bikes_max = 10,
                           .observed_seconds = 1200,
                           .empty_seconds = 180,
                           .full_seconds = 300,
                           .largest_rental = 6,
                           .largest_return = 10};
  EXPECT_EQ(rows_[0], expected);
}

TEST_F(TaskTest, AGapMakesNoMovementAndIsKeptApart) {
  see("A", 0, 5);
  see("A", 601, 2);
  see("A", 1201, 3);  // exactly max_gap later: no gap
  end();
  ASSERT_EQ(rows_.size(), 1u);
  EXPECT_EQ(rows_[0].total_rental, 0);
  EXPECT_EQ(rows_[0].unobserved_change, -3);
  EXPECT_EQ(rows_[0].total_return, 1);
  EXPECT_EQ(rows_[0].observed_seconds, 1800);
}

TEST_F(TaskTest, CoverageAndCountsCarryOverTheHour) {
  see("A", 3500, 0);
  see("A", 3700, 2);
  end();
  ASSERT_EQ(rows_.size(), 2u);
  EXPECT_EQ(rows_[0].observed_seconds, 100);
  EXPECT_EQ(rows_[0].empty_seconds, 100);
  EXPECT_EQ(rows_[1].empty_seconds, 100);
  EXPECT_EQ(rows_[1].observed_seconds, 700);
  EXPECT_EQ(rows_[1].bikes_open, 0);
  EXPECT_EQ(rows_[1].bikes_min, 0);
  EXPECT_EQ(rows_[1].total_return, 2);
}

TEST_F(TaskTest, AnHourWithoutAnObservationHasNoRow) {
  see("A", 3599, 4);
  see("B", 3599, 4);
  see("B", 3700, 4);
  see("A", 7300, 3);
  end();
  std::vector<std::pair<Seconds, std::string>> keys;
  for (const HourlyRow& row : rows_) keys.emplace_back(row.window.start - kT, row.station_id);
  EXPECT_EQ(keys, (std::vector<std::pair<Seconds, std::string>>{
                      {0, "A"}, {0, "B"}, {3600, "B"}, {7200, "A"}}));
  EXPECT_EQ(rows_[3].unobserved_change, -1);
  EXPECT_EQ(rows_[3].bikes_open, 4);
}

TEST_F(TaskTest, AWindowClosesWhenTheWatermarkReachesItsEnd) {
  see("A", 10, 4);
  see("A", 3600 + 599, 4);
  EXPECT_TRUE(rows_.empty());
  see("A", 3600 + 600, 4);
  EXPECT_EQ(rows_.size(), 1u);
}

TEST_F(TaskTest, LateIsBeforeTheWatermark) {
  see("A", 1000, 4);
  see("A", 400, 4);
  see("A", 399, 4);
  EXPECT_EQ(task_.counters().late, 1);
  const auto late = task_.take_late();
  ASSERT_EQ(late.size(), 1u);
  EXPECT_EQ(late[0].observed_at, kT + 399);
  EXPECT_EQ(late[0].watermark, kT + 400);
  EXPECT_EQ(late[0].position, (Position{0, 2}));
}

TEST_F(TaskTest, TheFutureIsADeadLetterAndMovesNothing) {
  see("A", 0, 4);
  see("A", kNow - kT + 301, 4);
  EXPECT_EQ(task_.watermark().latest(), kT);
  const auto refused = task_.take_refused();
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].refusal.reason, Reason::kFuture);
  EXPECT_EQ(refused[0].record, R"({"station_id":"A","observed_at":)" + std::to_string(kNow + 301) +
                                   R"(,"bikes":4,"racks":10})");
}

TEST_F(TaskTest, ClosingByTheClockGoesNoFurther) {
  see("A", 0, 4);
  task_.close_up_to(kT + kHour, ClosedBy::kIdle);
  EXPECT_EQ(task_.watermark().value(), kT + kHour);
  const auto closed = task_.take_closed();
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_EQ(closed[0].closed_by, ClosedBy::kIdle);
  see("A", 3599, 5);
  EXPECT_EQ(task_.counters().late, 1);
  see("A", 3600, 5);
  end();
  ASSERT_EQ(rows_.size(), 1u);
  EXPECT_EQ(rows_[0].unobserved_change, 1);
}

class RecordedTaskTest : public TaskTest {
 protected:
  RecordedTaskTest() { task_ = Task(TaskSettings{.is_recorded = true}); }
};

TEST_F(RecordedTaskTest, OneRecordThatJumpsAheadClosesNothing) {
  see("A", 0, 4);
  see("B", 0, 4);
  see("A", 100 * kDay, 9);
  see("A", 60, 3);
  see("A", 101 * kDay, 9);  // the same station does not confirm itself
  end();
  EXPECT_EQ(task_.counters().late, 0);
  ASSERT_EQ(rows_.size(), 2u);
  const auto refused = task_.take_refused();
  ASSERT_EQ(refused.size(), 2u);
  EXPECT_EQ(refused[0].refusal.reason, Reason::kTimeJump);
  EXPECT_EQ(refused[1].position, (Position{0, 4}));
}

TEST_F(RecordedTaskTest, AnotherStationConfirmsTheJump) {
  see("A", 0, 4);
  see("B", 0, 4);
  see("A", 3 * kDay, 3);
  see("B", 3 * kDay, 4);
  end();
  ASSERT_EQ(rows_.size(), 4u);
  EXPECT_EQ(rows_[2].unobserved_change, -1);
  EXPECT_TRUE(task_.take_refused().empty());
}

TEST_F(RecordedTaskTest, DataThatCatchesUpConfirmsTheJump) {
  see("A", 0, 4);
  see("B", 0, 4);
  see("A", kDay + 100, 3);
  see("B", kDay / 2, 4);
  EXPECT_EQ(task_.held(), 1u);
  see("B", kDay - 500, 4);  // within the delay of the held one
  EXPECT_EQ(task_.held(), 0u);
  EXPECT_EQ(task_.watermark().latest(), kT + kDay + 100);
}

TEST_F(RecordedTaskTest, OneStationAloneIsASystemToo) {
  see("A", 0, 4);
  see("A", 60, 3);
  see("A", 3 * kDay, 3);
  see("A", 3 * kDay + 60, 2);
  end();
  ASSERT_EQ(rows_.size(), 2u);
  EXPECT_EQ(rows_[1].total_rental, 1);
}

TEST_F(RecordedTaskTest, OneRecordAloneIsAnInputToo) {
  see("A", 0, 4);
  end();
  ASSERT_EQ(rows_.size(), 1u);
}

TEST(TaskLoad, RefusesWhatIsNotAState) {
  Reader in("\x01\x02\x03");
  EXPECT_FALSE(Task::load(TaskSettings{}, in).has_value());
}

}  // namespace
}  // namespace bikeflow
