#include "feed/topic_about.h"

#include <charconv>
#include <initializer_list>
#include <string>

#include <simdjson.h>

namespace bikeflow {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

// The first of the members that is there and holds something.
std::optional<element> any_of(const object& record, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    element found;
    if (record.at_key(key).get(found) != simdjson::SUCCESS || found.is_null()) continue;
    return found;
  }
  return std::nullopt;
}

std::optional<double> degrees(const std::optional<element>& value, double most) {
  double number = 0;
  std::string_view text;
  if (!value) return std::nullopt;
  if (value->get(text) == simdjson::SUCCESS) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  } else if (value->get(number) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  if (!(number >= -most && number <= most)) return std::nullopt;  // nor where it is no number
  return number;
}

}  // namespace

std::optional<StationAbout> topic_about(std::string_view record) {
  simdjson::dom::parser parser;
  object members;
  if (parser.parse(record.data(), record.size()).get(members) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  StationAbout about;
  std::string_view name;
  const auto named = any_of(members, {"stationName", "name"});
  if (named && named->get(name) == simdjson::SUCCESS) about.name = name;
  const auto latitude = degrees(any_of(members, {"stationLatitude", "lat"}), 90);
  const auto longitude = degrees(any_of(members, {"stationLongitude", "lon"}), 180);
  if (latitude && longitude && (*latitude != 0 || *longitude != 0)) {
    about.place = Place{*latitude, *longitude};
  }
  return about;
}

}  // namespace bikeflow
