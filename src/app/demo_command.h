// bikeflow demo: a simulated city, faster than life, through the same pipeline as everything else.
#pragma once

#include "app/command_line.h"

namespace bikeflow {

void register_demo(CommandLine& line);

}  // namespace bikeflow
