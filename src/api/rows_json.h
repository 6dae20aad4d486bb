// Rows of the lake as the API's JSON and CSV, under the names of their columns there.
//
// Threads: none; pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/rows.h"

namespace bikeflow {

std::string rows_json(const std::string& system, const std::vector<HourlyRow>& rows);
std::string rows_csv(const std::vector<HourlyRow>& rows);

struct HourState {
  Window window{};
  std::string state{}, why{};  // "final", "open" or "waiting"; what for
};

// The rows of an hour, added up.
struct HourSums : HourState {
  std::int64_t stations = 0;
  std::int64_t total_rental = 0, total_return = 0, unobserved_change = 0;
  std::int64_t bikes_close = 0, observed_seconds = 0, empty_seconds = 0, full_seconds = 0;

  void add(const HourlyRow& row);
  HourSums& operator+=(const HourSums& other);  // of another file of the same hour
};
std::string sums_json(const std::string& system, const std::vector<HourSums>& hours);

// The same rows by column: the ids of all stations once, in their order, and for each hour an array
// of each column, with null where a station has no row. A station with several rows in an hour, of
// several partitions, is there as many times. `hours` tells their states; an hour of rows that it
// does not have is open.
//
// Requires: rows in the order of time and station, as LakeHours gives them.
std::string hour_columns_json(const std::string& system, const std::vector<HourState>& hours,
                              const std::vector<HourlyRow>& rows);

}  // namespace bikeflow
