#include "io/redis_station.h"

#include <fmt/format.h>

#include "base/json_text.h"
#include "feed/topic_record.h"
#include "pipeline/task.h"

namespace bikeflow {

RedisFields redis_fields(const LiveSeen& station, const Zone& zone, std::string_view system,
                         Seconds now) {
  const SeenStation seen{.id = station.id,
                         .name = station.about.name,
                         .place = station.about.place,
                         .counts = station.now.counts};
  RedisFields fields;
  if (!system.empty()) fields.emplace_back("system", system);
  for (auto& [name, value] : topic_fields(seen, station.now.observed_at, zone)) {
    fields.emplace_back(name, std::move(value));
  }
  fields.emplace_back("rental_this_hour", fmt::format("{}", station.now.rentals));
  fields.emplace_back("return_this_hour", fmt::format("{}", station.now.returns));
  fields.emplace_back("updated_at", format_utc(now));
  return fields;
}

bool is_older_than(const LiveSeen& station, std::string_view written, const Zone& zone,
                   Seconds now) {
  const auto time = parse_time(written);
  if (!time) return false;
  const auto at =
      time->offset ? time->utc() : zone.from_local(time->local, station.now.observed_at);
  return at && *at > station.now.observed_at && *at <= now + kFutureTolerance;
}

std::string redis_message(const RedisFields& fields) {
  std::string text = "{";
  for (const auto& [name, value] : fields) {
    text += fmt::format(R"({}"{}":{})", text.size() == 1 ? "" : ",", name, json_string(value));
  }
  return text + "}";
}

}  // namespace bikeflow
