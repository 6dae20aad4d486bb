#include "sim/calendar.h"

namespace bikeflow {
namespace {

Seconds floor_day(Seconds local) { return local - ((local % kDay) + kDay) % kDay; }

Seconds at_local(const Zone& zone, Seconds local, Seconds near) {
  return zone.from_local(local, near).value_or(local - zone.offset_at(near));
}

}  // namespace

LocalClock local_clock(const Zone& zone, Seconds at) {
  const Seconds local = at + zone.offset_at(at);
  const Seconds midnight = floor_day(local);
  // 1970-01-01 was a Thursday.
  return {.second_of_day = local - midnight,
          .weekday = static_cast<int>(((midnight / kDay + 4) % 7 + 7) % 7)};
}

Seconds midnight_before(const Zone& zone, Seconds at) {
  return at_local(zone, floor_day(at + zone.offset_at(at)), at);
}

Seconds next_time_of_day(const Zone& zone, Seconds at, Seconds second_of_day) {
  Seconds local = floor_day(at + zone.offset_at(at)) + second_of_day;
  for (;; local += kDay) {
    const Seconds time = at_local(zone, local, at);
    if (time > at) return time;
  }
}

}  // namespace bikeflow
