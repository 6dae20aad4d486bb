// A small generated input, with everything in it that recorded files and feeds are known for:
// stretches of equal counts, gaps, disorder, duplicates, conflicts, late records, records that
// cannot be read, times in the future, jumps ahead that are true and that are not, silences, both
// changes of daylight saving, zones with half hours.
//
// Threads: immutable after generate().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/zone.h"
#include "pipeline/job.h"
#include "sim/rng.h"

namespace bikeflow::sim {

struct System {
  std::string name;
  Zone zone;
  std::vector<std::string> stations;
};

// One record of the input.
struct Entry {
  std::uint32_t system = 0;
  std::uint32_t station = 0;
  Seconds observed_at = 0;
  Counts counts;
  std::optional<Reason> unreadable;  // the reader refuses it
};

// What is read at once, and when: a poll of a feed, or a whole file, which may be cut anywhere.
struct Part {
  std::string name;
  Seconds read_at = 0;
  std::vector<Entry> entries;
  std::int64_t first_record = 0;  // how many there are in the parts before
};

enum class Source : std::uint8_t {
  kFiles,  // recorded; no clock; read again after a crash
  kLog,    // polls that can be read again, as a simulated city's
  kFeed,   // polls that cannot: what was not committed is lost
  kTopic,  // polls that a producer has sent to a topic
};

struct Input {
  Source source = Source::kFiles;
  bool closes_windows = true;  // at its end
  LakeRule rule;
  TaskSettings task;  // the phase is each zone's
  std::vector<System> systems;
  std::vector<Part> parts;

  [[nodiscard]] bool is_of_files() const { return source == Source::kFiles; }
  [[nodiscard]] TaskSettings task_of(const System& system) const;
};

// Of any source but kTopic.
Input generate(Rng rng);
Input generate_topic(Rng rng);

// How many partitions a topic has when each part is sent: never fewer than before.
using PartitionCounts = std::vector<std::int32_t>;

// What a partition of a topic holds of the input.
std::int32_t partition_of(const Input& input, const Entry& entry, std::int32_t partitions);
Input of_partition(const Input& input, std::int32_t partition, const PartitionCounts& counts);

// The bytes of a record, as the input would hold them.
std::string raw_of(const Input& input, const Entry& entry);

}  // namespace bikeflow::sim
