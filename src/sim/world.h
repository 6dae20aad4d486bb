// A simulated city in motion: stations, riders, trucks and sensors, from a seed.
//
// Threads: none; one owner. Not movable: its parts refer to each other.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/zone.h"
#include "sim/agenda.h"
#include "sim/city.h"
#include "sim/nearby.h"
#include "sim/replay.h"
#include "sim/riders.h"
#include "sim/sensors.h"
#include "sim/stock.h"
#include "sim/timetable.h"
#include "sim/trucks.h"

namespace bikeflow {

struct WorldOptions {
  Seconds start = 0;  // every bike is parked then
  std::uint64_t seed = 1;
  bool trucks = true;   // Seoul only; without trucks, real trips do not come out
  bool sensors = true;  // some flap
};

class CityWorld {
 public:
  // Requires: `city` and `zone` live longer.
  CityWorld(const City& city, const Zone& zone, const WorldOptions& options);
  CityWorld(const CityWorld&) = delete;
  CityWorld& operator=(const CityWorld&) = delete;

  // Lets everything happen up to `until`, that second included, and keeps only its events.
  const std::vector<CityEvent>& advance(Seconds until) {
    stock_->clear_events();
    agenda_.run(until);
    return stock_->events();
  }

  [[nodiscard]] const Stock& stock() const { return *stock_; }
  // Seoul's riders; nothing happens to those of the Bay Area but what is left out.
  [[nodiscard]] RiderCounts riders() const { return riders_ ? riders_->counts() : RiderCounts{}; }
  [[nodiscard]] std::int64_t left_out() const { return replay_ ? replay_->left_out() : 0; }

 private:
  Agenda agenda_;
  std::unique_ptr<Stock> stock_;
  std::unique_ptr<Nearby> nearby_;        // Seoul
  std::unique_ptr<Riders> riders_;        // Seoul
  std::unique_ptr<Trucks> trucks_;        // Seoul
  std::unique_ptr<Timetable> timetable_;  // the Bay Area
  std::unique_ptr<Replay> replay_;        // the Bay Area
  std::unique_ptr<Sensors> sensors_;
};

}  // namespace bikeflow
