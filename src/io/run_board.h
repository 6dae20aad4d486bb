// Where a run puts its numbers, and whoever wants to know reads them.
//
// Threads: any.
#pragma once

#include <mutex>

#include "pipeline/run_numbers.h"

namespace bikeflow {

class RunBoard {
 public:
  // Each second or so, and whenever what is counted is about to be dropped.
  void tell(const RunNumbers& now) {
    const std::scoped_lock lock(mutex_);
    totals_.follow(now);
  }
  [[nodiscard]] RunNumbers numbers() const {
    const std::scoped_lock lock(mutex_);
    return totals_.numbers();
  }

 private:
  mutable std::mutex mutex_;
  RunTotals totals_;
};

}  // namespace bikeflow
