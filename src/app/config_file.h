// Reads a configuration file with the process's own environment and files.
#pragma once

#include <string>

#include "app/config.h"
#include "app/log.h"
#include "base/result.h"

namespace bikeflow {

// What is wrong goes to the log; the Error then only says that something is, and how much. Files of
// secrets are found from the configuration's folder.
Result<Config> load_config(const std::string& path, ConfigUse use, Log& log);

}  // namespace bikeflow
