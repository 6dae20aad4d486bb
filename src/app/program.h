// The program around its commands: options, output streams, messages, exit status.
//
// Threads: main() only.
#pragma once

#include <string>
#include <vector>

#include "app/command_line.h"

namespace bikeflow {

// Runs what `arguments` (without the program's name) ask for, on the process's own streams.
ExitStatus run_program(CommandLine& line, const std::vector<std::string>& arguments);

}  // namespace bikeflow
