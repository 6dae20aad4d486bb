// What really happened, by station and hour, and what a feed can at best show of it.
//
// A count is a level: from one look to the next only the net change is seen. So of the bikes that
// really left in an interval some cancel against bikes that joined, and all are lost in an interval
// longer than `max_gap`. With these two named, the falls that the feed shows are exact:
//   riders + trucks + sensors + edge - cancelled - missed = shown
//
// Threads: none; one owner.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "sim/stock.h"

namespace bikeflow {

// One direction: bikes that leave a station (rentals), or that join it (returns).
struct TrueFlow {
  // By the time at which it happened.
  std::array<std::uint32_t, kCauseCount> happened{};  // by Cause
  // By the time of the observation that shows it.
  std::uint32_t shown = 0;      // by differences of the counts: what rows should hold
  std::uint32_t cancelled = 0;  // inside one interval between polls
  // Not shown because polls or pages were missing: cancelled in an interval that was longer than it
  // should be, or lost in a gap. Signed: a rare interval cancels less as a whole than in its parts.
  std::int32_t missed = 0;

  [[nodiscard]] std::uint32_t by(Cause cause) const {
    return happened[static_cast<std::size_t>(cause)];
  }
};

struct StationTruth {
  TrueFlow rentals;
  TrueFlow returns;
};

struct HourTruth {
  Seconds start = 0;                   // of the hour
  std::vector<StationTruth> stations;  // by StationIndex
};

class Truth {
 public:
  // `hour_phase` as in Zone::hour_phase().
  Truth(std::size_t stations, Seconds max_gap, Seconds hour_phase);

  // Requires: calls in time order; the events up to a poll before that poll's tick() and
  // observed().
  void happened(const CityEvent& event);
  // A poll was due now, whether it came or not.
  void tick();
  // The feed showed the station's count at `at`.
  void observed(StationIndex station, Seconds at) {
    if (pending_[station].falls + pending_[station].rises > 0) settle(station, at);
    pending_[station].observed_at = at;
  }

  // The hours that end at `until` or before, by start; they are handed over.
  std::vector<HourTruth> take_until(Seconds until);

 private:
  struct Pending {  // since the last observation
    std::uint32_t falls = 0, rises = 0;
    std::uint32_t tick_falls = 0, tick_rises = 0;  // since the last tick
    std::uint32_t cancelled = 0;                   // within the intervals between ticks
    Seconds observed_at = 0;                       // 0: never yet
  };
  void settle(StationIndex station, Seconds at);
  StationTruth& truth_of(StationIndex station, Seconds at);

  Seconds max_gap_;
  Seconds hour_phase_;
  std::vector<Pending> pending_;       // by station
  std::vector<StationIndex> touched_;  // since the last tick
  std::map<Seconds, HourTruth> hours_;
  HourTruth* newest_ = nullptr;  // in hours_: nearly every call is about it
};

}  // namespace bikeflow
