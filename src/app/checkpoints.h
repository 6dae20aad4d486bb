// The checkpoints of a lake, for commands that only look at them.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "io/store.h"
#include "pipeline/job.h"

namespace bikeflow {

struct JobCheckpoint {
  // Of a topic's partition the group's commit names the checkpoint that counts, and here nobody
  // asks the group: it is a newest one, or the one before.
  enum class Standing : std::uint8_t {
    kCurrent,  // without Kafka: CURRENT names it
    kNewest,   // of a partition: of the highest sequence that can be read
    kBefore,   // of a partition: the predecessor of a newest one
  };
  std::string folder;  // of the state, as the user would name it
  std::string name;    // of the checkpoint; empty where CURRENT cannot be followed
  std::size_t size_bytes = 0;
  Result<Job> job;
  Standing standing = Standing::kCurrent;
};

// Of each job and of each partition of a topic that has a state in the lake, by folder. One that is
// damaged is an Error in its place: of a partition those that are newer than the newest readable
// one, too.
Result<std::vector<JobCheckpoint>> find_checkpoints(Store& store);

}  // namespace bikeflow
