// bikeflow show: the lake as a table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/command_line.h"

namespace bikeflow {

struct ShowOptions {
  std::string lake;
  std::optional<std::string> from, to, station, system;
  std::optional<std::int64_t> top;
  bool totals = false;
  std::string format = "table";
};

// Opens the files of the hours asked for and no others, one hour at a time. Where there is nothing
// to show, a message says what there is instead.
Result<ExitStatus> show(const ShowOptions& options, Shell& shell);

void register_show(CommandLine& line);

}  // namespace bikeflow
