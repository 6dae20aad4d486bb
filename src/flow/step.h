// What one applied observation did to its station: the movement between it and the one before.
#pragma once

#include "base/time.h"
#include "model/observation.h"

namespace bikeflow {

struct Step {
  bool first = false;  // the first observation of the station: `previous` is not set
  Seconds previous_at = 0;
  Counts previous;
  Seconds at = 0;
  Counts counts;
};

}  // namespace bikeflow
