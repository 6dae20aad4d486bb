// What the tools that run the reference share: options, stations, and rows as CSV (the lake's
// columns, times in Unix seconds).
#pragma once

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "model/rows.h"
#include "test/reference.h"

namespace bikeflow::reference {

// Whether it is an option that takes seconds.
inline bool set_option(Settings& settings, std::string_view name, const char* value) {
  const std::array<std::pair<std::string_view, Seconds*>, 5> options = {
      {{"--length", &settings.length},
       {"--slide", &settings.slide},
       {"--delay", &settings.delay},
       {"--max-gap", &settings.max_gap},
       {"--phase", &settings.hour_phase}}};
  for (const auto& [option, setting] : options) {
    if (name != option) continue;
    *setting = std::atoll(value);
    return true;
  }
  return false;
}

// One a line; whether the file could be read.
inline bool read_stations(const char* path, Input& input) {
  std::ifstream stations(path);
  for (std::string line; std::getline(stations, line);) input.stations.push_back(line);
  return stations.eof();
}

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
