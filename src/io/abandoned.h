// What killed processes left of files that they were writing into a lake in a folder:
// _bikeflow/tmp/run-<random>-<number>/, see io/local_store.h.
//
// A process writes below a name of its own, and its file is there for seconds, until it gets its
// name. Which of those names still belongs to a process cannot be asked: it may run on another
// machine, and locks do not reach over every shared folder. So what has lain untouched for a day
// counts as abandoned, by clocks that differ by less. Where that is wrong, because a process slept
// for so long, its put fails, and is made again from the start: nothing is lost.
#pragma once

#include <string>

#include "base/result.h"

namespace bikeflow {

inline constexpr int kAbandonedAfterHours = 24;

// Removes the folders of `run` processes in which nothing has changed for so long. Others, younger
// ones and links are left. An Error where one cannot be looked at or removed.
Result<void> remove_abandoned(const std::string& lake_folder);

}  // namespace bikeflow
