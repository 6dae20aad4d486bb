// bikeflow verify: the lake checked against its own books.
#pragma once

#include <optional>
#include <string>

#include "app/command_line.h"

namespace bikeflow {

struct VerifyOptions {
  std::string lake;
  std::optional<std::string> config, from, to;
  std::string format = "text";
};

// Prints each violation and a summary. kFailed where there is a violation, kUnverified where there
// is none and something could not be looked at.
Result<ExitStatus> verify(const VerifyOptions& options, Shell& shell);

void register_verify(CommandLine& line);

}  // namespace bikeflow
