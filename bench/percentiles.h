// What most of many measurements were.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace bikeflow {

class Percentiles {
 public:
  // Requires: not empty.
  explicit Percentiles(std::vector<double> values) : values_(std::move(values)) {
    std::ranges::sort(values_);
  }

  // at(0.5) is the median, at(0) the least and at(1) the most.
  [[nodiscard]] double at(double share) const {
    return values_[static_cast<std::size_t>(share * static_cast<double>(values_.size() - 1))];
  }

 private:
  std::vector<double> values_;
};

}  // namespace bikeflow
