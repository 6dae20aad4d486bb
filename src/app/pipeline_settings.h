// What a pipeline's settings are, of what its configuration says.
#pragma once

#include <vector>

#include "app/config.h"
#include "pipeline/log_reader.h"
#include "pipeline/task.h"

namespace bikeflow {

// The systems that the records of a topic may be of. Requires: systems_are_known().
std::vector<SystemConfig> named_systems(const Config& config);
std::vector<LogSystem> log_systems_of(const Config& config);

TaskSettings task_settings_of(const WindowConfig& window);

}  // namespace bikeflow
