// The demo's look at the city while it runs, as text for a terminal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/terminal.h"
#include "base/time.h"
#include "base/zone.h"

namespace bikeflow {

struct BusyStation {
  std::string id;
  std::string name;
  std::int64_t rentals = 0;
  std::int64_t returns = 0;
  int bikes = 0;
  int racks = 0;  // 0: unknown
};

// Everything that a frame shows.
struct DemoFrame {
  std::string title;  // "Seoul: real stations, simulated riders"
  Seconds now = 0;    // the city's clock
  double speed = 1;   // reached, not asked for
  double done = -1;   // share of the time that it will run; negative: until it is stopped
  double seconds_left = 0;
  std::int64_t stations = 0;
  std::int64_t observations = 0;
  std::int64_t bikes = 0;
  std::int64_t empty = 0;
  std::int64_t full = 0;
  Seconds watermark = 0;
  Seconds hour_start = 0;  // of the hour in hand
  std::int64_t rentals = 0;
  std::int64_t returns = 0;
  Seconds last_hour_start = 0;  // of the last hour in the lake; 0: none yet
  std::int64_t last_rentals = 0;
  std::int64_t last_returns = 0;
  std::int64_t files = 0;
  std::vector<BusyStation> busiest;
};

// Lines of at most the terminal's width, each ended by a line break.
std::string render(const DemoFrame& frame, const Zone& zone, const Terminal& terminal);

}  // namespace bikeflow
