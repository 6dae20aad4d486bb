// Real trips, dated anew: every day of the simulated city is one of the published days, the same
// day of the week, in a circle of two weeks; the days of the publication are themselves.
//
// Threads: immutable after construction; share freely.
#pragma once

#include <vector>

#include "base/zone.h"
#include "sim/city.h"
#include "sim/rng.h"

namespace bikeflow {

struct Ride {
  Seconds start = 0;
  Seconds end = 0;
  StationIndex from = 0;
  StationIndex to = 0;
};

class Timetable {
 public:
  // Requires: the Bay Area; `zone` lives longer.
  Timetable(const City& city, const Zone& zone, Rng rng);

  // The rides that begin on the local day that begins at `midnight`, by start. Published times are
  // to the minute; where in the minute is drawn from the seed and the day, the same at every call.
  [[nodiscard]] std::vector<Ride> rides_of_day(Seconds midnight) const;

 private:
  const Zone& zone_;
  Rng rng_;
  std::vector<std::vector<PublishedTrip>> days_;  // by published day
};

}  // namespace bikeflow
