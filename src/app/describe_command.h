// bikeflow describe: the pipeline as text.
#pragma once

#include "app/command_line.h"

namespace bikeflow {

void register_describe(CommandLine& line);

}  // namespace bikeflow
