// Sizes in bytes as people read them: "0 bytes", "812 bytes", "1.2 MB" (decimal, as df -H and file
// managers).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/core.h>

namespace bikeflow {

inline std::string format_size(std::int64_t size_bytes) {
  if (size_bytes < 1000) return fmt::format("{} bytes", size_bytes);
  static constexpr std::array<std::string_view, 5> kUnits = {"kB", "MB", "GB", "TB", "PB"};
  double value = static_cast<double>(size_bytes) / 1000;
  std::size_t unit = 0;
  // 999.95 would be written as 1000.0 of its unit.
  while (value >= 999.95 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace bikeflow
