// What trucks must do so that a day of known trips can happen: nobody may find a station without a
// bike, and none should hold more bikes than racks. The published trips leave the operator's trucks
// out, so the counts of a real day do not come out without them.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/city.h"
#include "sim/rng.h"
#include "sim/timetable.h"

namespace bikeflow {

// A bike leaves (-1) or joins (+1) a station.
struct TimedChange {
  Seconds at = 0;
  StationIndex station = 0;
  int by = 0;
};

// One bike that a truck moves.
struct TruckMove {
  Seconds lift_at = 0;
  Seconds drop_at = 0;
  StationIndex from = 0;
  StationIndex to = 0;
};

// The changes of these rides that fall into [begin, end), by time.
std::vector<TimedChange> changes_of(const std::vector<Ride>& rides, Seconds begin, Seconds end);

// Bikes by station with which the changes happen without a truck as far as possible; else near half
// full.
std::vector<std::int16_t> first_bikes(const City& city, const std::vector<TimedChange>& changes);

// Moves for a day that begins at `midnight` with `bikes`: by night to where the day needs them,
// then shortly before each moment at which a station would still run out of bikes or of racks. As
// far as that can be done; what cannot be is left as it is.
std::vector<TruckMove> plan_trucks(const City& city, const std::vector<int>& bikes,
                                   const std::vector<TimedChange>& changes, Seconds midnight,
                                   Rng& rng);

}  // namespace bikeflow
