// The simulated city as a feed shows it: a poll every so often, with the faults that real feeds
// have.
//
// Everything follows from the seed. Faults have a generator of their own: with other faults, or
// none, the same riders ride the same trips.
//
// Threads: none; one owner. Not movable.
#pragma once

#include <cstdint>
#include <vector>

#include "base/zone.h"
#include "model/observation.h"
#include "sim/city.h"
#include "sim/rng.h"
#include "sim/truth.h"
#include "sim/world.h"

namespace bikeflow {

// How often what goes wrong. All shares are of what was due.
struct FeedFaults {
  double missing_polls = 0.002;  // of polls, one by one
  double outages_per_day = 0.5;  // the feed is gone for a while: the longer ones are gaps
  Seconds outage_shortest = 2 * kMinute;
  Seconds outage_longest = 20 * kMinute;
  double missing_pages = 0.002;     // of pages of 1,000 stations
  double repeated_pages = 0.0005;   // of pages: sent twice, as a producer does that had no answer
  double repeated_records = 0.001;  // of records: sent again, at once or later
  double delayed_pages = 0.001;     // of pages: come late, up to longest_delay
  double delayed_records = 0.002;   // of records, likewise
  Seconds longest_delay = 2 * kMinute;

  static FeedFaults none();
};

// What went wrong so far.
struct FaultCounts {
  std::int64_t polls = 0;          // that were due
  std::int64_t missing_polls = 0;  // those in outages included
  std::int64_t outages = 0;
  std::int64_t pages = 0;  // of the polls that came
  std::int64_t missing_pages = 0;
  std::int64_t repeated_pages = 0;
  std::int64_t delayed_pages = 0;
  std::int64_t records = 0;           // observations, each once
  std::int64_t repeated_records = 0;  // those of repeated pages included
  std::int64_t delayed_records = 0;   // those of delayed pages included
};

struct CityObservation {
  Seconds observed_at = 0;
  StationIndex station = 0;
  Counts counts;
  friend bool operator==(const CityObservation&, const CityObservation&) = default;
};

// What arrives at one moment, and what really happened since the poll before.
struct CityPoll {
  Seconds time = 0;
  bool last = false;  // after the end: brings what was delayed, and the events up to the end
  std::vector<CityObservation> observations;  // in the order of arrival
  std::vector<CityEvent> events;              // in the order of time
};

struct CityFeedOptions {
  WorldOptions world;         // its start is the time of the first poll
  Seconds end = kLatestTime;  // no poll at or after it
  Seconds poll = 30;
  Seconds max_gap = 10 * kMinute;  // for the truth: what a longer gap hides is missed
  FeedFaults faults = {};
};

class CityFeed {
 public:
  static constexpr std::size_t kPage = 1000;

  // Requires: `city` and `zone` live longer; start < end; poll > 0.
  CityFeed(const City& city, const Zone& zone, const CityFeedOptions& options);

  // Fills `poll` with the next one. A poll that failed has no observations of its own. False after
  // the last.
  bool next(CityPoll& poll);

  [[nodiscard]] const City& city() const { return city_; }
  [[nodiscard]] const CityWorld& world() const { return world_; }
  [[nodiscard]] const FaultCounts& faults() const { return counts_; }
  [[nodiscard]] Truth& truth() { return truth_; }

 private:
  struct Waiting {
    Seconds due = 0;
    CityObservation observation;
  };

  [[nodiscard]] bool poll_fails();
  void read_page(std::size_t begin, std::size_t end, CityPoll& poll);
  void disturb(std::size_t first, CityPoll& poll);
  void deliver_waiting(Seconds until, CityPoll& poll);
  // Draws how many records pass before the next one that a rare fault meets.
  std::size_t skip(double share);

  const City& city_;
  CityFeedOptions options_;
  CityWorld world_;
  Truth truth_;
  Rng rng_;
  Seconds next_at_;
  Seconds outage_end_ = 0;
  bool done_ = false;
  std::vector<Waiting> waiting_;  // delayed or repeated, not yet arrived; few
  FaultCounts counts_;
};

}  // namespace bikeflow
