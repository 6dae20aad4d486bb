// The clocks of the machine. Nothing outside io/ and app/ reads one: time is passed in.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace bikeflow {

// Seconds since 1970-01-01T00:00:00Z; goes back or jumps when someone sets the clock.
Seconds wall_now();

// Milliseconds from an arbitrary start; never goes back. For waits, rates and progress.
std::int64_t monotonic_ms();

}  // namespace bikeflow
