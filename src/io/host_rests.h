// Hosts that have answered 429 and said for how long they want to be left alone: by all feeds of
// theirs, because most providers count the requests of a host and not those of a feed.
//
// Others than the one that was refused wait for a minute at most: some providers count by key, and
// of those a host says no more than that one key's time. A host that answers others and refuses the
// same feed again is such a one: then that feed waits alone.
//
// Threads: none; one owner.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/now.h"

namespace bikeflow {

class HostRests {
 public:
  static constexpr Seconds kLongest = kMinute;

  using Feed = std::uint64_t;

  // The answer 429 came, with that Retry-After; without one, or with one that is none, nothing is
  // known of the others.
  void refused(const std::string& origin, Feed feed, std::string_view retry_after, const Now& now);
  // The host has given that feed what it asked for.
  void answered(const std::string& origin, Feed feed);
  [[nodiscard]] bool is_resting(const std::string& origin, std::int64_t monotonic_ms) const;

 private:
  std::map<std::string, std::int64_t> until_ms_;  // by origin; those that are over go with the next
  // By origin, the feeds whose last answer was a refusal: whether others were answered after it.
  std::map<std::string, std::map<Feed, bool>> refused_;
};

}  // namespace bikeflow
