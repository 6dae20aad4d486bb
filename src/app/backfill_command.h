// bikeflow backfill: recorded observations into a lake.
#pragma once

#include "app/command_line.h"

namespace bikeflow {

void register_backfill(CommandLine& line);

}  // namespace bikeflow
