// Sums over rows of hourly_summary: of an hour, or of a station.
#pragma once

#include <algorithm>
#include <cstdint>

#include "model/rows.h"

namespace bikeflow {

struct RowSums {
  std::int64_t rows = 0;  // of one station and window once
  std::int64_t rentals = 0;
  std::int64_t returns = 0;
  std::int64_t unobserved_change = 0;
  std::int64_t bikes_close = 0;
  std::int64_t observed_seconds = 0;
  std::int64_t empty_seconds = 0;
  std::int64_t full_seconds = 0;
  std::int64_t largest_rental = 0;
  std::int64_t largest_return = 0;

  // `is_again`: a station that moved to another partition has a second row of the window.
  void add(const HourlyRow& row, bool is_again = false) {
    if (!is_again) ++rows;
    rentals += row.total_rental;
    returns += row.total_return;
    unobserved_change += row.unobserved_change;
    bikes_close += row.bikes_close;
    observed_seconds += row.observed_seconds;
    empty_seconds += row.empty_seconds;
    full_seconds += row.full_seconds;
    largest_rental = std::max<std::int64_t>(largest_rental, row.largest_rental);
    largest_return = std::max<std::int64_t>(largest_return, row.largest_return);
  }
};

}  // namespace bikeflow
