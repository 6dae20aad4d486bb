// bikeflow state: what a lake's checkpoints hold, how a backfill is undone, and what settles a
// partition of a topic that has stopped.
#pragma once

#include <optional>
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
  std::optional<std::string> partition;  // of a topic, instead of a job
  bool yes = false;
};
// Without `yes`: lists what would be deleted. With it: deletes the state first, so that a crash
// leaves files that the next discard finds, and never a state that speaks of files that are gone.
Result<ExitStatus> state_discard(const StateDiscardOptions& options, Shell& shell);

// What settles a partition of a topic that has stopped. Each writes an order beside the partition's
// checkpoints (lake/state_order.h), which its owner executes.
struct StateOrderOptions {
  std::string lake;
  std::string partition;          // "bike-station-info/3"
  std::optional<std::string> to;  // rewind: a checkpoint
  bool yes = false;               // files are deleted
};
Result<ExitStatus> state_accept_gap(const StateOrderOptions& options, Shell& shell);
Result<ExitStatus> state_rewind(const StateOrderOptions& options, Shell& shell);
Result<ExitStatus> state_discard_partition(const StateOrderOptions& options, Shell& shell);

void register_state(CommandLine& line);
void register_state_orders(CommandLine& line);  // called by it

}  // namespace bikeflow
