// What a pipeline's settings are, of what its configuration says.
#pragma once

#include <vector>

#include "app/config.h"
#include "base/result.h"
#include "pipeline/log_reader.h"
#include "pipeline/task.h"

namespace bikeflow {

// An Error where a feed does not say which system it is of, and where that is.
Result<void> check_topic_systems(const Config& config);

// The systems that the records of a topic may be of. Requires: checked.
std::vector<SystemConfig> named_systems(const Config& config);
std::vector<LogSystem> log_systems_of(const Config& config);

TaskSettings task_settings_of(const WindowConfig& window);

}  // namespace bikeflow
