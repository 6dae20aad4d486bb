#include "io/outage.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/check.h"
#include "base/time.h"

namespace bikeflow {
namespace {

std::string length(const Now& from, const Now& to) {
  return format_duration(std::max<Seconds>(0, (to.monotonic_ms - from.monotonic_ms) / 1000));
}

}  // namespace

void Outage::failed(std::string_view why, const Now& now) {
  CHECK(!why.empty());
  const std::scoped_lock lock(mutex_);
  // What failed again before its end was told goes on.
  if (why_.empty() && !std::exchange(over_, std::nullopt)) since_ = now;
  why_ = why;
}

void Outage::worked(const Now& now) {
  const std::scoped_lock lock(mutex_);
  if (why_.empty()) return;
  why_.clear();
  if (is_told_) over_ = now;
}

bool Outage::is_due(std::string_view meanwhile, const Now& now) const {
  if (!told_ms_) return true;
  const std::int64_t silent_ms = now.monotonic_ms - *told_ms_;
  if (silent_ms >= kSayAgainMs) return true;
  if (silent_ms < kSettledMs) return false;
  return is_told_ ? told_ != meanwhile : now.monotonic_ms - since_.monotonic_ms >= kSettledMs;
}

std::optional<Outage::News> Outage::take_news(std::string_view meanwhile, const Now& now) {
  const std::scoped_lock lock(mutex_);
  if (over_) {
    const Now end = *std::exchange(over_, std::nullopt);
    is_told_ = false;
    return News{true, fmt::format("{}, after {}", ends_, length(since_, end))};
  }
  if (why_.empty() || !is_due(meanwhile, now)) return std::nullopt;
  told_ms_ = now.monotonic_ms;
  is_told_ = true;
  told_ = meanwhile;
  return News{false, fmt::format("{} since {} ({}): {}; {}", begins_, format_utc(since_.wall),
                                 length(since_, now), why_, meanwhile)};
}

std::string Outage::why() const {
  const std::scoped_lock lock(mutex_);
  return why_;
}

}  // namespace bikeflow
