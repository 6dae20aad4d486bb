// A wall clock that jumps against the monotonic one: rounds are stamped with the first, and one
// stamped an hour ahead would close the hour.
//
// The distance of the two clocks is looked at with each poll. Where it differs from the trusted one
// by more than the allowed delay, the clock has jumped: that is reported, and the poll's round is
// held back (it is not used later either: the next one shows what changed). As soon as two polls
// agree on a distance, within the delay, it is the trusted one: two new ones, or a new one and the
// one before the jump. A smaller jump is what the delay is for.
//
// A machine that sleeps jumps as well, where its monotonic clock sleeps with it.
//
// Threads: none; one owner. Not stored: another process has another monotonic clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"

namespace bikeflow {

class ClockWatch {
 public:
  explicit ClockWatch(Seconds delay_s) : delay_ms_(delay_s * 1000) {}

  struct Verdict {
    bool is_held = false;  // the round is not to be used
    std::string report;    // for the log; empty where there is nothing new to say
  };

  // Requires: both read at once, when the poll ended.
  Verdict poll_ended(Seconds wall, std::int64_t monotonic_ms);

  [[nodiscard]] bool is_holding() const { return doubted_ms_.has_value(); }

 private:
  [[nodiscard]] bool agree(std::int64_t one_ms, std::int64_t other_ms) const;

  std::int64_t delay_ms_;
  std::optional<std::int64_t> trusted_ms_;  // the wall clock minus the monotonic one
  std::optional<std::int64_t> doubted_ms_;  // of the last poll, where it was held
};

}  // namespace bikeflow
