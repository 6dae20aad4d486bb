#include "feed/topic_record.h"

#include <fmt/format.h>

#include "base/json_text.h"

namespace bikeflow {

TopicFields topic_fields(const SeenStation& station, Seconds observed_at, const Zone& zone) {
  const Counts counts = station.counts;
  std::string racks = counts.racks == Counts::kNoRacks ? "" : fmt::format("{}", counts.racks);
  // Percent of the racks, rounded; above 100 where bikes stand beside them.
  std::string shared =
      counts.racks > 0 ? fmt::format("{}", (200 * counts.bikes + counts.racks) / (2 * counts.racks))
                       : "";
  const auto degrees = [&](double Place::* part) {
    return station.place ? fmt::format("{:.8f}", *station.place.*part) : "";
  };
  return {{{"rackTotCnt", std::move(racks)},
           {"stationName", station.name},
           {"parkingBikeTotCnt", fmt::format("{}", counts.bikes)},
           {"shared", std::move(shared)},
           {"stationLatitude", degrees(&Place::latitude)},
           {"stationLongitude", degrees(&Place::longitude)},
           {"stationId", station.id},
           {"timestamp", zone.record_time(observed_at)}}};
}

std::string topic_record(const SeenStation& station, Seconds observed_at, const Zone& zone,
                         std::string_view system) {
  std::string record = "{";
  if (!system.empty()) record += fmt::format(R"("system":{},)", json_string(system));
  for (const auto& [name, value] : topic_fields(station, observed_at, zone)) {
    record += fmt::format(R"("{}":{},)", name, json_string(value));
  }
  record.back() = '}';
  return record;
}

}  // namespace bikeflow
