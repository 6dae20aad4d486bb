#include "sim/feed.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

constexpr Seconds kMonday = 1'401'634'800;  // 2014-06-02T00:00:00+09:00

struct Setting {
  CityName city = CityName::kSeoul;
  std::uint32_t stations = 300;
  Seconds poll = 30;
  Seconds start = kMonday;
  Seconds span = kDay;
  std::uint64_t seed = 1;
  FeedFaults faults = {};
};

struct Recording {
  City city;
  Zone zone;
  std::vector<CityPoll> polls;
  std::vector<HourTruth> hours;
  FaultCounts faults;
};

Recording record(const Setting& setting) {
  City city = make_city(setting.city, setting.stations, setting.seed).value();
  Recording recording{.city = city,
                      .zone = Zone::load(city.time_zone).value(),
                      .polls = {},
                      .hours = {},
                      .faults = {}};
  CityFeed feed(recording.city, recording.zone,
                {.world = {.start = setting.start, .seed = setting.seed},
                 .end = setting.start + setting.span,
                 .poll = setting.poll,
                 .faults = setting.faults});
  CityPoll poll;
  while (feed.next(poll)) recording.polls.push_back(poll);
  recording.hours = feed.truth().take_until(kLatestTime);
  recording.faults = feed.faults();
  return recording;
}

struct Totals {
  std::int64_t riders = 0, other = 0, shown = 0, cancelled = 0, missed = 0;
};

Totals totals(const Recording& recording, TrueFlow StationTruth::* direction) {
  Totals sum;
  for (const HourTruth& hour : recording.hours) {
    for (const StationTruth& station : hour.stations) {
      const TrueFlow& flow = station.*direction;
      sum.riders += flow.by(Cause::kRider);
      sum.other += flow.by(Cause::kTruck) + flow.by(Cause::kSensor);
      sum.shown += flow.shown;
      sum.cancelled += flow.cancelled;
      sum.missed += flow.missed;
    }
  }
  return sum;
}

// Falls and rises by hour and station, by plain differences of what arrived: written without Truth.
using ByHour = std::map<std::pair<Seconds, StationIndex>, std::pair<std::int64_t, std::int64_t>>;
ByHour differences(const Recording& recording, Seconds max_gap) {
  std::map<StationIndex, std::map<Seconds, int>> counts;
  for (const CityPoll& poll : recording.polls) {
    for (const CityObservation& seen : poll.observations) {
      const auto [at, fresh] = counts[seen.station].emplace(seen.observed_at, seen.counts.bikes);
      EXPECT_EQ(at->second, seen.counts.bikes);  // what comes twice is the same
    }
  }
  ByHour result;
  for (const auto& [station, seen] : counts) {
    for (auto now = std::next(seen.begin()); now != seen.end(); ++now) {
      const auto before = std::prev(now);
      if (now->first - before->first > max_gap) continue;
      const int change = now->second - before->second;
      auto& [falls, rises] = result[{now->first - now->first % kHour, station}];
      (change < 0 ? falls : rises) += std::abs(change);
    }
  }
  return result;
}

TEST(Feed, TruthSaysExactlyWhatDifferencesShow) {
  for (const Seconds poll : {Seconds{30}, Seconds{300}}) {
    Setting setting{.poll = poll};
    setting.faults.outages_per_day = 4;
    setting.faults.missing_pages = 0.02;
    const Recording recording = record(setting);
    ASSERT_GT(recording.faults.outages, 0);
    ASSERT_GT(totals(recording, &StationTruth::rentals).missed, 0);
    const ByHour shown = differences(recording, 10 * kMinute);
    for (const HourTruth& hour : recording.hours) {
      for (StationIndex i = 0; i < hour.stations.size(); ++i) {
        const auto found = shown.find({hour.start, i});
        const auto [falls, rises] =
            found == shown.end() ? std::pair<std::int64_t, std::int64_t>() : found->second;
        ASSERT_EQ(hour.stations[i].rentals.shown, falls) << hour.start << " " << i;
        ASSERT_EQ(hour.stations[i].returns.shown, rises) << hour.start << " " << i;
      }
    }
  }
}

TEST(Feed, AnUndisturbedFeedPolledOftenShowsNearlyAll) {
  const Recording recording =
      record({.stations = 100, .poll = 1, .span = 12 * kHour, .faults = FeedFaults::none()});
  const Totals rentals = totals(recording, &StationTruth::rentals);
  EXPECT_EQ(rentals.missed, 0);
  EXPECT_EQ(rentals.shown + rentals.cancelled, rentals.riders + rentals.other);
  EXPECT_LT(static_cast<double>(rentals.cancelled), 0.003 * static_cast<double>(rentals.riders));
  const FaultCounts& faults = recording.faults;
  EXPECT_EQ(faults.missing_polls + faults.missing_pages + faults.repeated_records +
                faults.delayed_records + faults.outages,
            0);
  EXPECT_EQ(faults.records, 100 * 12 * kHour);
}

// What the feed shows of the riders' rentals, with trucks and sensors taken out as if they were
// known.
double seen_share(CityName city, Seconds poll) {
  const bool seoul = city == CityName::kSeoul;
  const Recording recording = record({.city = city,
                                      .stations = seoul ? 600 : kAllStations,
                                      .poll = poll,
                                      .start = seoul ? kMonday : kPublishedStart,
                                      .faults = FeedFaults::none()});
  const Totals rentals = totals(recording, &StationTruth::rentals);
  return static_cast<double>(rentals.shown - rentals.other) / static_cast<double>(rentals.riders);
}

