#include "io/web_rates.h"

#include <algorithm>

#include "base/check.h"

namespace bikeflow {
namespace {
constexpr std::int64_t kMicrosInMs = 1000;
constexpr double kMicrosInSecond = 1e6;
}  // namespace

// A bucket of tokens as one number: when it will be full again.
WebRates::WebRates(double per_s, double burst, std::size_t most_addresses)
    : step_us_(per_s > 0
                   ? std::max<std::int64_t>(static_cast<std::int64_t>(kMicrosInSecond / per_s), 1)
                   : 0),
      burst_us_(static_cast<std::int64_t>(static_cast<double>(step_us_) * (burst - 1))),
      most_addresses_(most_addresses) {
  CHECK(step_us_ == 0 || burst >= 1);
}

std::int64_t WebRates::wait_ms(const std::string& address, std::int64_t monotonic_ms) {
  if (step_us_ == 0) return 0;
  const bool is_known = rested_at_us_.contains(address);
  if (!is_known && rested_at_us_.size() >= most_addresses_) forget_rested(monotonic_ms);
  const bool has_own = is_known || rested_at_us_.size() < most_addresses_;
  std::int64_t& rested_at = rested_at_us_[has_own ? address : ""];
  const std::int64_t now = monotonic_ms * kMicrosInMs;
  rested_at = std::max(rested_at, now);
  const std::int64_t wait = rested_at - now - burst_us_;
  if (wait > 0) return (wait + kMicrosInMs - 1) / kMicrosInMs;
  rested_at += step_us_;
  return 0;
}

void WebRates::forget_rested(std::int64_t monotonic_ms) {
  std::erase_if(rested_at_us_,
                [&](const auto& of) { return of.second <= monotonic_ms * kMicrosInMs; });
}

}  // namespace bikeflow
