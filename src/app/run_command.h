// bikeflow run: the pipeline as a service. This version has no live source, and says so.
#pragma once

#include "app/command_line.h"

namespace bikeflow {

void register_run(CommandLine& line);

}  // namespace bikeflow