TEST(Feed, SlowPollsSeeLess) {
  for (const CityName city : {CityName::kSeoul, CityName::kBayArea}) {
    const double half_minute = seen_share(city, 30);
    const double minute = seen_share(city, 60);
    const double five_minutes = seen_share(city, 300);
    EXPECT_TRUE(half_minute > 0.95 && half_minute < 1) << half_minute;
    EXPECT_TRUE(minute > 0.92 && minute < half_minute) << minute;
    EXPECT_TRUE(five_minutes > 0.75 && five_minutes < minute - 0.05) << five_minutes;
  }
}

TEST(Feed, RidersDoNotDependOnFaultsOrPolls) {
  const Recording faulty = record({.span = 3 * kHour});
  const Recording clean = record({.poll = 300, .span = 3 * kHour, .faults = FeedFaults::none()});
  EXPECT_EQ(totals(faulty, &StationTruth::rentals).riders,
            totals(clean, &StationTruth::rentals).riders);
  std::vector<CityEvent> a;
  std::vector<CityEvent> b;
  for (const CityPoll& poll : faulty.polls)
    a.insert(a.end(), poll.events.begin(), poll.events.end());
  for (const CityPoll& poll : clean.polls)
    b.insert(b.end(), poll.events.begin(), poll.events.end());
  EXPECT_EQ(a, b);
}

TEST(Feed, FaultsComeAsOftenAsTheySay) {
  const FeedFaults faults = {.missing_polls = 0.01,
                             .outages_per_day = 2,
                             .missing_pages = 0.01,
                             .repeated_pages = 0.005,
                             .repeated_records = 0.001,
                             .delayed_pages = 0.005,
                             .delayed_records = 0.002};
  const Recording recording = record({.stations = 1200, .span = 3 * kDay, .faults = faults});
  const FaultCounts& seen = recording.faults;
  EXPECT_EQ(seen.polls, 3 * kDay / 30);
  const auto near = [](double count, double expected) {
    EXPECT_NEAR(count, expected, 4 * std::sqrt(expected)) << expected;
  };
  near(static_cast<double>(seen.outages), 6);
  const double in_outages = static_cast<double>(seen.outages) * 11 * 60 / 30;  // 2 to 20 minutes
  EXPECT_NEAR(static_cast<double>(seen.missing_polls), in_outages + 0.01 * 8640, in_outages + 40);
  const auto polls = static_cast<double>(seen.polls - seen.missing_polls);
  EXPECT_EQ(seen.pages, 2 * (seen.polls - seen.missing_polls));  // 1,000 stations and 200
  near(static_cast<double>(seen.missing_pages), polls * 2 * 0.01);
  near(static_cast<double>(seen.repeated_pages), polls * 2 * 0.005);
  near(static_cast<double>(seen.delayed_pages), polls * 2 * 0.005);
  // Those of pages are whole pages, of 600 stations on average.
  const auto records = static_cast<double>(seen.records);
  EXPECT_NEAR(static_cast<double>(seen.repeated_records), records * 0.006, records * 0.002);
  EXPECT_NEAR(static_cast<double>(seen.delayed_records), records * 0.007, records * 0.002);
}

TEST(Feed, WhatArrivesIsWhatWasCounted) {
  Setting setting{.stations = 1200, .span = 6 * kHour};
  setting.faults.repeated_pages = setting.faults.delayed_pages = setting.faults.missing_pages =
      0.02;
  const Recording recording = record(setting);
  std::int64_t arrived = 0;
  std::int64_t late = 0;
  std::set<std::pair<Seconds, StationIndex>> once;
  Seconds newest = 0;
  Seconds oldest_by = 0;  // by how much anything came after something newer
  for (const CityPoll& poll : recording.polls) {
    for (const CityObservation& seen : poll.observations) {
      ++arrived;
      const bool fresh = once.emplace(seen.observed_at, seen.station).second;
      late += fresh && seen.observed_at < poll.time;
      newest = std::max(newest, seen.observed_at);
      oldest_by = std::max(oldest_by, newest - seen.observed_at);
      EXPECT_TRUE(seen.observed_at <= poll.time && poll.time - seen.observed_at <= 150);
    }
  }
  EXPECT_EQ(std::ssize(once), recording.faults.records);
  EXPECT_EQ(arrived, recording.faults.records + recording.faults.repeated_records);
  EXPECT_EQ(late, recording.faults.delayed_records);
  EXPECT_GT(oldest_by, 30);
  EXPECT_LE(oldest_by, 2 * kMinute);
}

TEST(Feed, PollsFromTheStartUpToTheEnd) {
  const Recording recording = record({.stations = 3, .poll = 45, .span = 100});
  ASSERT_EQ(recording.polls.size(), 4U);
  EXPECT_EQ(recording.polls[0].time, kMonday);
  EXPECT_EQ(recording.polls[2].time, kMonday + 90);
  EXPECT_EQ(recording.polls[3].time, kMonday + 100);
  EXPECT_TRUE(recording.polls[3].last);
  for (const CityPoll& poll : recording.polls) {
    for (const CityEvent& event : poll.events) EXPECT_LT(event.at, kMonday + 100);
  }
}

}  // namespace
}  // namespace bikeflow
