#include "feed/gbfs_document.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <unordered_set>
#include <utility>

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <simdjson.h>

#include "base/overloaded.h"
#include "feed/format.h"
#include "feed/refusal.h"
#include "feed/value.h"

namespace bikeflow {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

// A member of an object that is there and not null.
std::optional<element> member(const object& from, std::string_view key) {
  element found;
  if (from.at_key(key).get(found) != simdjson::SUCCESS || found.is_null()) return std::nullopt;
  return found;
}

template <class T>
std::optional<T> as(const std::optional<element>& value) {
  T got;
  if (!value || value->get(got) != simdjson::SUCCESS) return std::nullopt;
  return got;
}

template <class T>
std::optional<T> member_as(const object& from, std::string_view key) {
  return as<T>(member(from, key));
}

// A string as it is, anything else as JSON writes it.
std::string text_of(const element& value) {
  const auto text = as<std::string_view>(value);
  return text ? std::string(*text) : simdjson::minify(value);
}

bool is_integer(const element& value) { return value.is_int64() || value.is_uint64(); }

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return number;
}

// A number, or digits in a string; a fraction is cut off.
std::optional<std::int64_t> number_of(const element& value) {
  if (const auto number = as<std::int64_t>(value)) return number;
  if (const auto number = as<double>(value)) {
    constexpr double kMost = 9e15;
    if (!(std::abs(*number) < kMost)) return std::nullopt;
    return static_cast<std::int64_t>(*number);
  }
  const auto text = as<std::string_view>(value);
  return text ? whole_number(*text) : std::nullopt;
}

std::optional<Seconds> time_of(const element& value) {
  if (const auto number = number_of(value)) return time_from_number(*number);
  std::string text(as<std::string_view>(value).value_or(""));
  // RFC 3339 lets T and Z be small.
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const auto written = parse_time(text);
  // Without an offset it may be half a day off: that is no time.
  if (!written || !written->offset) return std::nullopt;
  const Seconds time = written->utc();
  if (time < kEarliestTime || time > kLatestTime) return std::nullopt;
  return time;
}

GbfsHead read_head(const object& document) {
  GbfsHead head;
  if (const auto value = member(document, "last_updated")) {
    head.last_updated = time_of(*value);
    head.last_updated_text = shown(text_of(*value));
  }
  if (const auto value = member(document, "ttl")) {
    head.ttl_s = std::max<Seconds>(0, number_of(*value).value_or(0));
  }
  if (const auto value = member(document, "version")) head.version = text_of(*value);
  return head;
}

std::vector<GbfsLink> read_links(const array& list, std::string_view name_key) {
  std::vector<GbfsLink> links;
  for (const element value : list) {
    const auto link = as<object>(value);
    if (!link) continue;
    const auto name = member(*link, name_key);
    const auto url = member_as<std::string_view>(*link, "url");
    if (name && url && !url->empty()) links.push_back({text_of(*name), std::string(*url)});
  }
  return links;
}

std::optional<GbfsDiscovery> read_discovery(const object& data) {
  GbfsDiscovery discovery;
  if (const auto feeds = member_as<array>(data, "feeds")) {
    discovery.lists.push_back({"", read_links(*feeds, "name")});
    return discovery;
  }
  for (const auto& [language, value] : data) {
    const auto inner = as<object>(value);
    const auto feeds = inner ? member_as<array>(*inner, "feeds") : std::nullopt;
    if (feeds) discovery.lists.push_back({std::string(language), read_links(*feeds, "name")});
  }
  if (discovery.lists.empty()) return std::nullopt;
  return discovery;
}

std::optional<GbfsVersions> read_versions(const object& data) {
  GbfsVersions found;
  if (const auto versions = member_as<array>(data, "versions")) {
    found.datasets.push_back({"", read_links(*versions, "version")});
    return found;
  }
  const auto datasets = member_as<array>(data, "datasets");
  if (!datasets) return std::nullopt;
  for (const element value : *datasets) {
    const auto dataset = as<object>(value);
    const auto versions = dataset ? member_as<array>(*dataset, "versions") : std::nullopt;
    if (!versions) continue;
    const auto id = member(*dataset, "system_id");
    found.datasets.push_back({id ? text_of(*id) : "", read_links(*versions, "version")});
  }
  return found;
}

std::optional<std::int16_t> count_of(const element& value) {
  if (is_integer(value) || value.is_string()) return parse_count(text_of(value));
  return std::nullopt;
}

// Of [{"count": 2}, ...] or {"type": 2, ...}. Nothing where one of them is no number.
std::optional<std::int32_t> sum_of(const std::optional<element>& counts) {
  std::int32_t sum = 0;
  const auto add = [&sum](const element& value) {
    const auto count = count_of(value);
    // Far above any station, and far below what overflows.
    if (count) sum = std::min(sum + *count, 1'000'000);
    return count.has_value();
  };
  if (const auto by_type = as<object>(counts)) {
    for (const auto& [type, value] : *by_type) {
      if (!add(value)) return std::nullopt;
    }
    return sum;
  }
  const auto list = as<array>(counts);
  if (!list) return std::nullopt;
  for (const element value : *list) {
    const auto item = as<object>(value);
    const auto count = item ? member(*item, "count") : std::nullopt;
    if (!count || !add(*count)) return std::nullopt;
  }
  return sum;
}

