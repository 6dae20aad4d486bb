// How far a partition's event time is known to be complete.
#pragma once

#include <algorithm>
#include <limits>

#include "base/time.h"

namespace bikeflow {

// The latest accepted time minus the delay, or further where a close by the clock moved it. Never
// falls.
class Watermark {
 public:
  static constexpr Seconds kNone = std::numeric_limits<Seconds>::min();

  explicit Watermark(Seconds delay) : delay_(delay) {}

  [[nodiscard]] Seconds value() const { return value_; }
  [[nodiscard]] Seconds latest() const { return latest_; }  // kNone before the first observation
  [[nodiscard]] Seconds delay() const { return delay_; }
  [[nodiscard]] bool is_late(Seconds t) const { return t < value_; }

  // An observation was accepted. Requires: not late.
  void accept(Seconds t) {
    if (t > latest_) {
      latest_ = t;
      value_ = std::max(value_, t - delay_);
    }
  }
  // The partition was closed up to `t` without an observation that says so.
  void move_to(Seconds t) { value_ = std::max(value_, t); }

  void restore(Seconds latest, Seconds value) {
    latest_ = latest;
    value_ = value;
  }

 private:
  Seconds delay_;
  Seconds latest_ = kNone;
  Seconds value_ = kNone;
};

}  // namespace bikeflow
