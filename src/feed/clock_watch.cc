#include "feed/clock_watch.h"

#include <cstdlib>

#include <fmt/core.h>

namespace bikeflow {
namespace {

std::string shown_jump(std::int64_t by_ms) {
  return fmt::format("{} {}", format_duration(std::abs(by_ms) / 1000),
                     by_ms > 0 ? "forward" : "back");
}

}  // namespace

bool ClockWatch::agree(std::int64_t one_ms, std::int64_t other_ms) const {
  return std::abs(one_ms - other_ms) <= delay_ms_;
}

ClockWatch::Verdict ClockWatch::poll_ended(Seconds wall, std::int64_t monotonic_ms) {
  const std::int64_t distance_ms = wall * 1000 - monotonic_ms;
  if (!trusted_ms_ || agree(distance_ms, *trusted_ms_)) {
    const bool was_holding = is_holding();
    trusted_ms_ = distance_ms;
    doubted_ms_.reset();
    return {false, was_holding ? "the wall clock is back where it was; rounds are used again" : ""};
  }
  const std::int64_t jump_ms = distance_ms - *trusted_ms_;
  if (doubted_ms_ && agree(distance_ms, *doubted_ms_)) {
    trusted_ms_ = distance_ms;
    doubted_ms_.reset();
    return {false, fmt::format("two polls agree that the wall clock was set {}; rounds are used "
                               "again",
                               shown_jump(jump_ms))};
  }
  doubted_ms_ = distance_ms;
  return {true, fmt::format("the wall clock jumped {} against the monotonic one, more than the "
                            "delay of {}: rounds are held back until two polls agree; is the "
                            "machine's time being set?",
                            shown_jump(jump_ms), format_duration(delay_ms_ / 1000))};
}

}  // namespace bikeflow
