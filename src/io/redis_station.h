// A station as Redis has it: a hash under a key of its own, and a message when it changed. Both
// have the topic's fields (feed/topic_record.h), all of them text, and what is counted besides:
//
//   rental_this_hour, return_this_hour    of the window that holds `timestamp`, so far, as the live
//                                         view counts them
//   updated_at                            when this was written, UTC: 2024-08-11T13:30:02Z
//
// Threads: none.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/zone.h"
#include "live/live_view.h"

namespace bikeflow {

using RedisFields = std::vector<std::pair<std::string_view, std::string>>;

// `system` is empty where there is one only; else it comes first, as in the topic. Requires: it was
// seen.
RedisFields redis_fields(const LiveSeen& station, const Zone& zone, std::string_view system,
                         Seconds now);

// The field that says when the state was seen.
inline constexpr std::string_view kRedisSeenField = "timestamp";

// Whether a state that was seen at `written`, as the hash has it, is newer than the station's. One
// that is further ahead than any clock may be says nothing, nor does what is no time.
bool is_older_than(const LiveSeen& station, std::string_view written, const Zone& zone,
                   Seconds now);

// {"rackTotCnt":"15",...}
std::string redis_message(const RedisFields& fields);

}  // namespace bikeflow
