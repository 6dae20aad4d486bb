#include "sim/world.h"

#include <algorithm>
#include <array>
#include <map>

#include <gtest/gtest.h>

#include "sim/calendar.h"

namespace bikeflow {
namespace {

constexpr Seconds kMonday = 1'401'634'800;  // 2014-06-02T00:00:00+09:00

struct Trip {
  CityEvent departure, arrival;
};

// A world that ran for a while, and what happened in it.
struct Story {
  City city;
  Zone zone;
  std::vector<CityEvent> events;
  std::vector<Trip> trips;  // that ended, by end
  RiderCounts riders = {};
  std::int64_t left_out = 0;
  std::int64_t above_racks = 0;  // arrivals that left more bikes than racks

  [[nodiscard]] std::int64_t departures(Cause cause) const {
    return std::ranges::count_if(
        events, [&](const CityEvent& e) { return e.change < 0 && e.cause == cause; });
  }
};

Story run(CityName name, std::uint32_t stations, Seconds start, Seconds span, std::uint64_t seed) {
  City city = make_city(name, stations, seed).value();
  Story story{.city = city, .zone = Zone::load(city.time_zone).value(), .events = {}, .trips = {}};
  CityWorld world(story.city, story.zone, {.start = start, .seed = seed});
  const std::int64_t fleet = world.stock().fleet();
  std::map<std::uint32_t, CityEvent> open;
  for (Seconds until = start; until < start + span; until += 5 * kMinute) {
    const std::vector<CityEvent>& events = world.advance(until);
    EXPECT_EQ(world.stock().fleet(), fleet);
    for (const CityEvent& event : events) {
      if (event.change < 0) {
        open.emplace(event.trip, event);
      } else {
        story.trips.push_back({.departure = open.at(event.trip), .arrival = event});
        open.erase(event.trip);
      }
    }
    story.events.insert(story.events.end(), events.begin(), events.end());
    for (const Counts& counts : world.stock().shown()) {
      EXPECT_GE(counts.bikes, 0);
      story.above_racks += counts.racks > 0 && counts.bikes > counts.racks;
    }
  }
  std::int64_t away = 0;
  for (Cause cause : {Cause::kRider, Cause::kTruck, Cause::kSensor})
    away += world.stock().away(cause);
  EXPECT_EQ(away, std::ssize(open));
  story.riders = world.riders();
  story.left_out = world.left_out();
  return story;
}

const Story& seoul_monday() {
  static const Story once = run(CityName::kSeoul, kAllStations, kMonday, kDay, 1);
  return once;
}

TEST(World, EventsAreInTheOrderOfTime) {
  EXPECT_TRUE(std::ranges::is_sorted(seoul_monday().events, {}, &CityEvent::at));
}

TEST(World, SeoulRidesFiftyTimesAStationAndDay) {
  for (std::uint64_t seed : {1U, 2U}) {
    const Story week = run(CityName::kSeoul, 400, kMonday, 7 * kDay, seed);
    EXPECT_NEAR(static_cast<double>(week.departures(Cause::kRider)) / 7 / 400, 50, 7.5) << seed;
  }
  EXPECT_NEAR(static_cast<double>(seoul_monday().departures(Cause::kRider)) / 2799, 50, 7.5);
}

TEST(World, MostRidesAreShort) {
  std::vector<Seconds> lengths;
  for (const Trip& trip : seoul_monday().trips) {
    if (trip.arrival.cause != Cause::kRider) continue;
    lengths.push_back(trip.arrival.at - trip.departure.at);
  }
  std::ranges::sort(lengths);
  EXPECT_NEAR(static_cast<double>(lengths[lengths.size() / 2]), 10 * kMinute, 90);
  EXPECT_LT(lengths[lengths.size() * 9 / 10], 30 * kMinute);
  EXPECT_GT(lengths.front(), 0);
}

std::array<int, 24> rentals_by_hour(const Story& story) {
  std::array<int, 24> hours{};
  for (const CityEvent& event : story.events) {
    if (event.change > 0 || event.cause != Cause::kRider) continue;
    ++hours[static_cast<std::size_t>(local_clock(story.zone, event.at).second_of_day / kHour)];
  }
  return hours;
}

TEST(World, WorkingDaysHaveTwoPeaks) {
  const std::array<int, 24> hours = rentals_by_hour(seoul_monday());
  EXPECT_EQ(std::ranges::max_element(hours.begin(), hours.begin() + 12) - hours.begin(), 8);
  EXPECT_EQ(std::ranges::max_element(hours.begin() + 12, hours.end()) - hours.begin(), 18);
  EXPECT_GT(hours[8], 3 * hours[11] / 2);
  EXPECT_LT(hours[3], hours[18] / 8);
}

TEST(World, WeekendsHaveOneHillInTheAfternoon) {
  const Story saturday = run(CityName::kSeoul, 400, kMonday + 5 * kDay, kDay, 1);
  const std::array<int, 24> hours = rentals_by_hour(saturday);
  EXPECT_LT(hours[8], hours[14] * 3 / 4);
  const auto peak = std::ranges::max_element(hours) - hours.begin();
  EXPECT_TRUE(peak >= 14 && peak <= 19) << peak;
}

TEST(World, MorningsFlowToWorkAndEveningsBack) {
  const Story& story = seoul_monday();
  std::array<int, 2> to_centre{};  // by half of the day: arrivals less departures
  for (const CityEvent& event : story.events) {
    if (event.cause != Cause::kRider) continue;
    if (story.city.stations[event.station].district != "중구") continue;
    const Seconds hour = local_clock(story.zone, event.at).second_of_day / kHour;
    if (hour >= 6 && hour < 10) to_centre[0] += event.change;
    if (hour >= 17 && hour < 21) to_centre[1] += event.change;
  }
  EXPECT_GT(to_centre[0], 100);
  EXPECT_LT(to_centre[1], -100);
}

TEST(World, EmptyAndFullStationsTurnRidersAway) {
  const RiderCounts& riders = seoul_monday().riders;
  EXPECT_GT(riders.walked_on, 1000);
  EXPECT_GT(riders.gave_up, 500);
  EXPECT_LT(static_cast<double>(riders.gave_up), 0.08 * static_cast<double>(riders.wishes));
  EXPECT_GT(riders.rode_on, 1000);
  EXPECT_GT(riders.over_full, 1000);
  EXPECT_GT(seoul_monday().above_racks, 0);
}

TEST(World, TrucksWorkAtNightOneByOneAndInJumps) {
  const Story& story = seoul_monday();
  std::map<std::pair<StationIndex, Seconds>, int> at_once;
  int moved = 0;
  for (const CityEvent& event : story.events) {
    if (event.cause != Cause::kTruck) continue;
    const Seconds hour = local_clock(story.zone, event.at).second_of_day / kHour;
    EXPECT_TRUE(hour >= 22 || hour < 7) << hour;
    ++at_once[{event.station, event.at}];
    ++moved;
  }
  EXPECT_GT(moved, 2 * 1000);  // each bike is lifted and dropped
  const auto jumps = std::ranges::count_if(at_once, [](const auto& e) { return e.second >= 5; });
  const auto single = std::ranges::count_if(at_once, [](const auto& e) { return e.second == 1; });
  EXPECT_GT(jumps, 50);
  EXPECT_GT(single, 500);
}

TEST(World, SensorsFlapAtTheirOwnBeatMostlyAtNight) {
  const Story& story = seoul_monday();
  std::map<StationIndex, Seconds> phase;
  int events = 0;
  int off_beat = 0;
  int at_night = 0;
  for (const CityEvent& event : story.events) {
    if (event.cause != Cause::kSensor) continue;
    ++events;
    const Seconds hour = local_clock(story.zone, event.at).second_of_day / kHour;
    at_night += hour >= 22 || hour < 8;
    const auto [known, first] = phase.emplace(event.station, event.at % Sensors::kBeat);
    off_beat += !first && known->second != event.at % Sensors::kBeat;
  }
  EXPECT_GT(events, 2 * 2799);
  EXPECT_LT(off_beat, events / 10);  // a bike that is taken is seen again at any time
  EXPECT_GT(at_night, events * 3 / 4);

  int undone = 0;
  int at_next_beat = 0;
  for (const Trip& trip : story.trips) {
    if (trip.arrival.cause != Cause::kSensor) continue;
    EXPECT_EQ(trip.arrival.station, trip.departure.station);
    ++undone;
    at_next_beat += trip.arrival.at - trip.departure.at == Sensors::kBeat;
  }
  EXPECT_NEAR(at_next_beat, 0.41 * undone, 0.06 * undone);
}

TEST(World, TheBayAreaRidesItsRealTrips) {
  const Story real = run(CityName::kBayArea, kAllStations, kPublishedStart, 7 * kDay, 1);
  const std::vector<PublishedTrip> published = published_trips(real.city);
  std::map<std::pair<StationIndex, StationIndex>, int> difference;
  for (const PublishedTrip& trip : published) {
    if (trip.ended_at < kPublishedStart + 7 * kDay - kHour) ++difference[{trip.from, trip.to}];
  }
  for (const Trip& trip : real.trips) {
    if (trip.arrival.cause != Cause::kRider) continue;
    if (trip.arrival.at - trip.arrival.at % kMinute >= kPublishedStart + 7 * kDay - kHour) continue;
    --difference[{trip.departure.station, trip.arrival.station}];
  }
  int missing = 0;
  for (const auto& [pair, count] : difference) missing += std::abs(count);
  EXPECT_EQ(missing, 0);
  EXPECT_EQ(real.left_out, 0);
  EXPECT_EQ(real.above_racks, 0);
  EXPECT_GT(real.departures(Cause::kTruck), 0);
  EXPECT_GT(real.departures(Cause::kRider), 7000);
}

TEST(World, OtherYearsRepeatTheSameWeekdays) {
  const City city = make_city(CityName::kBayArea, kAllStations, 1).value();
  const Zone zone = Zone::load(city.time_zone).value();
  const Timetable timetable(city, zone, Rng(1));
  const Seconds monday = parse_time("2026-03-02T00:00:00-08:00")->utc();
  // Over a clock change, too, a ride keeps its time of day.
  for (Seconds midnight = monday; midnight < monday + 14 * kDay;
       midnight = next_time_of_day(zone, midnight, 0)) {
    const std::vector<Ride> rides = timetable.rides_of_day(midnight);
    const bool weekend = local_clock(zone, midnight).weekday % 6 == 0;
    EXPECT_TRUE(weekend ? rides.size() < 700 : rides.size() > 1000) << rides.size();
    EXPECT_GE(rides.front().start, midnight);
  }
  // The days of the publication are themselves: each ride in its minute.
  const std::vector<PublishedTrip> published = published_trips(city);
  const std::vector<Ride> rides = timetable.rides_of_day(kPublishedStart);
  ASSERT_GT(rides.size(), 1000U);
  std::vector<Seconds> minutes;
  for (const Ride& ride : rides) minutes.push_back(ride.start - ride.start % kMinute);
  for (std::size_t i = 0; i < rides.size(); ++i) EXPECT_EQ(minutes[i], published[i].started_at);
}

TEST(World, AnyNumberOfStationsWorks) {
  for (std::uint32_t stations : {1U, 2U, 7U}) {
    const Story few = run(CityName::kSeoul, stations, kMonday, kDay, 3);
    EXPECT_GT(few.departures(Cause::kRider), 20 * stations) << stations;
    run(CityName::kBayArea, stations, kPublishedStart, kDay, 3);
  }
}

TEST(World, TheSameSeedIsTheSameCity) {
  const Story a = run(CityName::kSeoul, 200, kMonday + 7 * kHour, 3 * kHour, 5);
  const Story b = run(CityName::kSeoul, 200, kMonday + 7 * kHour, 3 * kHour, 5);
  const Story c = run(CityName::kSeoul, 200, kMonday + 7 * kHour, 3 * kHour, 6);
  EXPECT_EQ(a.events, b.events);
  EXPECT_NE(a.events, c.events);
}

}  // namespace
}  // namespace bikeflow
