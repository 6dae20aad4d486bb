// bikeflow state: what a lake's checkpoints hold, and how a backfill is undone.
#pragma once

#include <string>

#include "app/command_line.h"

namespace bikeflow {

struct StateShowOptions {
  std::string lake;
  std::string format = "text";
};
Result<ExitStatus> state_show(const StateShowOptions& options, Shell& shell);

struct StateDiscardOptions {
  std::string lake;
  std::string job = "backfill";
  bool yes = false;
};
// Without `yes`: lists what would be deleted. With it: deletes the state first, so that a crash
// leaves files that the next discard finds, and never a state that speaks of files that are gone.
Result<ExitStatus> state_discard(const StateDiscardOptions& options, Shell& shell);

void register_state(CommandLine& line);

}  // namespace bikeflow
