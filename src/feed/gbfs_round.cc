#include "feed/gbfs_round.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace bikeflow {
namespace {

constexpr std::size_t kLeastStations = 3;  // of a system that can be seen to be closed

bool is_closed(const GbfsStations& status) {
  return status.stations.size() >= kLeastStations &&
         std::ranges::none_of(status.stations, [](const GbfsStation& station) {
           return station.is_installed && station.seen.is_renting;
         });
}

bool is_observed(const GbfsStation& station, bool is_system_closed) {
  const SeenStation& seen = station.seen;
  const bool is_open = !is_system_closed && (seen.is_renting || seen.is_returning);
  return station.is_installed && (is_open || seen.counts.bikes > 0);
}

}  // namespace

GbfsFacts facts_of(GbfsStations information) {
  GbfsFacts facts;
  facts.reserve(information.stations.size());
  for (GbfsStation& station : information.stations) {
    SeenStation& seen = station.seen;
    facts.emplace(std::move(seen.id),
                  GbfsStationFacts{std::move(seen.name), seen.place, seen.counts.racks});
  }
  return facts;
}

Round make_round(GbfsStations status, const GbfsFacts& facts, Seconds observed_at) {
  Round round{.observed_at = observed_at,
              .stations = {},
              .refused = std::move(status.refused),
              .duplicates = status.duplicates};
  const bool is_system_closed = is_closed(status);
  round.stations.reserve(status.stations.size());
  for (GbfsStation& station : status.stations) {
    if (!is_observed(station, is_system_closed)) continue;
    SeenStation& seen = station.seen;
    if (const auto found = facts.find(seen.id); found != facts.end()) {
      const GbfsStationFacts& known = found->second;
      if (!known.name.empty()) seen.name = known.name;
      if (known.place) seen.place = known.place;
      if (known.racks != Counts::kNoRacks) seen.counts.racks = known.racks;
    }
    round.stations.push_back(std::move(seen));
  }
  return round;
}

}  // namespace bikeflow
