// bikeflow poll: live feeds into a topic of Kafka. And the same beside the pipeline that reads it.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include "app/command_line.h"
#include "app/config.h"
#include "io/poll_run.h"

namespace bikeflow {

void register_poll(CommandLine& line);

// The producer on a thread of its own. It ends with an interrupt, and makes one where it ends by
// itself, so that what is beside it ends too.
//
// Threads: one owner.
class PollBeside {
 public:
  // The topic is there afterwards.
  static Result<std::unique_ptr<PollBeside>> start(const Config& config, Shell& shell);
  ~PollBeside();  // interrupts
  PollBeside(const PollBeside&) = delete;
  PollBeside& operator=(const PollBeside&) = delete;

  // As PollRun::has_turned(). Threads: any.
  bool has_turned() { return run_->has_turned(); }

  // Interrupts, waits for its end, and says what was done. Requires: called once.
  Result<ExitStatus> end(Shell& shell);

 private:
  PollBeside(std::unique_ptr<PollRun> run, std::string topic);

  std::unique_ptr<PollRun> run_;
  std::string topic_;
  Result<PollRunSummary> summary_;
  std::jthread thread_;
};

}  // namespace bikeflow
