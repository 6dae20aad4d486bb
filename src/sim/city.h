// The two cities that can be simulated, and their stations. Their data are inside the program, so
// that it needs no file beside it; where they come from is said in examples/README.md.
//
// seoul:   real stations; racks and riders are drawn from the seed. Ids are ST-(number - 98), which
// is
//          right for the stations whose id is known (102, 103 and 104 are ST-4, ST-5 and ST-6).
// bayarea: real stations and racks, and real trips of two weeks in June 2014.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/batch.h"

namespace bikeflow {

enum class CityName : std::uint8_t { kSeoul, kBayArea };

struct CityStation {
  std::string id;                   // "ST-4"
  std::string name;                 // as the feed writes it: "102. 망원역 1번출구 앞"
  std::string district;             // Seoul only
  std::string latitude, longitude;  // degrees, as the feed writes them: "37.55564880"
  // Kilometres east and north of the city's south-west corner. On a sphere cut flat at 37.55
  // degrees north, where both cities are: right to one part in a hundred.
  double east_km = 0, north_km = 0;
  std::int16_t racks = 0;  // 0: a place without racks, as the feed has some
};

struct City {
  CityName name = CityName::kSeoul;
  std::string id;                     // of the system: "seoul"
  std::string title;                  // "Seoul"
  std::string time_zone;              // "Asia/Seoul"
  std::vector<CityStation> stations;  // a StationIndex counts them
};

// How far apart two stations are, in kilometres as the crow flies.
double distance_km(const CityStation& a, const CityStation& b);

Result<CityName> parse_city_name(std::string_view text);

inline constexpr std::uint32_t kAllStations = UINT32_MAX;

// `stations` is how many to take: of Seoul the first ones by number, of the Bay Area those with the
// most trips. Errors: 0, or more than the city has.
Result<City> make_city(CityName name, std::uint32_t stations, std::uint64_t seed);

// A real trip as it was published: times are to the minute.
struct PublishedTrip {
  Seconds started_at = 0;
  Seconds ended_at = 0;
  StationIndex from = 0;
  StationIndex to = 0;
};

// The published trips between stations of `city`, by start. They cover kPublishedDays whole days of
// the zone from kPublishedStart on, a Monday. Requires: the Bay Area.
std::vector<PublishedTrip> published_trips(const City& city);
inline constexpr Seconds kPublishedStart = 1'401'692'400;  // 2014-06-02T00:00:00-07:00
inline constexpr int kPublishedDays = 14;

}  // namespace bikeflow
