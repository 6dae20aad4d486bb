#include "sim/nearby.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace bikeflow {

Nearby::Nearby(const City& city, double radius_km) {
  const std::size_t count = city.stations.size();
  CHECK(count <= UINT16_MAX && radius_km <= 65);
  // From west to east, so that only those less than a radius away in that direction are compared.
  std::vector<std::uint16_t> by_east(count);
  for (std::size_t i = 0; i < count; ++i) by_east[i] = static_cast<std::uint16_t>(i);
  std::ranges::stable_sort(by_east, {}, [&](std::uint16_t i) { return city.stations[i].east_km; });

  std::vector<std::vector<Neighbour>> lists(count);
  for (std::size_t i = 0; i < count; ++i) {
    const CityStation& a = city.stations[by_east[i]];
    for (std::size_t j = i + 1; j < count; ++j) {
      const CityStation& b = city.stations[by_east[j]];
      if (b.east_km - a.east_km > radius_km) break;
      if (std::abs(b.north_km - a.north_km) > radius_km) continue;
      const double km = distance_km(a, b);
      if (km > radius_km) continue;
      const auto metres = static_cast<std::uint16_t>(km * 1000);
      lists[by_east[i]].push_back({.station = by_east[j], .metres = metres});
      lists[by_east[j]].push_back({.station = by_east[i], .metres = metres});
    }
  }
  begin_.reserve(count + 1);
  begin_.push_back(0);
  for (std::vector<Neighbour>& list : lists) {
    std::ranges::sort(list, [](const Neighbour& a, const Neighbour& b) {
      return a.metres != b.metres ? a.metres < b.metres : a.station < b.station;
    });
    neighbours_.insert(neighbours_.end(), list.begin(), list.end());
    begin_.push_back(static_cast<std::uint32_t>(neighbours_.size()));
  }
}

}  // namespace bikeflow
