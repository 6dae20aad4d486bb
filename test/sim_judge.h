// Says whether a simulated run ended as the contract wants it, by the reference and by what readers
// of the lake could have seen. It reads the lake's files as anybody would.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/fleet.h"
#include "sim/machine.h"

namespace bikeflow::sim {

// How often a run had what it is for: a simulation that never meets a late record proves nothing of
// late records.
struct Met {
  std::int64_t rows = 0, files = 0, markers = 0, late = 0, dead_letters = 0, future = 0,
               time_jumps = 0, repeated = 0, unobserved = 0, idle_closes = 0, lost_polls = 0,
               shared_directories = 0, aged_out = 0;
  void add(const Met& other);
  [[nodiscard]] std::string text() const;
};

struct Verdict {
  std::vector<std::string> violations;  // the first few; none: all is well
  Met met;
};

// What a run left behind, of one partition.
struct Evidence {
  std::int32_t partition = 0;
  const Disk::Lake* lake = nullptr;
  const std::vector<Sight>* sights = nullptr;
  const std::vector<std::size_t>* polls = nullptr;  // of a feed
  const std::vector<IdleClose>* closes = nullptr;
  const std::vector<Seconds>* clocks = nullptr;  // of a log: of each record
  const Result<Job>* job = nullptr;              // the state that is committed
  Seconds closed_by_all = INT64_MAX;             // the lowest watermark of all partitions
};

Verdict judge(const Input& input, const Evidence& evidence);
// Requires: run() gave no error.
Verdict judge(const Input& input, const Machine& machine);
Verdict judge(const Input& input, const Fleet& fleet);

// How the hourly files of two runs differ, byte for byte; nothing where they do not.
std::string difference(const Disk::Lake& one, const Disk::Lake& other);

// Of everything that is on the disk, or in the store.
std::uint64_t fingerprint(const Disk& disk);
std::uint64_t fingerprint(const Bucket& bucket);

}  // namespace bikeflow::sim
