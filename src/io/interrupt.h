// A user's or an operator's wish that the program end: SIGINT or SIGTERM.
//
// Threads: any may ask.
#pragma once

#include <cstdint>

namespace bikeflow {

// From now on the signals are remembered instead of ending the process; the second one ends it at
// once.
void watch_for_interrupts();

[[nodiscard]] bool is_interrupted();

// As if one had come: what ends with this process's other work.
void interrupt();

// Sleeps until the monotonic clock shows `ms` or an interrupt comes; false where one came.
bool sleep_until_ms(std::int64_t ms);

}  // namespace bikeflow
