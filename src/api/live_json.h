// The live view as the API's JSON; api/openapi.json describes it. What is not known is null, never
// 0.
//
// Threads: none; pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/waits.h"
#include "live/live_view.h"

namespace bikeflow {

// "2024-08-11T13:30:00Z" between quotation marks; null for a time of 0.
std::string json_time(Seconds time);

std::string station_json(const LiveSeen& station);

// {"system":...,"now":...,"stations":[...]}; without a system's name it is left out.
std::string stations_json(const std::string& system, Seconds now,
                          const std::vector<LiveSeen>& stations);

// {"now":...,"seen":[{"at":...,"ids":[...]}]}
std::string seen_json(Seconds now, const LiveChanges& changes);

std::string movements_json(const std::vector<LiveMoved>& movements);

// The last day of a station.
std::string trail_json(const LiveTrail& trail, Seconds max_gap, Seconds now);

std::string outlook_json(const LiveOutlook& outlook, Seconds now);

std::string stations_csv(const std::vector<LiveSeen>& stations);

// Rentals and returns of an hour that has gone.
struct HourTotals {
  Seconds start = 0;
  std::int64_t rentals = 0, returns = 0;
};

struct LiveState {
  Seconds now = 0;
  double speed = 1;  // of the clock that tells `now`: a demo's may be faster than ours
  LiveTotals totals{};
  std::optional<HourTotals> last_week{};
  std::vector<Wait> waits{};
  std::optional<LiveFeed> feed{};
};
std::string state_json(const LiveState& state);

}  // namespace bikeflow
