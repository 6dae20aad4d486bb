#include "sim/stock.h"

#include <numeric>

#include "base/check.h"

namespace bikeflow {

Stock::Stock(const City& city, const std::vector<std::int16_t>& bikes)
    : hidden_(city.stations.size()) {
  CHECK(bikes.size() == city.stations.size());
  shown_.reserve(bikes.size());
  for (std::size_t i = 0; i < bikes.size(); ++i) {
    CHECK(bikes[i] >= 0);
    shown_.push_back({.bikes = bikes[i], .racks = city.stations[i].racks});
  }
}

std::uint32_t Stock::take(StationIndex station, Seconds at, Cause cause) {
  if (bikes(station) == 0) reveal(station, at);
  change(station, at, cause, ++trips_, -1);
  return trips_;
}

void Stock::put(StationIndex station, Seconds at, Cause cause, std::uint32_t trip) {
  change(station, at, cause, trip, +1);
}

void Stock::hide(StationIndex station, Seconds at) {
  change(station, at, Cause::kSensor, ++trips_, -1);
  hidden_[station].push_back(trips_);
}

void Stock::reveal(StationIndex station, Seconds at) {
  CHECK(!hidden_[station].empty());
  change(station, at, Cause::kSensor, hidden_[station].back(), +1);
  hidden_[station].pop_back();
}

std::int64_t Stock::fleet() const {
  const auto add = [](std::int64_t sum, const Counts& counts) { return sum + counts.bikes; };
  return std::accumulate(shown_.begin(), shown_.end(), std::int64_t{0}, add) +
         std::accumulate(away_.begin(), away_.end(), std::int64_t{0});
}

void Stock::change(StationIndex station, Seconds at, Cause cause, std::uint32_t trip, int by) {
  std::int16_t& bikes = shown_[station].bikes;
  bikes = static_cast<std::int16_t>(bikes + by);
  CHECK(bikes >= 0 && bikes <= Counts::kMost);
  away_[static_cast<std::size_t>(cause)] -= by;
  events_.push_back({.at = at,
                     .station = station,
                     .trip = trip,
                     .change = static_cast<std::int8_t>(by),
                     .cause = cause});
}

}  // namespace bikeflow
