// How near the rows of a lake come to what really happened, and why they differ.
//
// Threads: none; one owner.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>

#include "model/rows.h"
#include "sim/city.h"
#include "sim/truth.h"

namespace bikeflow {

// One direction, summed over stations and hours:
//   riders + trucks + sensors + edge - cancelled - missed = shown
struct FlowScore {
  std::int64_t riders = 0;     // true trips that began (or ended) in these hours
  std::int64_t trucks = 0;     // bikes that trucks took (or brought)
  std::int64_t sensors = 0;    // bikes that sensors lost (or found)
  std::int64_t cancelled = 0;  // inside one interval between polls: never seen
  std::int64_t missed = 0;     // polls and pages that did not come
  std::int64_t edge = 0;   // before the first hour and seen in it, less: in the last, seen after it
  std::int64_t shown = 0;  // so many the feed can show
  std::int64_t inferred = 0;  // so many the rows say

  [[nodiscard]] std::int64_t unexplained() const { return inferred - shown; }  // should be 0
  // The rows' total for each true one. Requires: riders > 0.
  [[nodiscard]] double ratio() const {
    return static_cast<double>(inferred) / static_cast<double>(riders);
  }
};

struct Score {
  std::int64_t hours = 0;
  std::int64_t rows = 0;
  FlowScore rentals;
  FlowScore returns;
  // Over the stations' hours with a true rental or an inferred one:
  std::int64_t active_station_hours = 0;
  std::int64_t absolute_error = 0;  // sum of |inferred - true| rentals

  [[nodiscard]] double mean_absolute_error() const {
    return active_station_hours == 0
               ? 0.0
               : static_cast<double>(absolute_error) / static_cast<double>(active_station_hours);
  }
};

class Scorer {
 public:
  // Requires: `city` lives longer.
  explicit Scorer(const City& city);

  // Adds whole hours with their rows: windows of one hour that follow each other by one hour. Rows
  // of other hours or unknown stations are left out.
  void add(std::span<const HourTruth> hours, std::span<const HourlyRow> rows);

  [[nodiscard]] const Score& score() const { return score_; }

 private:
  std::unordered_map<std::string_view, StationIndex> index_of_;
  Score score_;
};

}  // namespace bikeflow
