// A station_status and what a station_information said before -> a round.
//
// Threads: functions of their arguments only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/time.h"
#include "feed/gbfs_document.h"
#include "feed/round.h"

namespace bikeflow {

// What a station_information says of a station.
struct GbfsStationFacts {
  std::string name;
  std::optional<Place> place;
  std::int16_t racks = Counts::kNoRacks;
};
using GbfsFacts = std::unordered_map<std::string, GbfsStationFacts>;  // by id

GbfsFacts facts_of(GbfsStations information);

// The stations of the status. What the information says of one goes before what the status does. A
// station that only the information has was not seen.
//
// No observation is made of a station that is not installed, nor of one that is closed and shows no
// bike: it neither rents nor takes bikes back, or none of all the stations rents (of at least
// three; some feeds say so of each that is empty). Feeds set counts to 0 when a system closes for
// the night, and hundreds of rentals and returns would come of that.
Round make_round(GbfsStations status, const GbfsFacts& facts, Seconds observed_at);

}  // namespace bikeflow
