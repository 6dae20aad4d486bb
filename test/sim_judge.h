// Says whether a simulated run ended as the contract wants it, by the reference and by what readers
// of the lake could have seen. It reads the lake's files as anybody would.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/machine.h"

namespace bikeflow::sim {

// How often a run had what it is for: a simulation that never meets a late record proves nothing of
// late records.
struct Met {
  std::int64_t rows = 0, files = 0, markers = 0, late = 0, dead_letters = 0, future = 0,
               time_jumps = 0, repeated = 0, unobserved = 0, idle_closes = 0, lost_polls = 0,
               shared_directories = 0;
  void add(const Met& other);
  [[nodiscard]] std::string text() const;
};

struct Verdict {
  std::vector<std::string> violations;  // the first few; none: all is well
  Met met;
};

// Requires: the machine's run() gave no error.
Verdict judge(const Input& input, const Machine& machine);

// How the hourly files of two runs differ, byte for byte; nothing where they do not.
std::string difference(const Disk::Lake& one, const Disk::Lake& other);

// Of everything that is on the disk.
std::uint64_t fingerprint(const Disk& disk);

}  // namespace bikeflow::sim
