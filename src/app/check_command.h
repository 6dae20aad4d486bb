// bikeflow check: the configuration, then each outside thing that it names.
#pragma once

#include <string>

#include "app/command_line.h"

namespace bikeflow {

// A line for each thing: what was tried, what was found, what to do. kFailed where one is wrong,
// kUnverified where none is and one could not be looked at.
Result<ExitStatus> check(const std::string& config_file, Shell& shell);

void register_check(CommandLine& line);

}  // namespace bikeflow