Refusal refuse(Reason reason, std::string_view key, const element& value,
               std::string_view expected) {
  return bad_field(reason, key, text_of(value), value.is_string(), expected);
}

constexpr std::string_view kVehicles = "num_vehicles_available";
constexpr std::string_view kBikes = "num_bikes_available";
constexpr std::string_view kTypes = "vehicle_types_available";
constexpr std::string_view kExpectedBikes = "a whole number from 0 to 10000";

std::optional<Refusal> read_bikes(const object& station, std::int16_t& bikes) {
  std::string_view key = kVehicles;
  auto total = member(station, kVehicles);
  if (const auto other = member(station, kBikes); other && (!total || !count_of(*total))) {
    total = other;
    key = kBikes;
  }
  const auto count = total ? count_of(*total) : std::nullopt;
  if (total && !count) return refuse(Reason::kBadBikes, key, *total, kExpectedBikes);
  bikes = count.value_or(0);
  if (bikes > 0) return std::nullopt;
  const auto types = member(station, kTypes);
  const auto sum = sum_of(types);
  if (!total && !sum) return missing_field(Reason::kMissingBikes, "num_bikes_available");
  if (sum.value_or(0) > Counts::kMost) {
    return refuse(Reason::kBadBikes, kTypes, *types, kExpectedBikes);
  }
  bikes = static_cast<std::int16_t>(sum.value_or(0));
  return std::nullopt;
}

bool read_flag(const object& station, std::string_view key, bool otherwise) {
  const auto value = member(station, key);
  if (!value) return otherwise;
  if (const auto flag = as<bool>(value)) return *flag;
  const std::string text = text_of(*value);
  if (text == "1" || text == "true" || text == "True") return true;
  if (text == "0" || text == "false" || text == "False") return false;
  return otherwise;
}

std::int16_t read_racks(const object& station) {
  if (const auto capacity = member(station, "capacity")) {
    const auto count = count_of(*capacity);
    if (count && *count > 0) return *count;
  }
  if (read_flag(station, "is_virtual_station", false)) return Counts::kNoRacks;
  // Docks go before parking places; the first is 3.0's, the second 2.1's, and so on.
  for (const std::string_view key : {"vehicle_docks_capacity", "vehicle_type_capacity",
                                     "vehicle_types_capacity", "vehicle_capacity"}) {
    const auto sum = sum_of(member(station, key));
    if (sum && *sum > 0 && *sum <= Counts::kMost) return static_cast<std::int16_t>(*sum);
  }
  return Counts::kNoRacks;
}

std::optional<double> coordinate_of(const std::optional<element>& value) {
  if (const auto number = as<double>(value)) return number;
  const auto text = as<std::string_view>(value);
  if (!text) return std::nullopt;
  double number = 0;
  const auto [stop, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || stop != text->data() + text->size() || !std::isfinite(number)) {
    return std::nullopt;
  }
  return number;
}

std::optional<Place> read_place(const object& station) {
  const auto latitude = coordinate_of(member(station, "lat"));
  const auto longitude = coordinate_of(member(station, "lon"));
  if (!latitude || !longitude || (*latitude == 0 && *longitude == 0)) return std::nullopt;
  return Place{*latitude, *longitude};
}

// A string, or from 3.0 on [{"text": ..., "language": ...}, ...].
std::string read_name(const object& station, std::string_view language) {
  const auto value = member(station, "name");
  if (const auto text = as<std::string_view>(value)) return std::string(*text);
  const auto texts = as<array>(value);
  if (!texts) return "";
  std::optional<std::string_view> first;
  std::optional<std::string_view> english;
  for (const element item : *texts) {
    const auto pair = as<object>(item);
    const auto text = pair ? member_as<std::string_view>(*pair, "text") : std::nullopt;
    if (!text) continue;
    const auto of = member_as<std::string_view>(*pair, "language").value_or("");
    if (!language.empty() && of == language) return std::string(*text);
    if (!english && of == "en") english = text;
    if (!first) first = text;
  }
  return std::string(english ? *english : first.value_or(""));
}

std::optional<Refusal> read_id(const object& station, std::string& id) {
  const auto value = member(station, "station_id");
  if (!value) return missing_field(Reason::kMissingStation, "station_id");
  if (value->is_string() || is_integer(*value)) id = text_of(*value);
  if (is_station_id(id)) return std::nullopt;
  return refuse(Reason::kBadStation, "station_id", *value,
                "1 to 128 bytes without control characters");
}

class StationsReader {
 public:
  explicit StationsReader(std::string_view language) : language_(language) {}

