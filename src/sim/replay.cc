#include "sim/replay.h"

#include <algorithm>

#include "sim/calendar.h"

namespace bikeflow {
namespace {

constexpr Seconds kSight = 3 * kHour;  // a day's plan looks so far into the next

}  // namespace

Replay::Replay(const City& city, const Zone& zone, const Timetable& timetable, Stock& stock,
               Agenda& agenda, Rng rng)
    : city_(city), zone_(zone), timetable_(timetable), stock_(stock), agenda_(agenda), rng_(rng) {}

void Replay::begin(Seconds start) { plan_day(midnight_before(zone_, start), start); }

void Replay::act(const Errand& errand) {
  switch (errand.what) {
    case kPlanDay:
      plan_day(errand.at, errand.at);
      break;
    case kDepart:
      leave(errand, Cause::kRider, kArrive);
      break;
    case kLift:
      leave(errand, Cause::kTruck, kDrop);
      break;
    default:
      stock_.put(errand.station, errand.at, errand.what == kArrive ? Cause::kRider : Cause::kTruck,
                 errand.number);
  }
}

void Replay::plan_day(Seconds midnight, Seconds from) {
  const Seconds next = next_time_of_day(zone_, midnight, 0);
  const Seconds horizon = next + kSight;
  const std::vector<Ride> rides = timetable_.rides_of_day(midnight);
  std::vector<Ride> foreseen = timetable_.rides_of_day(next);
  foreseen.insert(foreseen.begin(), rides.begin(), rides.end());
  std::erase_if(expected_, [&](const TimedChange& change) { return change.at < from; });

  std::vector<TimedChange> changes = changes_of(foreseen, from, horizon);
  std::ranges::copy_if(expected_, std::back_inserter(changes),
                       [&](const TimedChange& change) { return change.at < horizon; });
  std::ranges::stable_sort(changes, {}, &TimedChange::at);
  std::vector<int> bikes(city_.stations.size());
  for (StationIndex s = 0; s < bikes.size(); ++s) bikes[s] = stock_.bikes(s) + stock_.hidden(s);

  for (const Ride& ride : rides) {
    if (ride.start < from) continue;
    agenda_.add({.at = ride.start,
                 .who = this,
                 .what = kDepart,
                 .station = ride.from,
                 .target = ride.to,
                 .number = static_cast<std::uint32_t>(ride.end - ride.start)});
  }
  for (const TruckMove& move : plan_trucks(city_, bikes, changes, from, rng_)) {
    if (move.lift_at >= next) continue;  // the next day's plan will see the same, and more
    agenda_.add({.at = move.lift_at,
                 .who = this,
                 .what = kLift,
                 .station = move.from,
                 .target = move.to,
                 .number = static_cast<std::uint32_t>(move.drop_at - move.lift_at)});
  }
  agenda_.add({.at = next, .who = this, .what = kPlanDay});
}

void Replay::leave(const Errand& errand, Cause cause, What then) {
  if (!stock_.can_take(errand.station)) {
    if (cause == Cause::kRider) ++left_out_;
    return;
  }
  const Seconds arrival = errand.at + errand.number;
  const std::uint32_t trip = stock_.take(errand.station, errand.at, cause);
  agenda_.add({.at = arrival, .who = this, .what = then, .station = errand.target, .number = trip});
  expected_.push_back({.at = arrival, .station = errand.target, .by = +1});
}

std::vector<std::int16_t> first_bikes(const City& city, const Zone& zone,
                                      const Timetable& timetable, Seconds start) {
  const Seconds midnight = midnight_before(zone, start);
  const Seconds next = next_time_of_day(zone, midnight, 0);
  return first_bikes(city, changes_of(timetable.rides_of_day(midnight), start, next));
}

}  // namespace bikeflow
