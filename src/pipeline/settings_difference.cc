#include "pipeline/settings_difference.h"

#include <vector>

namespace bikeflow {

std::optional<SettingsDifference> settings_difference(
    const Job& stored, const LakeRule& lake, const TaskSettings& task,
    const std::function<const Zone*(std::string_view system)>& zone_of) {
  const LakeRule& kept = stored.settings().lake;
  std::vector<SettingsDifference> all;
  const auto add = [&](std::string name, std::string_view is, std::string_view asked) {
    all.push_back({std::move(name), std::string(is), std::string(asked)});
  };
  const auto add_duration = [&](std::string name, Seconds is, Seconds asked) {
    add(std::move(name), format_duration(is), format_duration(asked));
  };
  add("layout", layout_word(kept.layout), layout_word(lake.layout));
  add("path_time", path_time_word(kept.path_time), path_time_word(lake.path_time));
  for (const auto& partition : stored.partitions()) {
    const PartitionSettings& s = partition->settings();
    if (const Zone* const zone = zone_of(s.system); zone != nullptr) {
      add("the time zone of " + s.system, s.zone.name(), zone->name());
    }
    add_duration("length", s.task.windows.length, task.windows.length);
    add_duration("slide", s.task.windows.slide, task.windows.slide);
    add_duration("delay", s.task.delay, task.delay);
    add_duration("max_gap", s.task.max_gap, task.max_gap);
  }
  for (SettingsDifference& each : all) {
    if (each.kept != each.asked) return std::move(each);
  }
  return std::nullopt;
}

}  // namespace bikeflow
