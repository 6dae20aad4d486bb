#include "sim/timetable.h"

#include <algorithm>

namespace bikeflow {

Timetable::Timetable(const City& city, const Zone& zone, Rng rng)
    : zone_(zone), rng_(rng), days_(kPublishedDays) {
  for (const PublishedTrip& trip : published_trips(city)) {
    // The published weeks have no clock change, so a day is 24 hours.
    days_[static_cast<std::size_t>((trip.started_at - kPublishedStart) / kDay)].push_back(trip);
  }
}

std::vector<Ride> Timetable::rides_of_day(Seconds midnight) const {
  const Seconds first_local = kPublishedStart + zone_.offset_at(kPublishedStart);
  const Seconds days = (midnight + zone_.offset_at(midnight) - first_local) / kDay;
  const Seconds day = (days % kPublishedDays + kPublishedDays) % kPublishedDays;
  const Seconds shift = midnight - (kPublishedStart + day * kDay);
  Rng rng = rng_.fork(static_cast<std::uint64_t>(midnight));
  std::vector<Ride> rides;
  for (const PublishedTrip& trip : days_[static_cast<std::size_t>(day)]) {
    rides.push_back({.start = trip.started_at + shift + rng.below(kMinute),
                     .end = trip.ended_at + shift + rng.below(kMinute),
                     .from = trip.from,
                     .to = trip.to});
    rides.back().end = std::max(rides.back().end, rides.back().start + 1);
  }
  std::ranges::stable_sort(rides, {}, &Ride::start);
  return rides;
}

}  // namespace bikeflow
