// Rows and their places depend on some settings, so what was begun with one value must go on with
// it. No other setting matters.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "pipeline/job.h"

namespace bikeflow {

struct SettingsDifference {
  std::string name, kept, asked;  // "delay", "10m", "5m"
};

// The first setting in which a stored job is another one than is asked for. `zone_of` gives null
// for a system that is not asked for.
std::optional<SettingsDifference> settings_difference(
    const Job& stored, const LakeRule& lake, const TaskSettings& task,
    const std::function<const Zone*(std::string_view system)>& zone_of);

}  // namespace bikeflow
