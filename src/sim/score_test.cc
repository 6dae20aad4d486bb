#include "sim/score.h"

#include <gtest/gtest.h>

#include "pipeline/task.h"
#include "sim/feed.h"

namespace bikeflow {
namespace {

constexpr Seconds kHourStart = 1'401'634'800;

City two_stations() {
  City city;
  city.stations.resize(2);
  city.stations[0].id = "a";
  city.stations[1].id = "b";
  return city;
}

HourlyRow row(std::string station, std::int64_t rentals, std::int64_t returns) {
  HourlyRow row;
  row.window = {kHourStart, kHourStart + kHour};
  row.station_id = std::move(station);
  row.total_rental = rentals;
  row.total_return = returns;
  return row;
}

TEST(Score, SumsTruthAndRows) {
  const City city = two_stations();
  HourTruth hour{.start = kHourStart, .stations = std::vector<StationTruth>(2)};
  hour.stations[0].rentals = {.happened = {10, 3, 2}, .shown = 11, .cancelled = 2, .missed = 1};
  hour.stations[1].rentals = {.happened = {4, 0, 0}, .shown = 4};
  hour.stations[1].returns = {.happened = {5, 0, 0}, .shown = 4, .cancelled = 0, .missed = 0};
  Scorer scorer(city);
  scorer.add(std::span(&hour, 1), std::vector{row("a", 11, 0), row("b", 3, 4)});
  const Score& score = scorer.score();
  EXPECT_EQ(score.hours, 1);
  EXPECT_EQ(score.rows, 2);
  const FlowScore& rentals = score.rentals;
  EXPECT_EQ(rentals.riders, 14);
  EXPECT_EQ(rentals.trucks, 3);
  EXPECT_EQ(rentals.sensors, 2);
  EXPECT_EQ(rentals.cancelled, 2);
  EXPECT_EQ(rentals.missed, 1);
  EXPECT_EQ(rentals.edge, -1);  // 19 left, 18 are accounted for: one is seen after the hour
  EXPECT_EQ(rentals.shown, 15);
  EXPECT_EQ(rentals.inferred, 14);
  EXPECT_EQ(rentals.unexplained(), -1);
  EXPECT_DOUBLE_EQ(rentals.ratio(), 1.0);
  EXPECT_EQ(score.returns.edge, -1);
  EXPECT_EQ(score.returns.unexplained(), 0);
  EXPECT_EQ(score.active_station_hours, 2);
  EXPECT_EQ(score.absolute_error, 2);  // 11 for 10, 3 for 4
  EXPECT_DOUBLE_EQ(score.mean_absolute_error(), 1.0);
}

TEST(Score, LeavesOutRowsOfOtherHoursAndStations) {
  const City city = two_stations();
  const HourTruth hour{.start = kHourStart, .stations = std::vector<StationTruth>(2)};
  HourlyRow later = row("a", 5, 5);
  later.window = {kHourStart + kHour, kHourStart + 2 * kHour};
  HourlyRow sliding = row("a", 5, 5);
  sliding.window.end = kHourStart + 2 * kHour;
  Scorer scorer(city);
  scorer.add(std::span(&hour, 1), std::vector{later, sliding, row("c", 5, 5)});
  EXPECT_EQ(scorer.score().rows, 0);
  EXPECT_EQ(scorer.score().rentals.inferred, 0);
}

// The pipeline's own task over a faulty feed of the simulated city: every bike of the difference
// between the rows and the true trips has a name.
TEST(Score, ExplainsTheWholeDifferenceOfAFaultyFeed) {
  for (const CityName name : {CityName::kSeoul, CityName::kBayArea}) {
    const bool seoul = name == CityName::kSeoul;
    const City city = make_city(name, seoul ? 400 : kAllStations, 1).value();
    const Zone zone = Zone::load(city.time_zone).value();
    CityFeedOptions options{
        .world = {.start = seoul ? kHourStart + 3 * kHour : kPublishedStart + 7 * kHour, .seed = 1},
        .poll = 60};
    options.end = options.world.start + 8 * kHour + 17 * kMinute;
    options.faults.outages_per_day = 6;
    options.faults.missing_pages = 0.02;
    options.faults.delayed_pages = 0.02;
    CityFeed feed(city, zone, options);

    Task task(TaskSettings{});
    Batch batch;
    for (const CityStation& station : city.stations) batch.new_stations.push_back(station.id);
    CityPoll poll;
    while (feed.next(poll)) {
      for (const CityObservation& seen : poll.observations) {
        batch.records.push_back({.observed_at = seen.observed_at,
                                 .counts = seen.counts,
                                 .station = seen.station,
                                 .offset = static_cast<std::uint32_t>(batch.records.size())});
      }
      task.observe(batch, "city", poll.time);
      batch.first.offset += std::ssize(batch.records);
      batch.records.clear();
      batch.new_stations.clear();
    }
    // Only the hours that the data have closed: the feed ended inside the next one.
    std::vector<HourlyRow> rows;
    for (const ClosedWindow& closed : task.take_closed()) {
      rows.insert(rows.end(), closed.rows.begin(), closed.rows.end());
    }
    ASSERT_TRUE(task.take_late().empty());
    std::vector<HourTruth> hours = feed.truth().take_until(rows.back().window.end);
    ASSERT_GE(hours.size(), 8U);
    Scorer scorer(city);
    for (std::size_t i = 0; i < hours.size(); i += 3) {
      scorer.add(std::span(hours).subspan(i, std::min<std::size_t>(3, hours.size() - i)), rows);
    }
    const Score& score = scorer.score();
    EXPECT_EQ(score.rentals.unexplained(), 0);
    EXPECT_EQ(score.returns.unexplained(), 0);
    EXPECT_EQ(score.rentals.shown, score.rentals.riders + score.rentals.trucks +
                                       score.rentals.sensors + score.rentals.edge -
                                       score.rentals.cancelled - score.rentals.missed);
    EXPECT_GT(score.rentals.missed, 0);
    EXPECT_GT(score.rentals.cancelled, 0);
    if (seoul) {
      EXPECT_LT(score.rentals.edge, 0);  // the last minute of the last hour
    }
    EXPECT_NEAR(score.rentals.ratio(), 1, 0.15);
  }
}

}  // namespace
}  // namespace bikeflow
