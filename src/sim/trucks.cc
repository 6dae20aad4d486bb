#include "sim/trucks.h"

#include <algorithm>

#include "sim/calendar.h"

namespace bikeflow {
namespace {

constexpr std::uint32_t kStationsPerTruck = 60;
constexpr Seconds kShiftStart = 22 * kHour;  // local, and up to an hour and a half later
constexpr Seconds kLatestStartS = 90 * kMinute;
constexpr Seconds kShiftS = 6 * kHour;
constexpr int kMostLoad = 14;
constexpr int kSample = 16;  // stations that a crew looks at before it chooses
constexpr double kOneByOne = 0.65;
constexpr double kDriveMPerS = 5;

}  // namespace

Trucks::Trucks(const City& city, const Zone& zone, const Nearby& nearby, Stock& stock,
               Agenda& agenda, Rng rng)
    : city_(city), zone_(zone), nearby_(nearby), stock_(stock), agenda_(agenda), rng_(rng) {
  const auto count = static_cast<std::uint32_t>(city.stations.size());
  trucks_.resize(std::max(1U, count / kStationsPerTruck));
}

void Trucks::begin(Seconds start) {
  const auto stations = static_cast<std::uint32_t>(city_.stations.size());
  const Seconds last_shift = next_time_of_day(zone_, start - kDay, kShiftStart);
  for (std::uint32_t i = 0; i < trucks_.size(); ++i) {
    trucks_[i].at = rng_.below(stations);
    Seconds at = last_shift + rng_.between(0, kLatestStartS);
    if (at + kShiftS <= start) at = next_time_of_day(zone_, start, kShiftStart);
    trucks_[i].shift_end = at + kShiftS;
    agenda_.add({.at = std::max(at, start), .who = this, .what = kStartShift, .number = i});
  }
}

void Trucks::act(const Errand& errand) {
  switch (errand.what) {
    case kStartShift:
      start_shift(errand);
      break;
    case kChooseStop:
      choose_stop(errand);
      break;
    default:
      handle_one(errand);
  }
}

void Trucks::start_shift(const Errand& errand) {
  Truck& truck = trucks_[errand.number];
  if (truck.shift_end <= errand.at) truck.shift_end = errand.at + kShiftS;
  const Seconds next =
      next_time_of_day(zone_, errand.at + kShiftS, kShiftStart) + rng_.between(0, kLatestStartS);
  agenda_.add({.at = next, .who = this, .what = kStartShift, .number = errand.number});
  agenda_.add({.at = errand.at, .who = this, .what = kChooseStop, .number = errand.number});
}

int Trucks::surplus(StationIndex station) const {
  return stock_.bikes(station) - std::max(3, stock_.racks(station) * 4 / 5);
}

int Trucks::need(StationIndex station) const {
  return stock_.racks(station) / 2 - stock_.bikes(station);
}

// The best of some stations drawn from those nearby, the own one not among them.
template <class Score>
StationIndex Trucks::best_near(StationIndex station, Score score) {
  const auto list = nearby_.of(station);
  StationIndex best = station;
  int best_score = 0;
  if (list.empty()) return best;
  for (int i = 0; i < kSample; ++i) {
    const StationIndex drawn = list[rng_.below(static_cast<std::uint32_t>(list.size()))].station;
    if (const int drawn_score = score(drawn); drawn_score > best_score) {
      best = drawn;
      best_score = drawn_score;
    }
  }
  return best;
}

void Trucks::choose_stop(const Errand& errand) {
  Truck& truck = trucks_[errand.number];
  if (truck.load.empty()) {
    if (errand.at >= truck.shift_end) return;  // home, until the next shift
    const StationIndex from = best_near(truck.at, [&](StationIndex s) { return surplus(s); });
    if (from == truck.at) {  // nothing to do here: look again later
      agenda_.add({.at = errand.at + 15 * kMinute,
                   .who = this,
                   .what = kChooseStop,
                   .number = errand.number});
      return;
    }
    drive(errand.number, from, errand.at, kLoadOne, std::min(surplus(from), kMostLoad));
    return;
  }
  const StationIndex to = best_near(truck.at, [&](StationIndex s) { return need(s); });
  // Where no station needs bikes, the next one gets them: a load never stays on the truck.
  const int load = static_cast<int>(truck.load.size());
  const int bikes = to == truck.at ? load : std::min(need(to), load);
  drive(errand.number, to, errand.at, kUnloadOne, bikes);
}

void Trucks::drive(std::uint32_t number, StationIndex to, Seconds from_time, What what, int bikes) {
  Truck& truck = trucks_[number];
  const double metres = distance_km(city_.stations[truck.at], city_.stations[to]) * 1000;
  const Seconds at = from_time + rng_.between(2 * kMinute, 6 * kMinute) +
                     static_cast<Seconds>(metres / kDriveMPerS);
  truck.at = to;
  truck.wanted = bikes;
  truck.one_by_one = rng_.chance(kOneByOne);
  agenda_.add({.at = at, .who = this, .what = what, .station = to, .number = number});
}

void Trucks::handle_one(const Errand& errand) {
  Truck& truck = trucks_[errand.number];
  if (errand.what == kLoadOne) {
    // Riders may have been faster.
    if (stock_.can_take(errand.station)) {
      truck.load.push_back(stock_.take(errand.station, errand.at, Cause::kTruck));
    } else {
      truck.wanted = 1;
    }
  } else {
    stock_.put(errand.station, errand.at, Cause::kTruck, truck.load.back());
    truck.load.pop_back();
  }
  const bool more = --truck.wanted > 0;
  Errand next = errand;
  if (!more) {
    next.what = kChooseStop;
    next.at += kMinute;
  } else if (truck.one_by_one) {
    next.at += rng_.between(20, 60);
  }
  agenda_.add(next);
}

}  // namespace bikeflow
