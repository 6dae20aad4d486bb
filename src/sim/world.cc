#include "sim/world.h"

#include "sim/rng.h"

namespace bikeflow {
namespace {

constexpr double kNearbyKm = 4;

// What the random numbers are for: each has its own, so that one more truck changes no rider.
enum Purpose : std::uint64_t { kBikes = 100, kDemand, kRiders, kTrucks, kReplay, kSensors, kTimes };

std::vector<std::int16_t> draw_bikes(const City& city, Rng rng) {
  std::vector<std::int16_t> bikes;
  for (const CityStation& station : city.stations) {
    const double share = rng.uniform(0.35, 1.05);
    const double places = station.racks > 0 ? station.racks : 8;
    bikes.push_back(static_cast<std::int16_t>(places * share));
  }
  return bikes;
}

}  // namespace

CityWorld::CityWorld(const City& city, const Zone& zone, const WorldOptions& options) {
  const Rng rng(options.seed);
  if (city.name == CityName::kSeoul) {
    nearby_ = std::make_unique<Nearby>(city, kNearbyKm);
    stock_ = std::make_unique<Stock>(city, draw_bikes(city, rng.fork(kBikes)));
    riders_ = std::make_unique<Riders>(
        city, *nearby_, Demand(city, zone, *nearby_, options.start, rng.fork(kDemand)), *stock_,
        agenda_, rng.fork(kRiders));
    riders_->begin();
    if (options.trucks) {
      trucks_ = std::make_unique<Trucks>(city, zone, *nearby_, *stock_, agenda_, rng.fork(kTrucks));
      trucks_->begin(options.start);
    }
  } else {
    timetable_ = std::make_unique<Timetable>(city, zone, rng.fork(kTimes));
    stock_ = std::make_unique<Stock>(city, first_bikes(city, zone, *timetable_, options.start));
    replay_ =
        std::make_unique<Replay>(city, zone, *timetable_, *stock_, agenda_, rng.fork(kReplay));
    replay_->begin(options.start);
  }
  if (options.sensors) {
    sensors_ = std::make_unique<Sensors>(city, zone, *stock_, agenda_, rng.fork(kSensors));
    sensors_->begin(options.start);
  }
}

}  // namespace bikeflow