  GbfsStations read(const array& list) && {
    for (const element value : list) {
      const auto station = as<object>(value);
      if (station && has_counts(*station)) found_.has_counts = true;
    }
    for (const element value : list) {
      if (auto refusal = read_station(value)) {
        std::string record = simdjson::minify(value);
        record.resize(std::min(record.size(), kDeadLetterRecordBytes));
        found_.refused.push_back({std::move(*refusal), std::move(record)});
      }
    }
    return std::move(found_);
  }

 private:
  static bool has_counts(const object& station) {
    constexpr std::array kKeys = {kVehicles, kBikes, kTypes,
                                  std::string_view("num_docks_available"),
                                  std::string_view("is_renting")};
    return std::ranges::any_of(kKeys, [&](std::string_view key) {
      return station.at_key(key).error() == simdjson::SUCCESS;
    });
  }

  std::optional<Refusal> read_station(const element& value) {
    const auto object_value = as<object>(value);
    if (!object_value) return missing_field(Reason::kMissingStation, "station_id");
    const object& station = *object_value;
    GbfsStation read;
    if (auto refusal = read_id(station, read.seen.id)) return refusal;
    if (!ids_.insert(read.seen.id).second) {
      ++found_.duplicates;
      return std::nullopt;
    }
    read.is_installed = read_flag(station, "is_installed", true);
    // The counts of a station that is not there mean nothing, be they good or bad.
    if (found_.has_counts && read.is_installed) {
      if (auto refusal = read_bikes(station, read.seen.counts.bikes)) return refusal;
    }
    read.seen.name = read_name(station, language_);
    read.seen.place = read_place(station);
    read.seen.counts.racks = read_racks(station);
    read.seen.is_renting = read_flag(station, "is_renting", true);
    read.seen.is_returning = read_flag(station, "is_returning", true);
    found_.stations.push_back(std::move(read));
    return std::nullopt;
  }

  std::string_view language_;
  GbfsStations found_;
  std::unordered_set<std::string> ids_;
};

std::optional<GbfsSystem> read_system(const object& data, std::string_view language) {
  const auto id = member(data, "system_id");
  const auto timezone = member(data, "timezone");
  if (!id && !timezone) return std::nullopt;
  GbfsSystem system;
  if (id) system.system_id = text_of(*id);
  if (timezone) system.timezone = text_of(*timezone);
  system.name = read_name(data, language);
  return system;
}

std::string keys_of(const object& from) {
  constexpr std::size_t kMost = 5;
  std::vector<std::string> keys;
  for (const auto& [key, value] : from) {
    if (keys.size() == kMost) {
      keys.emplace_back("...");
      break;
    }
    keys.push_back(shown(key));
  }
  return keys.empty() ? "an empty object" : fmt::format("an object with {}", fmt::join(keys, ", "));
}

}  // namespace

Result<GbfsDocument> read_gbfs(std::string_view bytes, std::string_view language) {
  bytes.remove_prefix(byte_order_mark_size(bytes));
  simdjson::dom::parser parser;
  element root;
  if (const auto error = parser.parse(bytes.data(), bytes.size()).get(root)) {
    return fail("no JSON ({})", simdjson::error_message(error));
  }
  GbfsDocument document;
  const auto outer = as<object>(root);
  if (!outer) {
    document.content = GbfsOther{"no object"};
    return document;
  }
  document.head = read_head(*outer);
  const auto data = member_as<object>(*outer, "data");
  if (!data) {
    document.content = GbfsOther{keys_of(*outer)};
  } else if (const auto stations = member_as<array>(*data, "stations")) {
    document.content = StationsReader(language).read(*stations);
  } else if (auto versions = read_versions(*data)) {
    document.content = std::move(*versions);
  } else if (member_as<array>(*data, "vehicles") || member_as<array>(*data, "bikes")) {
    document.content = GbfsVehicles{};
  } else if (auto discovery = read_discovery(*data)) {
    document.content = std::move(*discovery);
  } else if (auto system = read_system(*data, language)) {
    document.content = std::move(*system);
  } else {
    document.content = GbfsOther{"data is " + keys_of(*data)};
  }
  return document;
}

std::string gbfs_kind(const GbfsDocument& document) {
  return std::visit(
      Overloaded{[](const GbfsOther& other) { return "no GBFS document (" + other.found + ")"; },
                 [](const GbfsDiscovery&) { return std::string("a gbfs.json"); },
                 [](const GbfsVersions&) { return std::string("a list of versions"); },
                 [](const GbfsStations& stations) {
                   if (stations.has_counts) return std::string("a station_status");
                   return std::string(stations.stations.empty() && stations.refused.empty()
                                          ? "a list of no stations"
                                          : "a station_information");
                 },
                 [](const GbfsVehicles&) { return std::string("a list of single vehicles"); },
                 [](const GbfsSystem&) { return std::string("a system_information"); }},
      document.content);
}

}  // namespace bikeflow
