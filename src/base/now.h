// When something happens, by both clocks of a machine. Whoever needs the time is given it.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace bikeflow {

struct Now {
  Seconds wall = 0;               // goes back or jumps when someone sets the clock
  std::int64_t monotonic_ms = 0;  // from an arbitrary start; never jumps
};

}  // namespace bikeflow
