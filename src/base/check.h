// CHECK: a bug of ours ends the program at once, in release builds too, with the place and the
// values.
//
// Never for input or for the world: those get a dead letter or an Error.
#pragma once

#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>

#define BIKEFLOW_CHECK_FAIL(what) \
  (fmt::print(stderr, "{}:{}: CHECK failed: {}\n", __FILE__, __LINE__, what), std::abort())

#define CHECK(condition) ((condition) ? void() : BIKEFLOW_CHECK_FAIL(#condition))
