#include "live/live_stations.h"

#include "base/check.h"

namespace bikeflow {

Fill fill_of(Counts counts) {
  if (counts.bikes == 0) return Fill::kEmpty;
  return counts.racks > 0 && counts.bikes >= counts.racks ? Fill::kFull : Fill::kNeither;
}

Seconds LiveRule::window_start(Seconds t) const {
  return t - ((t + hour_phase) % window_length + window_length) % window_length;
}

void LiveStations::restore(Seconds at, Counts counts, std::int64_t rentals, std::int64_t returns) {
  Station station;
  if (at > LiveCounts::kNever) {
    station.shown = {.observed_at = at,
                     .counts = counts,
                     .since = at,
                     .window_start = rule_.window_start(at),
                     .rentals = static_cast<std::int32_t>(rentals),
                     .returns = static_cast<std::int32_t>(returns)};
    station.before = station.shown;
    station.is_changed = true;
    changed_.push_back(static_cast<StationIndex>(stations_.size()));
  }
  stations_.push_back(station);
}

void LiveStations::observe(const Batch& batch, Seconds now) {
  stations_.resize(stations_.size() + batch.new_stations.size());
  for (std::size_t i = 0; i < batch.records.size(); ++i) {
    const Record& record = batch.records[i];
    const Seconds clock = batch.arrived.empty() ? now : batch.arrived[i].clock;
    if (record.observed_at > clock + rule_.future_tolerance) continue;  // a dead letter
    take(record.station, record.observed_at, record.counts);
  }
}

void LiveStations::take(StationIndex index, Seconds at, Counts counts) {
  CHECK(index < stations_.size());
  Station& station = stations_[index];
  const LiveCounts& last = station.shown;
  if (at > last.observed_at) [[likely]] {
    station.before = last;
  } else if (at < last.observed_at || counts >= last.counts) {
    return;  // out of order, sent again, or the higher of a conflict
  }
  station.shown = after(station.before, at, counts);
  if (station.is_changed) return;
  station.is_changed = true;
  changed_.push_back(index);
}

LiveCounts LiveStations::after(const LiveCounts& last, Seconds at, Counts counts) const {
  LiveCounts now{.observed_at = at, .counts = counts, .window_start = rule_.window_start(at)};
  if (last.window_start == now.window_start) {
    now.rentals = last.rentals;
    now.returns = last.returns;
  }
  if (last.observed_at == LiveCounts::kNever || at - last.observed_at > rule_.max_gap) {
    now.since = at;
    return now;
  }
  const int change = counts.bikes - last.counts.bikes;
  (change < 0 ? now.rentals : now.returns) += change < 0 ? -change : change;
  const bool is_as_before = fill_of(counts) == fill_of(last.counts);
  now.since = is_as_before ? last.since : at;
  now.is_since_exact = !is_as_before || last.is_since_exact;
  return now;
}

void LiveStations::take_changes(std::vector<LiveChange>& changes) {
  for (const StationIndex index : changed_) {
    stations_[index].is_changed = false;
    changes.push_back({index, stations_[index].shown});
  }
  changed_.clear();
}

}  // namespace bikeflow
