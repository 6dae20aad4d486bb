// bikeflow simulate: a simulated city as files: what its feed shows, and what really happened.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/command_line.h"

namespace bikeflow {

struct SimulateOptions {
  std::string city = "seoul";
  std::optional<std::int64_t> stations;  // nothing: all
  Seconds poll = 30;
  std::optional<std::string> start;  // nothing: so that it ends at the last midnight
  Seconds span = kDay;
  std::int64_t seed = 1;
  bool no_faults = false;
  std::string form = "recorded";
  std::string out;                   // "-": standard output
  std::optional<std::string> truth;  // likewise
};

// Both files appear under their names when they are whole. `now` is the wall clock's time.
Result<ExitStatus> simulate(const SimulateOptions& options, Seconds now, Shell& shell);

void register_simulate(CommandLine& line);

}  // namespace bikeflow
