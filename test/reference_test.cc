// The judge is judged first: cases worked out by hand from the page "What the
// numbers mean".
#include "test/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bikeflow::reference {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Seconds kStart = 1'723'381'200;  // 2024-08-11T13:00:00Z

// Observations of one station, as {seconds after kStart, bikes, racks}.
struct Seen {
  Seconds at;
  int bikes;
  int racks = Counts::kNoRacks;
  std::uint32_t station = 0;
};

Input input_of(const std::vector<Seen>& seen) {
  Input input{.stations = {"ST-4", "ST-5", "ST-6"}, .arrivals = {}, .clock = {}, .closes = {}};
  for (const Seen& one : seen) {
    Arrival arrival;
    arrival.observed_at = kStart + one.at;
    arrival.position.offset = std::ssize(input.arrivals);
    arrival.station = one.station;
    arrival.counts.bikes = static_cast<std::int16_t>(one.bikes);
    arrival.counts.racks = static_cast<std::int16_t>(one.racks);
    input.arrivals.push_back(arrival);
  }
  return input;
}

std::vector<HourlyRow> rows_of(const std::vector<Seen>& seen, const Settings& settings = {}) {
  return evaluate(input_of(seen), settings).rows;
}

TEST(Reference, FallsAreRentalsAndRisesAreReturns) {
  const auto rows = rows_of({{0, 5}, {300, 3}, {600, 3}, {900, 7}, {1200, 6}});
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].window, (Window{kStart, kStart + kHour}));
  EXPECT_EQ(rows[0].station_id, "ST-4");
  EXPECT_EQ(rows[0].total_rental, 3);
  EXPECT_EQ(rows[0].total_return, 4);
  EXPECT_EQ(rows[0].largest_rental, 2);
  EXPECT_EQ(rows[0].largest_return, 4);
  EXPECT_EQ(rows[0].unobserved_change, 0);
  EXPECT_EQ(rows[0].bikes_open, 5);
  EXPECT_EQ(rows[0].bikes_close, 6);
  EXPECT_EQ(rows[0].bikes_min, 3);
  EXPECT_EQ(rows[0].bikes_max, 7);
  EXPECT_EQ(rows[0].observed_seconds, 1200 + 600);
}

TEST(Reference, AGapIsLongerThanMaxGap) {
  EXPECT_EQ(rows_of({{0, 5}, {600, 3}})[0].total_rental, 2);
  const auto rows = rows_of({{0, 5}, {601, 3}});
  EXPECT_EQ(rows[0].total_rental, 0);
  EXPECT_EQ(rows[0].unobserved_change, -2);
  EXPECT_EQ(rows[0].observed_seconds, 1200);
}

TEST(Reference, ACountOfZeroIsACountLikeAnyOther) {
  const auto rows = rows_of({{0, 0, 10}, {100, 4, 10}, {200, 0, 10}});
  EXPECT_EQ(rows[0].total_return, 4);
  EXPECT_EQ(rows[0].total_rental, 4);
  EXPECT_EQ(rows[0].empty_seconds, 100 + 600);
  EXPECT_EQ(rows[0].full_seconds, 0);
}

TEST(Reference, FullNeedsKnownRacks) {
  EXPECT_EQ(rows_of({{0, 10, 10}})[0].full_seconds, 600);
  EXPECT_EQ(rows_of({{0, 11, 10}})[0].full_seconds, 600);
  EXPECT_EQ(rows_of({{0, 9, 10}})[0].full_seconds, 0);
  EXPECT_EQ(rows_of({{0, 9, 0}})[0].full_seconds, 0);
  EXPECT_EQ(rows_of({{0, 0, 0}})[0].full_seconds, 0);
  EXPECT_EQ(rows_of({{0, 9}})[0].full_seconds, 0);
}

TEST(Reference, CoverageAndTheOpeningCountCrossTheStartOfAWindow) {
  // 13:55 with no bike; 14:08 with 2; nothing more.
  const auto rows = rows_of({{3300, 0, 9}, {4080, 2, 9}});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].observed_seconds, 300);
  EXPECT_EQ(rows[0].empty_seconds, 300);
  EXPECT_EQ(rows[1].bikes_open, 0);
  EXPECT_EQ(rows[1].bikes_min, 0);
  EXPECT_EQ(rows[1].unobserved_change, 2);  // 780 s unseen
  EXPECT_EQ(rows[1].empty_seconds, 300);    // 13:55 covers until 14:05
  EXPECT_EQ(rows[1].observed_seconds, 300 + 600);
}

TEST(Reference, AMovementBelongsToTheWindowOfTheLaterObservation) {
  const auto rows = rows_of({{3500, 5}, {3600, 2}});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].total_rental, 0);
  EXPECT_EQ(rows[1].total_rental, 3);
  EXPECT_EQ(rows[1].bikes_open, 5);
  EXPECT_EQ(rows[0].bikes_close, 5);
}

TEST(Reference, AnHourWithoutAnObservationHasNoRow) {
  const auto rows = rows_of({{3500, 5}, {7300, 2}});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1].window.start, kStart + 2 * kHour);
  EXPECT_EQ(rows[1].unobserved_change, -3);
  EXPECT_EQ(rows[1].bikes_open, 5);
  EXPECT_EQ(rows[1].observed_seconds, 600);
}

