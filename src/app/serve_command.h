// bikeflow serve: only the page and the API, of the whole topic.
#pragma once

#include "app/command_line.h"

namespace bikeflow {

void register_serve(CommandLine& line);

}  // namespace bikeflow
