// What one station did in one pane, and how panes make a window's row.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/bytes.h"
#include "base/time.h"
#include "model/observation.h"
#include "model/rows.h"

namespace bikeflow {

struct PaneTotals {
  std::int32_t rentals = 0;
  std::int32_t returns = 0;
  std::int32_t unobserved_change = 0;
  std::int32_t observed_seconds = 0;
  std::int32_t empty_seconds = 0;
  std::int32_t full_seconds = 0;
  std::int16_t largest_rental = 0;
  std::int16_t largest_return = 0;
  std::int16_t open = 0;   // the last count before the pane; the first sight's where there is none
  std::int16_t close = 0;  // the last count
  std::int16_t least = 0;  // of `open` and of each observation
  std::int16_t most = 0;
  bool has_observation = false;
  bool is_set =
      false;  // the station has an observation here, or one before that still covers some of it

  // Begins with the count that the station came in with.
  void begin(std::int16_t bikes) {
    open = close = least = most = bikes;
    is_set = true;
  }

  // `counts` were what the station showed for `seconds` of this pane.
  void cover(Counts counts, Seconds seconds) {
    const auto s = static_cast<std::int32_t>(seconds);
    observed_seconds += s;
    if (counts.bikes == 0) empty_seconds += s;
    if (counts.racks > 0 && counts.bikes >= counts.racks) full_seconds += s;
  }

  // The next observation of the station showed `bikes`; `is_gap`: too long after the one before.
  void move_to(std::int16_t bikes, bool is_gap) {
    const int change = bikes - close;
    if (is_gap) {
      unobserved_change += change;
    } else if (change < 0) {
      rentals -= change;
      largest_rental = std::max(largest_rental, static_cast<std::int16_t>(-change));
    } else if (change > 0) {
      returns += change;
      largest_return = std::max(largest_return, static_cast<std::int16_t>(change));
    }
    close = bikes;
    least = std::min(least, bikes);
    most = std::max(most, bikes);
    has_observation = true;
  }

  void save(Writer& out) const;
  bool load(Reader& in);

  friend bool operator==(const PaneTotals&, const PaneTotals&) = default;
};

// Adds a pane to the row of a window that it is the next part of. `row.station_id` is left alone.
void add_pane(HourlyRow& row, const PaneTotals& pane, bool is_first_of_row);

}  // namespace bikeflow
