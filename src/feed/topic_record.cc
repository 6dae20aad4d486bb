#include "feed/topic_record.h"

#include <fmt/format.h>

#include "base/json_text.h"

namespace bikeflow {

std::string topic_record(const SeenStation& station, Seconds observed_at, const Zone& zone,
                         std::string_view system) {
  const Counts counts = station.counts;
  const std::string system_member =
      system.empty() ? "" : fmt::format(R"("system":{},)", json_string(system));
  const std::string racks = counts.racks == Counts::kNoRacks ? "" : fmt::format("{}", counts.racks);
  // Percent of the racks, rounded; above 100 where bikes stand beside them.
  const std::string shared =
      counts.racks > 0 ? fmt::format("{}", (200 * counts.bikes + counts.racks) / (2 * counts.racks))
                       : "";
  const auto degrees = [&](double Place::* part) {
    return station.place ? fmt::format("{:.8f}", *station.place.*part) : "";
  };
  return fmt::format(
      R"({{{}"rackTotCnt":"{}","stationName":{},"parkingBikeTotCnt":"{}","shared":"{}",)"
      R"("stationLatitude":"{}","stationLongitude":"{}","stationId":{},"timestamp":"{}"}})",
      system_member, racks, json_string(station.name), counts.bikes, shared,
      degrees(&Place::latitude), degrees(&Place::longitude), json_string(station.id),
      zone.record_time(observed_at));
}

}  // namespace bikeflow
