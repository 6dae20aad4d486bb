// When a run that goes on until it is stopped says in the log how far it is: each minute, and first
// sooner, as who has begun it wants to see that it works.
#pragma once

#include <cstdint>

namespace bikeflow {

inline constexpr std::int64_t kFirstReportMs = 10'000;
inline constexpr std::int64_t kReportMs = 60'000;

}  // namespace bikeflow
