// How many bikes a station had over the last day: what a curve is drawn of.
//
// Threads: none; one owner.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"

namespace bikeflow {

class LiveTrail {
 public:
  static constexpr Seconds kKept = kDay;

  // So many bikes, seen from `at` to `until` without a change and without a gap.
  struct Stretch {
    std::uint32_t at = 0, until = 0;  // seconds since 1970, good until 2106
    std::int16_t bikes = 0;
    friend bool operator==(const Stretch&, const Stretch&) = default;
  };

  // Times that do not go forward are left out.
  void add(Seconds at, std::int16_t bikes, Seconds max_gap);

  // In the order of time, the last kKept before the newest, of the first one that reaches into it
  // all. Two that follow each other closer than the longest gap are without one between.
  [[nodiscard]] const std::vector<Stretch>& stretches() const { return stretches_; }

 private:
  std::vector<Stretch> stretches_;
};

}  // namespace bikeflow
