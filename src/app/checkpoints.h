// The checkpoints of a lake's jobs, for commands that only look at them.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "io/store.h"
#include "pipeline/job.h"

namespace bikeflow {

struct JobCheckpoint {
  std::string folder;  // of the job's state, as the user would name it
  std::string name;    // of the checkpoint; empty where there was no commit yet
  std::size_t size_bytes = 0;
  Result<Job> job;
};

// The current checkpoint of each job that has a state folder in the lake, by name. One that is
// damaged is an Error in its place.
Result<std::vector<JobCheckpoint>> find_checkpoints(const std::string& lake, Store& store);

}  // namespace bikeflow
