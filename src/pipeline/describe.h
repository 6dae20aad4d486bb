// The pipeline as text: what happens to a record, in order, with the settings that rows depend on.
#pragma once

#include <string>

#include "lake/paths.h"
#include "pipeline/task.h"

namespace bikeflow {

// Each line is a stage, a folder of the program, and what it does there.
std::string describe(const TaskSettings& task, const LakeRule& lake);

}  // namespace bikeflow
