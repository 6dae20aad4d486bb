#include "pipeline/live_of.h"

namespace bikeflow {

LiveRule live_rule_of(const TaskSettings& settings) {
  return {.window_length = settings.windows.length,
          .hour_phase = settings.windows.hour_phase,
          .max_gap = settings.max_gap,
          .future_tolerance = kFutureTolerance};
}

LiveStations live_stations_of(const Task& task) {
  const LiveRule rule = live_rule_of(task.settings());
  struct Movements {
    std::int64_t rentals = 0, returns = 0;
  };
  std::vector<Movements> moved(task.names().size());
  if (task.has_started()) {
    // What its rows would say if nothing more came.
    Task copy = task;
    copy.end_input(task.watermark().latest(), true);
    for (const ClosedWindow& closed : copy.take_closed()) {
      for (const HourlyRow& row : closed.rows) {
        const StationIndex station = task.names().find(row.station_id);
        if (rule.window_start(task.newest_at(station)) == closed.window.start) {
          moved[station] = {row.total_rental, row.total_return};
        }
      }
    }
  }
  LiveStations live(rule);
  for (StationIndex i = 0; i < task.names().size(); ++i) {
    live.restore(task.newest_at(i), task.newest(i), moved[i].rentals, moved[i].returns);
  }
  return live;
}

LiveProgress live_progress_of(const Task& task) {
  LiveProgress progress;
  if (!task.has_started()) return progress;
  progress.watermark = task.watermark().value();
  const Window next = task.next_window();
  progress.window_start = next.start;
  progress.window_end = next.end;
  return progress;
}

LiveSystemAbout live_about_of(const std::string& name, const Zone& zone,
                              const TaskSettings& settings) {
  return {.name = name,
          .timezone = zone.name(),
          .max_gap = settings.max_gap,
          .window_length = settings.windows.length,
          .hour_phase = zone.hour_phase()};
}

LiveFeed live_feed_of(const FeedHealth& health) {
  return {.succeeded_at = health.succeeded_at,
          .data_at = health.data_at,
          .failures_in_a_row = health.failures_in_a_row,
          .reason = health.reason,
          .text = health.text,
          .polls = health.polls,
          .failures = health.failures,
          .rounds_rejected = health.rounds_rejected(),
          .frozen = health.frozen,
          .budget = health.budget};
}

}  // namespace bikeflow
