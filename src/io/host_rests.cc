#include "io/host_rests.h"

#include <algorithm>
#include <utility>

#include "feed/poll_failure.h"

namespace bikeflow {

void HostRests::refused(const std::string& origin, Feed feed, std::string_view retry_after,
                        const Now& now) {
  std::erase_if(until_ms_, [&](const auto& rest) { return rest.second <= now.monotonic_ms; });
  const auto asked_s = retry_after_s(retry_after, now.wall);
  if (!asked_s || *asked_s == 0) return;
  if (std::exchange(refused_[origin][feed], false)) return;
  std::int64_t& until_ms = until_ms_[origin];
  until_ms = std::max(until_ms, now.monotonic_ms + std::min(*asked_s, kLongest) * 1000);
}

void HostRests::answered(const std::string& origin, Feed feed) {
  const auto found = refused_.find(origin);
  if (found == refused_.end()) return;
  found->second.erase(feed);
  for (auto& [other, were_others_answered] : found->second) were_others_answered = true;
  if (found->second.empty()) refused_.erase(found);
}

bool HostRests::is_resting(const std::string& origin, std::int64_t monotonic_ms) const {
  const auto found = until_ms_.find(origin);
  return found != until_ms_.end() && monotonic_ms < found->second;
}

}  // namespace bikeflow
