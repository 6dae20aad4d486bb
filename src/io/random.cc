#include "io/random.h"

#include <sys/random.h>

#include "base/check.h"

namespace bikeflow {

std::uint64_t system_random() {
  std::uint64_t value = 0;
  // Up to 256 bytes are never interrupted, and the generator is seeded long before we run.
  CHECK(getrandom(&value, sizeof value, 0) == static_cast<ssize_t>(sizeof value));
  return value;
}

}  // namespace bikeflow
