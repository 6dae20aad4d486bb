// The rows of the lake's three data sets. Columns and their meaning: the page "What the numbers
// mean" (doc/semantics.md); their order there is their order in the files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "model/dead_letter.h"
#include "model/observation.h"

namespace bikeflow {

// A half-open span [start, end) of event time.
struct Window {
  Seconds start = 0;
  Seconds end = 0;
  friend auto operator<=>(const Window&, const Window&) = default;
};

// A row of hourly_summary: one station in one window that holds at least one of its observations.
// Invariant: bikes_open + total_return - total_rental + unobserved_change == bikes_close.
struct HourlyRow {
  Window window{};
  std::string station_id{};
  std::int64_t total_rental = 0;
  std::int64_t total_return = 0;
  std::int64_t unobserved_change = 0;
  std::int32_t bikes_open = 0;
  std::int32_t bikes_close = 0;
  std::int32_t bikes_min = 0;
  std::int32_t bikes_max = 0;
  std::int32_t observed_seconds = 0;
  std::int32_t empty_seconds = 0;
  std::int32_t full_seconds = 0;
  std::int32_t largest_rental = 0;
  std::int32_t largest_return = 0;
  friend bool operator==(const HourlyRow&, const HourlyRow&) = default;
};

// An observation that came after the watermark had passed its time.
struct LateRow {
  std::string station_id{};
  Seconds observed_at = 0;
  Counts counts;
  Seconds watermark = 0;  // when it arrived
  std::string source;
  Position position;
  friend bool operator==(const LateRow&, const LateRow&) = default;
};

}  // namespace bikeflow
