#include "live/live_stations.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bikeflow {
namespace {

constexpr Seconds kStart = 1'700'000'000 / kHour * kHour;
constexpr Seconds kLater = kStart + kDay;

Batch batch_of(std::vector<Record> records, std::vector<std::string> new_stations = {}) {
  Batch batch;
  batch.records = std::move(records);
  batch.new_stations = std::move(new_stations);
  return batch;
}

Record seen(Seconds at, std::int16_t bikes, std::int16_t racks = 10, StationIndex station = 0) {
  return {.observed_at = at, .counts = {bikes, racks}, .station = station};
}

TEST(LiveStations, CountsMovementsOfTheWindowAndForgetsThemWithTheNext) {
  LiveStations live({});
  live.observe(batch_of({seen(kStart + 30, 5), seen(kStart + 60, 3), seen(kStart + 90, 4)}, {"a"}),
               kLater);
  EXPECT_EQ(live.at(0).rentals, 2);
  EXPECT_EQ(live.at(0).returns, 1);
  EXPECT_EQ(live.at(0).window_start, kStart);
  live.observe(batch_of({seen(kStart + 600, 4), seen(kStart + 1100, 4), seen(kStart + 1600, 4),
                         seen(kStart + 2100, 4), seen(kStart + 2600, 4), seen(kStart + 3100, 4),
                         seen(kStart + 3599, 4), seen(kStart + kHour, 1)}),
               kLater);
  EXPECT_EQ(live.at(0).window_start, kStart + kHour);
  EXPECT_EQ(live.at(0).rentals, 3);  // of the later observation's window
  EXPECT_EQ(live.at(0).returns, 0);
}

TEST(LiveStations, AGapMakesNoMovement) {
  LiveStations live({});
  live.observe(batch_of({seen(kStart, 5), seen(kStart + 600, 4), seen(kStart + 1201, 0)}, {"a"}),
               kLater);
  EXPECT_EQ(live.at(0).rentals, 1);
  EXPECT_EQ(live.at(0).since, kStart + 1201);
  EXPECT_FALSE(live.at(0).is_since_exact);
}

TEST(LiveStations, KnowsSinceWhenAStationIsEmptyOrFull) {
  LiveStations live({});
  live.observe(batch_of({seen(kStart, 1), seen(kStart + 30, 0), seen(kStart + 60, 0)}, {"a"}),
               kLater);
  EXPECT_EQ(live.at(0).since, kStart + 30);
  EXPECT_TRUE(live.at(0).is_since_exact);
  live.observe(batch_of({seen(kStart + 90, 12), seen(kStart + 120, 10)}), kLater);
  EXPECT_EQ(live.at(0).since, kStart + 90);
  EXPECT_EQ(fill_of({12, 0}), Fill::kNeither);  // racks are not known
}

TEST(LiveStations, WhatComesAgainOrTooLateOrFromTheFutureChangesNothing) {
  LiveStations live({});
  live.observe(batch_of({seen(kStart, 5), seen(kStart + 60, 4)}, {"a"}), kStart + 60);
  const LiveCounts before = live.at(0);
  live.take_news();
  live.observe(batch_of({seen(kStart + 60, 4), seen(kStart + 30, 0), seen(kStart + 60, 7),
                         seen(kStart + 361, 0)}),
               kStart + 60);
  EXPECT_EQ(live.at(0), before);
  EXPECT_FALSE(live.has_news());
}

TEST(LiveStations, TheLowestOfAConflictTakesThePlaceOfTheOther) {
  LiveStations live({});
  live.observe(batch_of({seen(kStart, 5), seen(kStart + 60, 9), seen(kStart + 60, 3)}, {"a"}),
               kLater);
  EXPECT_EQ(live.at(0).counts.bikes, 3);
  EXPECT_EQ(live.at(0).rentals, 2);
  EXPECT_EQ(live.at(0).returns, 0);
}

TEST(LiveStations, ChangesNameEachStationOnceWithItsNewest) {
  LiveStations live({.hour_phase = 30 * kMinute});
  live.restore(kStart + 60, {4, 10}, 7, 8);
  live.restore(std::numeric_limits<Seconds>::min(), {}, 0, 0);  // mentioned only
  live.observe(
      batch_of({seen(kStart + 90, 2), seen(kStart + 91, 3, 10, 2), seen(kStart + 120, 1)}, {"c"}),
      kLater);
  const std::vector<LiveChange> changes = live.take_news().changes;
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].station, 0U);
  EXPECT_EQ(changes[0].now.rentals, 10);
  EXPECT_EQ(changes[0].now.returns, 8);
  EXPECT_EQ(changes[0].now.window_start, kStart - 30 * kMinute);
  EXPECT_EQ(changes[1].station, 2U);
  EXPECT_EQ(live.at(1).observed_at, LiveCounts::kNever);
}

TEST(LiveStations, MovementsAreOfThoseWithoutAGapAndOfTheFirstOfAConflict) {
  LiveStations live({});
  live.observe(
      batch_of({seen(kStart, 5), seen(kStart + 60, 3), seen(kStart + 90, 3), seen(kStart + 90, 2),
                seen(kStart + 120, 4), seen(kStart + 721, 9), seen(kStart + 700, 0)},
               {"a"}),
      kLater);
  const std::vector<LiveMovement> movements = {{0, kStart + 60, -2, 3}, {0, kStart + 120, 2, 4}};
  EXPECT_EQ(live.take_news().movements, movements);
  EXPECT_TRUE(live.take_news().movements.empty());
}

TEST(LiveStations, OfMovementsTheLastAreKept) {
  LiveStations live({});
  constexpr int kMoves = 3 * static_cast<int>(LiveStations::kMostMovements) + 7;
  for (int i = 0; i <= kMoves; ++i) {
    live.observe(batch_of({seen(kStart + i, static_cast<std::int16_t>(i % 2))},
                          i == 0 ? std::vector<std::string>{"a"} : std::vector<std::string>{}),
                 kLater);
  }
  const std::vector<LiveMovement> movements = live.take_news().movements;
  ASSERT_EQ(movements.size(), LiveStations::kMostMovements);
  EXPECT_EQ(movements.back().at, kStart + kMoves);
  EXPECT_EQ(movements.front().at,
            kStart + kMoves + 1 - static_cast<int>(LiveStations::kMostMovements));
}

TEST(LiveStations, WhatIsSaidOfAStationIsNewsOnce) {
  LiveStations live({});
  live.observe(batch_of({seen(kStart, 5)}, {"a"}), kLater);
  live.describe(0, {.name = "Harbour"});
  EXPECT_EQ(live.take_news().changes.at(0).about, StationAbout{.name = "Harbour"});
  live.describe(0, {.name = "Harbour"});
  EXPECT_FALSE(live.has_news());
  live.observe(batch_of({seen(kStart + 30, 5)}), kLater);
  EXPECT_FALSE(live.take_news().changes.at(0).about);
}

}  // namespace
}  // namespace bikeflow
