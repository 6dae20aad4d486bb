#include "sim/city.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_map>

#include "base/check.h"
#include "sim/embedded.h"
#include "sim/rng.h"

namespace bikeflow {
namespace {

using Fields = std::vector<std::string>;

// The next line of one of our own files: fields may be quoted, but hold neither quotes nor line
// ends.
Fields take_line(std::string_view& text) {
  std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  Fields fields(1);
  bool quoted = false;
  for (char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

template <class T>
T number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  CHECK(error == std::errc() && end == text.data() + text.size());
  return value;
}

constexpr double kKmPerDegreeNorth = 111.0;
constexpr double kKmPerDegreeEast = 88.2;  // at 37.55 degrees north

void place(CityStation& station, double west, double south) {
  station.east_km = (number<double>(station.longitude) - west) * kKmPerDegreeEast;
  station.north_km = (number<double>(station.latitude) - south) * kKmPerDegreeNorth;
}

Error too_many(const City& city, std::size_t has, std::uint32_t wanted) {
  return Error{fmt::format("{} has {} stations; {} were asked for", city.id, has, wanted)};
}

// Few places have many racks. One in 250 has none, as in the feed.
std::int16_t draw_racks(Rng& rng) {
  const double size = 6 + 9 * rng.exponential();
  const bool none = rng.chance(0.004);
  return none ? std::int16_t{0} : static_cast<std::int16_t>(std::min(size, 60.0));
}

Result<City> make_seoul(std::uint32_t wanted, std::uint64_t seed) {
  City city{.name = CityName::kSeoul,
            .id = "seoul",
            .title = "Seoul",
            .time_zone = "Asia/Seoul",
            .stations = {}};
  std::string_view text = seoul_stations_csv();
  take_line(text);  // number,name,district,longitude,latitude
  Rng rng = Rng(seed).fork(1);
  while (!text.empty()) {
    const Fields fields = take_line(text);
    CityStation station;
    station.id = fmt::format("ST-{}", number<int>(fields[0]) - 98);
    station.name = fields[0] + ". " + fields[1];
    station.district = fields[2];
    station.longitude = fmt::format("{:.8f}", number<double>(fields[3]));
    station.latitude = fmt::format("{:.8f}", number<double>(fields[4]));
    place(station, 126.79, 37.43);
    station.racks = draw_racks(rng);
    city.stations.push_back(std::move(station));
  }
  if (wanted == kAllStations) return city;
  if (wanted > city.stations.size()) {
    return std::unexpected(too_many(city, city.stations.size(), wanted));
  }
  city.stations.resize(wanted);
  return city;
}

struct RawTrip {
  Seconds started_at, ended_at;
  std::string from, to;
};

std::vector<RawTrip> raw_trips() {
  const std::string csv = bayarea_trips_csv();
  std::string_view text = csv;
  take_line(text);  // trip_id,started_at,start_station_id,ended_at,end_station_id
  std::vector<RawTrip> trips;
  while (!text.empty()) {
    Fields fields = take_line(text);
    trips.push_back({.started_at = number<Seconds>(fields[1]),
                     .ended_at = number<Seconds>(fields[3]),
                     .from = std::move(fields[2]),
                     .to = std::move(fields[4])});
  }
  return trips;
}

Result<City> make_bayarea(std::uint32_t wanted) {
  City city{.name = CityName::kBayArea,
            .id = "bayarea",
            .title = "San Francisco Bay Area",
            .time_zone = "America/Los_Angeles",
            .stations = {}};
  std::string_view text = bayarea_stations_csv();
  take_line(text);  // station_id,name,lat,lon,racks
  while (!text.empty()) {
    Fields fields = take_line(text);
    CityStation station;
    station.id = std::move(fields[0]);
    station.name = std::move(fields[1]);
    station.latitude = std::move(fields[2]);
    station.longitude = std::move(fields[3]);
    place(station, -122.43, 37.32);
    station.racks = number<std::int16_t>(fields[4]);
    city.stations.push_back(std::move(station));
  }
  if (wanted == kAllStations) return city;
  if (wanted > city.stations.size()) {
    return std::unexpected(too_many(city, city.stations.size(), wanted));
  }
  std::unordered_map<std::string, int> trips_of;
  for (const RawTrip& trip : raw_trips()) {
    ++trips_of[trip.from];
    ++trips_of[trip.to];
  }
  std::ranges::stable_sort(city.stations, std::greater<>(),
                           [&](const CityStation& station) { return trips_of[station.id]; });
  city.stations.resize(wanted);
  return city;
}

}  // namespace

double distance_km(const CityStation& a, const CityStation& b) {
  const double east = a.east_km - b.east_km;
  const double north = a.north_km - b.north_km;
  return std::sqrt(east * east + north * north);
}

Result<CityName> parse_city_name(std::string_view text) {
  if (text == "seoul") return CityName::kSeoul;
  if (text == "bayarea") return CityName::kBayArea;
  return fail("unknown city '{}'; there are seoul and bayarea", text);
}

Result<City> make_city(CityName name, std::uint32_t stations, std::uint64_t seed) {
  if (stations == 0) return fail("a city needs at least one station");
  return name == CityName::kSeoul ? make_seoul(stations, seed) : make_bayarea(stations);
}

std::vector<PublishedTrip> published_trips(const City& city) {
  CHECK(city.name == CityName::kBayArea);
  std::unordered_map<std::string_view, StationIndex> index_of;
  for (StationIndex i = 0; i < city.stations.size(); ++i) index_of.emplace(city.stations[i].id, i);
  std::vector<PublishedTrip> trips;
  for (const RawTrip& trip : raw_trips()) {
    const auto from = index_of.find(trip.from);
    const auto to = index_of.find(trip.to);
    if (from == index_of.end() || to == index_of.end()) continue;
    trips.push_back({.started_at = trip.started_at,
                     .ended_at = trip.ended_at,
                     .from = from->second,
                     .to = to->second});
  }
  return trips;
}

}  // namespace bikeflow
