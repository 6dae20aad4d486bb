// The live feeds that a configuration names, each polled once, as bikeflow run would poll it.
//
// Nothing is kept of it: a service that polls the same feeds meanwhile knows nothing of it, but
// that a feed with a daily number of calls has had a few more.
#pragma once

#include <cstdint>

#include "app/checklist.h"
#include "app/config.h"

namespace bikeflow {

// A line for each feed: what it answered, how many of its stations can be read and how old they
// are; or why it cannot be read, and what to do. All are asked at once, for kCheckFeedsMs in all.
inline constexpr std::int64_t kCheckFeedsMs = 30'000;
void check_feeds(const Config& config, Checklist& list);

}  // namespace bikeflow
