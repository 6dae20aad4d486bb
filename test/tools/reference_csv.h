// The reference's rows as CSV: the lake's columns, times in Unix seconds.
#pragma once

#include <cstdio>
#include <iterator>
#include <vector>

#include <fmt/format.h>

#include "model/rows.h"

namespace bikeflow::reference {

inline void print_csv(const std::vector<HourlyRow>& rows, std::FILE* file) {
  fmt::print(file,
             "start,end,stationId,total_rental,total_return,unobserved_change,bikes_open,"
             "bikes_close,bikes_min,bikes_max,observed_seconds,empty_seconds,full_seconds,"
             "largest_rental,largest_return\n");
  fmt::memory_buffer out;
  for (const HourlyRow& row : rows) {
    fmt::format_to(std::back_inserter(out), "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n",
                   row.window.start, row.window.end, row.station_id, row.total_rental,
                   row.total_return, row.unobserved_change, row.bikes_open, row.bikes_close,
                   row.bikes_min, row.bikes_max, row.observed_seconds, row.empty_seconds,
                   row.full_seconds, row.largest_rental, row.largest_return);
  }
  std::fwrite(out.data(), 1, out.size(), file);
}

}  // namespace bikeflow::reference
