// Local days of a simulated city: riders, trucks and sensors live by the clock on the wall.
#pragma once

#include "base/time.h"
#include "base/zone.h"

namespace bikeflow {

struct LocalClock {
  Seconds second_of_day = 0;
  int weekday = 0;  // 0 is Sunday
};

LocalClock local_clock(const Zone& zone, Seconds at);

// The latest local midnight at or before `at`.
Seconds midnight_before(const Zone& zone, Seconds at);

// The first time after `at` when the clock on the wall shows `second_of_day`. On a day that has no
// such time, as far after midnight.
Seconds next_time_of_day(const Zone& zone, Seconds at, Seconds second_of_day);

}  // namespace bikeflow
