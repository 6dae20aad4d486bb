// The live read model of a task: as it would be had it seen all that the task has.
#pragma once

#include "live/live_stations.h"
#include "pipeline/task.h"

namespace bikeflow {

// What lets an empty one go on beside a task of these settings.
LiveRule live_rule_of(const TaskSettings& settings);

LiveStations live_stations_of(const Task& task);

}  // namespace bikeflow
