// What a run has to say to people about its work.
#pragma once

#include <functional>
#include <string>

namespace bikeflow {

// Threads: any.
struct RunVoice {
  std::function<void(const std::string&)> info, warning, error;
};

}  // namespace bikeflow
