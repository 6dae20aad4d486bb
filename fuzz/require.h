// What a fuzzer holds true of what came of any bytes.
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "feed/utf8.h"
#include "model/dead_letter.h"

namespace bikeflow {

// The fuzzer ends here where it does not hold, and keeps the input.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, what);
  std::abort();
}

inline void require_readable(const Refusal& refusal) {
  require(!refusal.detail.empty() && refusal.detail.size() < 600 && is_utf8(refusal.detail),
          "a detail that nobody can read");
}

}  // namespace bikeflow
