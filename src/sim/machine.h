// A machine on which the program is run on one input until it is done: started, killed, started
// again from what the disk holds, as often as the faults want it.
//
// The program here is the shell of the embedded protocol around the product's Job: it reads, hands
// over, commits at moments of its choice and executes effects. Time is the input's.
//
// Threads: none; one owner.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "pipeline/job.h"
#include "sim/conduct.h"
#include "sim/disk.h"
#include "sim/input.h"

namespace bikeflow::sim {

// A decision of the clock: the partition was closed up to `end` before the poll of this number in
// the history was read.
struct IdleClose {
  std::size_t before_poll = 0;
  std::uint32_t system = 0;
  Seconds end = 0;
};

// What became true of a run, in its order: all that its result may depend on besides the input.
struct History {
  std::vector<std::size_t> polls;  // parts of the input, as they were read; empty for files
  std::vector<IdleClose> closes;
};

class Machine {
 public:
  // `rng` is for what a program and its clock do without any fault: how much is read at once, when
  // it commits, which idle hours it closes. Requires: `input` and `conduct` live longer.
  Machine(const Input& input, Conduct& conduct, const Faults& faults, Rng rng);

  // Polls what `history` polled and closes what it closed, and nothing else. Requires: it lives
  // longer.
  void repeat(const History& history) { script_ = &history; }

  // Runs the program until it is done, without faults in the end. An Error where it cannot: a user
  // would be stuck.
  Result<void> run();

  [[nodiscard]] const Disk& disk() const { return disk_; }
  // What is committed.
  [[nodiscard]] const History& history() const { return history_; }

 private:
  friend class Process;

  const Input& input_;
  Conduct& conduct_;
  Rng rng_;
  Disk disk_;
  const History* script_ = nullptr;
  double commits_ = 1, closes_idle_ = 0;
  std::int64_t most_read_ = 1;  // records of a file at once

  int lives_ = 0;
  std::size_t next_poll_ = 0;              // that the feed will give
  History history_;                        // of the running process, or of CURRENT
  std::map<std::string, History> ledger_;  // of each checkpoint
};

}  // namespace bikeflow::sim
