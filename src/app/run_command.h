// bikeflow run: the pipeline as a service, from live feeds or from a topic of Kafka.
#pragma once

#include "app/command_line.h"

namespace bikeflow {

void register_run(CommandLine& line);

}  // namespace bikeflow
