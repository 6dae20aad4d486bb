// What the kernel says of this process.
//
// Threads: any.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace bikeflow {

struct ProcessNumbers {
  std::int64_t resident_bytes = 0;
  double cpu_seconds = 0;  // of the user and of the system
  Seconds started_at = 0;
  std::int64_t open_files = 0;
};

// What cannot be read is 0.
ProcessNumbers process_numbers();

}  // namespace bikeflow
