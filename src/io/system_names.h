// The systems of an input, and the stations of each, by the numbers that batches carry.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>

#include "model/names.h"

namespace bikeflow {

// Threads: none; one owner, who may fill in what is known before the input is read.
class SystemNames {
 public:
  // The number of a system, given now if it has none.
  std::uint32_t intern(std::string_view system) {
    const std::uint32_t number = systems_.intern(system);
    if (number == stations_.size()) stations_.emplace_back();
    return number;
  }

  [[nodiscard]] const Names& systems() const { return systems_; }
  [[nodiscard]] Names& stations(std::uint32_t system) { return stations_[system]; }
  [[nodiscard]] const Names& stations(std::uint32_t system) const { return stations_[system]; }

 private:
  Names systems_;
  std::deque<Names> stations_;  // by the system's number
};

}  // namespace bikeflow