TEST(Reference, TheLowestOfAConflictStays) {
  const auto rows = rows_of({{0, 5, 10}, {60, 4, 10}, {60, 3, 3}, {60, 3, Counts::kNoRacks}});
  EXPECT_EQ(rows[0].bikes_close, 3);
  EXPECT_EQ(rows[0].total_rental, 2);
  EXPECT_EQ(rows[0].full_seconds, 0);  // racks absent are lower than racks 3
  EXPECT_EQ(evaluate(input_of({{0, 5}, {0, 5}, {0, 4}}), {}).repeated, 2);
}

TEST(Reference, LateIsBeforeTheWatermark) {
  const auto outcome = evaluate(input_of({{1000, 5}, {400, 4}, {399, 3}, {1001, 5}, {400, 4}}), {});
  ASSERT_EQ(outcome.late.size(), 2u);
  EXPECT_EQ(outcome.late[0].observed_at, kStart + 399);
  EXPECT_EQ(outcome.late[0].watermark, kStart + 400);
  EXPECT_EQ(outcome.late[0].position.offset, 2);
  EXPECT_EQ(outcome.late[1].observed_at,
            kStart + 400);  // sent again after that time
  EXPECT_EQ(outcome.late[1].watermark, kStart + 401);
  EXPECT_EQ(outcome.accepted, 3);
  EXPECT_EQ(outcome.rows[0].total_return, 1);
}

TEST(Reference, WindowsSlideAndAreAlignedToTheZone) {
  Settings settings;
  settings.slide = 30 * kMinute;
  const auto rows = rows_of({{60, 5}, {360, 4}}, settings);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].window.start, kStart - 30 * kMinute);
  EXPECT_EQ(rows[1].window.start, kStart);
  EXPECT_EQ(rows[0].total_rental, 1);
  EXPECT_EQ(rows[1].total_rental, 1);

  settings = {};
  settings.hour_phase = 30 * kMinute;  // +5:30
  EXPECT_EQ(rows_of({{0, 5}}, settings)[0].window.start, kStart - 30 * kMinute);
}

TEST(Reference, OnlyClosedWindowsWhereTheEndClosesNone) {
  Settings settings;
  settings.closes_all = false;
  EXPECT_THAT(rows_of({{0, 5}, {4199, 5}}, settings), IsEmpty());
  EXPECT_EQ(rows_of({{0, 5}, {4200, 5}}, settings).size(), 1u);
}

TEST(Reference, TheClockMovesTheWatermarkToTheEndOfAWindow) {
  Settings settings;
  settings.closes_all = false;
  Input input = input_of({{0, 5}, {3599, 4}, {3600, 3}});
  input.closes = {{1, kStart + kHour}};
  const Outcome outcome = evaluate(input, settings);
  ASSERT_EQ(outcome.late.size(), 1u);
  EXPECT_EQ(outcome.late[0].observed_at, kStart + 3599);
  EXPECT_EQ(outcome.late[0].watermark, kStart + kHour);
  ASSERT_EQ(outcome.rows.size(), 1u);
  EXPECT_EQ(outcome.rows[0].bikes_close, 5);

  // After so many arrivals, dead letters among them.
  input.clock = {kStart, kStart + kHour, kStart};
  input.closes = {{3, kStart + 2 * kHour}};
  EXPECT_EQ(evaluate(input, settings).future.size(), 1u);
  EXPECT_EQ(evaluate(input, settings).rows.size(), 1u);
}

TEST(Reference, TheFutureBeginsFiveMinutesAheadOfTheClock) {
  Input input = input_of({{300, 5}, {301, 4}});
  input.clock = {kStart, kStart};
  const Outcome outcome = evaluate(input, {});
  EXPECT_THAT(outcome.future, ElementsAre(Position{0, 1}));
  EXPECT_EQ(outcome.rows[0].total_rental, 0);
}

std::vector<std::int64_t> refused(const std::vector<Seen>& seen) {
  Settings settings;
  settings.is_file = true;
  std::vector<std::int64_t> offsets;
  for (const Position& position : evaluate(input_of(seen), settings).too_far) {
    offsets.push_back(position.offset);
  }
  return offsets;
}

TEST(Reference, InFilesATimeFarAheadNeedsAnotherStation) {
  constexpr Seconds kFar = 400 * kDay;
  EXPECT_THAT(refused({{0, 5}, {60, 5}, {60 + kDay, 5}}),
              IsEmpty());  // 24 h are not far
  EXPECT_THAT(refused({{0, 5}, {1, 5, -1, 1}, {2 + kDay, 5}, {3, 5}}), ElementsAre(2));
  EXPECT_THAT(refused({{0, 5}, {1, 5, -1, 1}, {kFar, 5}, {kFar + 9, 5}}), ElementsAre(2, 3));
  EXPECT_THAT(refused({{0, 5}, {1, 5, -1, 1}, {kFar, 5}, {kFar + kDay, 5, -1, 1}}), IsEmpty());
  EXPECT_THAT(refused({{0, 5}, {1, 5, -1, 1}, {kFar, 5}, {kFar + kDay + 1, 5, -1, 1}}),
              ElementsAre(2, 3));
  // The only station of a system confirms itself.
  EXPECT_THAT(refused({{0, 5}, {kFar, 5}, {kFar + 9, 5}}), IsEmpty());
  // A first record from far ahead does not make the others late.
  EXPECT_THAT(refused({{kFar, 5}, {0, 5}, {1, 5, -1, 1}, {2, 5}}), ElementsAre(0));
  // Nothing ever confirmed: the earliest is taken.
  EXPECT_THAT(refused({{kFar, 5}, {0, 5}}), ElementsAre(0));
}

}  // namespace
}  // namespace bikeflow::reference
