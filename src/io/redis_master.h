// Finds the Redis that takes writes and gets in: the one of the URL, or the one that a sentinel
// names and that says itself that it is the master.
//
// Threads: as of RedisLink.
#pragma once

#include <span>

#include "base/result.h"
#include "io/redis_link.h"
#include "io/redis_settings.h"

namespace bikeflow {

// What the error says is for whoever configured it: each sentinel that was asked, and what to do.
Result<RedisLink> open_redis(RedisDialer& dialer, const RedisSettings& settings);

// Where the sentinels say that the master is: the answer of the first that has one. Requires: there
// are sentinels.
Result<RedisPlace> ask_sentinels(RedisDialer& dialer, const RedisSettings& settings);

}  // namespace bikeflow
