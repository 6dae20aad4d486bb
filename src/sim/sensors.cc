#include "sim/sensors.h"

#include <algorithm>

#include "sim/calendar.h"

namespace bikeflow {
namespace {

constexpr Seconds kEvening = 20 * kHour;  // local: when the next 24 hours are drawn
constexpr double kHides = 0.75;
constexpr double kRevealsAtNextBeat = 0.38;
constexpr double kStacks = 0.12;
constexpr int kMostHidden = 3;

}  // namespace

Sensors::Sensors(const City& city, const Zone& zone, Stock& stock, Agenda& agenda, Rng rng)
    : zone_(zone), stock_(stock), agenda_(agenda), rng_(rng) {
  for (StationIndex i = 0; i < city.stations.size(); ++i) {
    const bool faulty = rng_.chance(kFaultyStations);
    const Seconds phase = rng_.between(0, kBeat - 1);
    if (faulty) sensors_.push_back({.station = i, .phase = phase, .until = 0});
  }
}

void Sensors::begin(Seconds start) {
  plan_day(next_time_of_day(zone_, start - kDay, kEvening), start);
}

void Sensors::act(const Errand& errand) {
  if (errand.what == kPlanDay) {
    plan_day(errand.at, errand.at);
  } else {
    beat(errand);
  }
}

void Sensors::plan_day(Seconds evening, Seconds not_before) {
  for (std::uint32_t i = 0; i < sensors_.size(); ++i) {
    const Seconds night = evening + rng_.between(2 * kHour, 7 * kHour);
    const Seconds night_end = night + rng_.between(2 * kHour, 6 * kHour);
    const Seconds day = evening + rng_.between(14 * kHour, 22 * kHour);
    const Seconds day_end = day + rng_.between(1, 4) * kBeat;
    const bool flaps_at_night = rng_.chance(kNightsThatFlap);
    const bool flaps_by_day = rng_.chance(kDaysThatFlap);
    if (flaps_at_night) plan_episode(i, std::max(night, not_before), night_end);
    if (flaps_by_day) plan_episode(i, std::max(day, not_before), day_end);
  }
  const Seconds next = next_time_of_day(zone_, evening, kEvening);
  agenda_.add({.at = next, .who = this, .what = kPlanDay});
}

void Sensors::plan_episode(std::uint32_t number, Seconds begin, Seconds end) {
  if (begin >= end) return;
  const Sensor& sensor = sensors_[number];
  const Seconds first = begin + (sensor.phase - begin % kBeat + kBeat) % kBeat;
  agenda_.add({.at = first,
               .who = this,
               .what = kBeatNow,
               .station = sensor.station,
               .target = static_cast<std::uint32_t>(end - begin),
               .number = number});
}

void Sensors::beat(const Errand& errand) {
  Sensor& sensor = sensors_[errand.number];
  if (errand.target > 0) sensor.until = errand.at + errand.target;  // the first beat of an episode
  const StationIndex station = errand.station;
  if (errand.at >= sensor.until) {
    while (stock_.hidden(station) > 0) stock_.reveal(station, errand.at);
    return;
  }
  const int hidden = stock_.hidden(station);
  const bool seen = stock_.bikes(station) > 0;
  if (hidden > 0 && rng_.chance(kRevealsAtNextBeat)) {
    stock_.reveal(station, errand.at);
  } else if (seen && hidden < kMostHidden && rng_.chance(hidden == 0 ? kHides : kStacks)) {
    stock_.hide(station, errand.at);
  }
  Errand next = errand;
  next.at += kBeat;
  next.target = 0;
  agenda_.add(next);
}

}  // namespace bikeflow
