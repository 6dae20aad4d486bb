// What a station's last hour says of its next one, and whether its counts can be believed at all:
// read off its trail.
//
// Threads: none; pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "live/live_stations.h"
#include "live/live_trail.h"

namespace bikeflow {

// It is empty or full at that time, if its net flow goes on as it was.
struct LiveForecast {
  Fill becomes = Fill::kEmpty;
  Seconds at = 0;
  int net = 0;       // bikes more, or fewer, than before
  Seconds over = 0;  // in that time
  friend bool operator==(const LiveForecast&, const LiveForecast&) = default;
};

// From the net flow of the last kForecastLookBack. Nothing where it would be later than
// kForecastReach, and where too little is known: it was seen for less than kForecastLeastSeen
// without a gap, or its net flow is less than kForecastLeastNet.
//
// A hint and no more. Of those that it names in 16 days of Divvy's recording (August 2013) 36 %
// were so within an hour, against 1.4 % of all; a reach of an hour would name three times as many,
// of which 20 % were.
std::optional<LiveForecast> forecast(const LiveTrail& trail, Counts now, Seconds max_gap);
inline constexpr Seconds kForecastLookBack = kHour;
inline constexpr Seconds kForecastReach = 30 * kMinute;
inline constexpr Seconds kForecastLeastSeen = 30 * kMinute;
inline constexpr int kForecastLeastNet = 3;

// Its count goes back and forth between the same two values: a sensor, not riders.
struct LiveFlapping {
  std::int16_t low = 0, high = 0;
  int changes = 0;
  Seconds since = 0;
  friend bool operator==(const LiveFlapping&, const LiveFlapping&) = default;
};

// Still does: kFlapFewest times or more by kFlapLargest at most, each within kFlapPause of the one
// before, and the last one within it of the newest observation.
std::optional<LiveFlapping> find_flapping(const LiveTrail& trail, Seconds max_gap);
inline constexpr int kFlapFewest = 8;
inline constexpr int kFlapLargest = 2;
inline constexpr Seconds kFlapPause = 30 * kMinute;

// Since when a station that has bikes and free racks has been seen all the time, for
// kFrozenLeast or longer, without one change; nothing where it is not so.
std::optional<Seconds> frozen_since(const LiveTrail& trail, Counts now);
inline constexpr Seconds kFrozenLeast = kDay;

// Of all stations of a system that are not stale, in the order of their ids.
struct LiveOutlook {
  struct Soon {
    std::string id{};
    LiveForecast forecast{};
  };
  struct Frozen {
    std::string id{};
    Seconds since = 0;
  };
  struct Flapping {
    std::string id{};
    LiveFlapping flapping{};
  };
  std::vector<Soon> soon{};  // those that flap have none
  std::vector<Frozen> frozen{};
  std::vector<Flapping> flapping{};
};

}  // namespace bikeflow
