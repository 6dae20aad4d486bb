// Where names that must not repeat come from. A source of random numbers is always passed in; only
// app/ passes this one.
#pragma once

#include <cstdint>
#include <functional>

namespace bikeflow {

using RandomSource = std::function<std::uint64_t()>;

// 64 bits from the kernel's generator.
std::uint64_t system_random();

}  // namespace bikeflow
