#include "live/live_outlook.h"

#include <algorithm>
#include <cstdlib>
#include <span>

namespace bikeflow {
namespace {

using Stretch = LiveTrail::Stretch;

// The stretches up to the newest that lie after the last gap, and reach into the time from `from`.
std::span<const Stretch> seen_lately(const LiveTrail& trail, Seconds from, Seconds max_gap) {
  const std::span<const Stretch> all = trail.stretches();
  if (all.empty()) return all;
  std::size_t first = all.size() - 1;
  while (first > 0 && all[first - 1].until >= from &&
         all[first].at - all[first - 1].until <= max_gap) {
    --first;
  }
  return all.subspan(first);
}

}  // namespace

std::optional<LiveForecast> forecast(const LiveTrail& trail, Counts now, Seconds max_gap) {
  if (trail.stretches().empty()) return std::nullopt;
  const Seconds seen_at = trail.stretches().back().until;
  const auto lately = seen_lately(trail, seen_at - kForecastLookBack, max_gap);
  const Seconds over = std::min<Seconds>(seen_at - lately.front().at, kForecastLookBack);
  const int net = lately.back().bikes - lately.front().bikes;
  if (over < kForecastLeastSeen || std::abs(net) < kForecastLeastNet) return std::nullopt;
  const bool falls = net < 0;
  const int left = falls ? now.bikes : now.racks - now.bikes;
  if (left <= 0) return std::nullopt;  // it is so already, or racks are unknown
  const Seconds in = left * over / std::abs(net);
  if (in > kForecastReach) return std::nullopt;
  return LiveForecast{falls ? Fill::kEmpty : Fill::kFull, seen_at + in, net, over};
}

std::optional<LiveFlapping> find_flapping(const LiveTrail& trail, Seconds max_gap) {
  const std::span<const Stretch> seen = trail.stretches();
  if (seen.size() < 2) return std::nullopt;
  const Stretch &newest = seen.back(), &other = seen[seen.size() - 2];
  if (newest.until - newest.at > kFlapPause) return std::nullopt;
  if (std::abs(newest.bikes - other.bikes) > kFlapLargest) return std::nullopt;
  const auto is_gap_after = [&](std::size_t index) {
    return seen[index + 1].at - seen[index].until > max_gap;
  };
  std::size_t first = seen.size() - 2;
  if (is_gap_after(first)) return std::nullopt;
  const auto is_of_it = [&](std::size_t index) {
    return seen[index].bikes == seen[index + 2].bikes && !is_gap_after(index) &&
           seen[index + 2].at - seen[index + 1].at <= kFlapPause;
  };
  while (first > 0 && is_of_it(first - 1)) --first;
  const auto changes = static_cast<int>(seen.size() - 1 - first);
  if (changes < kFlapFewest) return std::nullopt;
  return LiveFlapping{std::min(newest.bikes, other.bikes), std::max(newest.bikes, other.bikes),
                      changes, seen[first + 1].at};
}

std::optional<Seconds> frozen_since(const LiveTrail& trail, Counts now) {
  if (trail.stretches().empty() || fill_of(now) != Fill::kNeither) return std::nullopt;
  const Stretch& last = trail.stretches().back();
  if (last.until - last.at < kFrozenLeast) return std::nullopt;
  return last.at;
}

}  // namespace bikeflow
