// Which of the given inputs a backfill reads, in what order, and where it goes on, by what the
// lake's job has read before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/input_plan.h"
#include "pipeline/job.h"

namespace bikeflow {

struct BackfillPlan {
  std::vector<std::size_t> to_read;    // of Job::inputs(), in order
  std::vector<std::string> paths;      // of to_read, as they are named now
  std::vector<Format> formats;         // of to_read
  std::vector<std::string> skipped;    // were read to their end before
  std::int64_t estimated_records = 0;  // of to_read; of pipes it is not known
  bool is_resumed = false;             // the first of to_read was begun before
};

// `found` is in the order in which it would be read. Adds what is new to job.inputs(). `as_one`
// says that the inputs are sorted as one set (--order station). Errors, which name the file and say
// what to do: an input that was begun and is not given again, standard input among them; input from
// before what is already written; another set where one was begun.
Result<BackfillPlan> plan_backfill(const std::vector<InputFile>& found,
                                   const std::string& default_system, bool as_one, Job& job);

}  // namespace bikeflow
