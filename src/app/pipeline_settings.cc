#include "app/pipeline_settings.h"

#include "base/zone.h"

namespace bikeflow {

std::vector<SystemConfig> named_systems(const Config& config) {
  if (config.feeds.empty()) return {*config.system};
  std::vector<SystemConfig> systems;
  for (const FeedConfig& feed : config.feeds) systems.push_back(feed.system);
  return systems;
}

std::vector<LogSystem> log_systems_of(const Config& config) {
  std::vector<LogSystem> systems;
  for (const SystemConfig& system : named_systems(config)) {
    systems.push_back(
        {system.id, Zone::load(system.timezone).value()});  // the configuration's check
  }
  return systems;
}

TaskSettings task_settings_of(const WindowConfig& window) {
  TaskSettings task;
  task.windows.length = window.length;
  task.windows.slide = window.slide;
  task.delay = window.delay;
  task.max_gap = window.max_gap;
  return task;
}

}  // namespace bikeflow
