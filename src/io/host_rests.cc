#include "io/host_rests.h"

#include <algorithm>

#include "feed/poll_failure.h"

namespace bikeflow {

void HostRests::refused(const std::string& origin, std::string_view retry_after, const Now& now) {
  std::erase_if(until_ms_, [&](const auto& rest) { return rest.second <= now.monotonic_ms; });
  const auto asked_s = retry_after_s(retry_after, now.wall);
  if (!asked_s || *asked_s == 0) return;
  std::int64_t& until_ms = until_ms_[origin];
  until_ms = std::max(until_ms, now.monotonic_ms + std::min(*asked_s, kLongest) * 1000);
}

bool HostRests::is_resting(const std::string& origin, std::int64_t monotonic_ms) const {
  const auto found = until_ms_.find(origin);
  return found != until_ms_.end() && monotonic_ms < found->second;
}

}  // namespace bikeflow
