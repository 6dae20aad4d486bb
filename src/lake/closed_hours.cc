#include "lake/closed_hours.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "lake/paths.h"

namespace bikeflow {
namespace {

constexpr int kFormat = 1;

}  // namespace

std::string closed_hours_path(std::string_view topic, std::int32_t partition) {
  return fmt::format("{}/closed/{}/{}.json", kInternalFolder, escape_component(topic), partition);
}

std::string to_json(const ClosedHours& hours) {
  nlohmann::ordered_json json = {
      {"format", kFormat}, {"partitions", hours.partitions}, {"systems", nlohmann::json::object()}};
  for (const auto& [system, span] : hours.systems) {
    json["systems"][system] = {
        {"first", span.first}, {"closed_to", span.closed_to}, {"marked_to", span.marked_to}};
  }
  return json.dump() + "\n";
}

Result<ClosedHours> parse_closed_hours(std::string_view text) {
  try {
    const auto json = nlohmann::json::parse(text);
    if (json.at("format").get<int>() > kFormat) {
      return fail("it was written by a newer version of bikeflow: update bikeflow");
    }
    ClosedHours hours;
    hours.partitions = json.at("partitions").get<std::int32_t>();
    for (const auto& [system, span] : json.at("systems").items()) {
      hours.systems[system] = {span.at("first").get<Seconds>(), span.at("closed_to").get<Seconds>(),
                               span.at("marked_to").get<Seconds>()};
    }
    return hours;
  } catch (const nlohmann::json::exception& error) {
    return fail("it was not written by bikeflow: {}", error.what());
  }
}

}  // namespace bikeflow
