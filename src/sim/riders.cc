#include "sim/riders.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace bikeflow {
namespace {

constexpr int kWalkReachM = 700;
constexpr int kRideReachM = 900;
constexpr double kWalksOn = 0.7;       // of those who find no bike and have a station in reach
constexpr double kLeavesAnyway = 0.6;  // of those who find no free rack
constexpr int kMostTries = 3;
constexpr double kDetour = 1.3;     // streets to the straight line
constexpr double kRideMPerS = 3.6;  // 13 km/h
constexpr Seconds kHandlingS = 60;  // unlocking and locking
constexpr double kWalkMPerS = 1.2;

}  // namespace

Riders::Riders(const City& city, const Nearby& nearby, Demand demand, Stock& stock, Agenda& agenda,
               Rng rng)
    : city_(city),
      nearby_(nearby),
      demand_(std::move(demand)),
      stock_(stock),
      agenda_(agenda),
      rng_(rng) {}

void Riders::begin() { plan_next_wish(); }

void Riders::act(const Errand& errand) {
  switch (errand.what) {
    case kWish:
      ++counts_.wishes;
      plan_next_wish();
      seek_bike(errand);
      break;
    case kReachBike:
      seek_bike(errand);
      break;
    default:
      seek_rack(errand);
  }
}

void Riders::plan_next_wish() {
  const Wish wish = demand_.next();
  agenda_.add({.at = wish.at, .who = this, .what = kWish, .station = wish.from, .target = wish.to});
}

void Riders::seek_bike(const Errand& errand) {
  if (stock_.bikes(errand.station) > 0) {
    ride(errand, errand.station, draw_ride_s(errand.station, errand.target));
    return;
  }
  if (errand.tries + 1 < kMostTries && rng_.chance(kWalksOn)) {
    for (const Neighbour& near : nearby_.of(errand.station)) {
      if (near.metres > kWalkReachM) break;
      if (stock_.bikes(near.station) == 0 || near.station == errand.target) continue;
      ++counts_.walked_on;
      Errand next = errand;
      next.at += static_cast<Seconds>(near.metres * kDetour / kWalkMPerS);
      next.what = kReachBike;
      next.station = near.station;
      ++next.tries;
      agenda_.add(next);
      return;
    }
  }
  ++counts_.gave_up;
}

void Riders::ride(const Errand& errand, StationIndex from, Seconds ride_s) {
  ++counts_.rides;
  const std::uint32_t trip = stock_.take(from, errand.at, Cause::kRider);
  agenda_.add({.at = errand.at + ride_s,
               .who = this,
               .what = kReachRack,
               .station = errand.target,
               .number = trip});
}

void Riders::seek_rack(const Errand& errand) {
  const int racks = stock_.racks(errand.station);
  const int bikes = stock_.bikes(errand.station);
  const bool full = racks > 0 && bikes >= racks;
  if (full && errand.tries + 1 < kMostTries) {
    // Beyond some three times the racks there is no room on the pavement either.
    const bool room = bikes < 3 * racks + 5;
    if (!room || !rng_.chance(kLeavesAnyway)) {
      for (const Neighbour& near : nearby_.of(errand.station)) {
        if (near.metres > kRideReachM) break;
        if (stock_.racks(near.station) > 0 &&
            stock_.bikes(near.station) >= stock_.racks(near.station)) {
          continue;
        }
        ++counts_.rode_on;
        Errand next = errand;
        next.at += 30 + static_cast<Seconds>(near.metres * kDetour / kRideMPerS);
        next.station = near.station;
        ++next.tries;
        agenda_.add(next);
        return;
      }
    }
  }
  if (full) ++counts_.over_full;
  stock_.put(errand.station, errand.at, Cause::kRider, errand.number);
}

Seconds Riders::draw_ride_s(StationIndex from, StationIndex to) {
  if (from == to) return rng_.between(20 * kMinute, 60 * kMinute);
  const double metres = distance_km(city_.stations[from], city_.stations[to]) * 1000 * kDetour;
  // Some are fast, many stop on the way: skewed as real durations are.
  const double pace = 0.8 + 0.35 * rng_.exponential();
  return kHandlingS + static_cast<Seconds>(metres / kRideMPerS * pace);
}

}  // namespace bikeflow
