#include "live/live_stations.h"

#include <utility>

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
  }
  stations_.push_back(std::move(station));
  if (at > LiveCounts::kNever) mark(static_cast<StationIndex>(stations_.size() - 1));
}

void LiveStations::observe(const Batch& batch, Seconds now) {
  stations_.resize(stations_.size() + batch.new_stations.size());
  for (std::size_t i = 0; i < batch.records.size(); ++i) {
    const Record& record = batch.records[i];
    const Seconds clock = batch.arrived.empty() ? now : batch.arrived[i].clock;
    if (record.observed_at > clock + rule_.future_tolerance) continue;  // a dead letter
    take(record.station, record.observed_at, record.counts);
  }
  for (const auto& [station, about] : batch.about) describe(station, about);
}

void LiveStations::describe(StationIndex index, const StationAbout& about) {
  CHECK(index < stations_.size());
  Station& station = stations_[index];
  if (station.about == about) return;
  station.about = about;
  station.is_about_changed = true;
  mark(index);
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
  const bool is_first = at > last.observed_at;
  station.shown = after(station.before, at, counts);
  mark(index);
  if (!is_first || counts.bikes == station.before.counts.bikes || !is_joined(station.before, at))
    return;
  if (movements_.size() == 2 * kMostMovements) {
    movements_.erase(movements_.begin(), movements_.begin() + kMostMovements);
  }
  const int change = counts.bikes - station.before.counts.bikes;
  movements_.push_back({index, at, static_cast<std::int16_t>(change), counts.bikes});
}

void LiveStations::mark(StationIndex index) {
  if (std::exchange(stations_[index].is_changed, true)) return;
  changed_.push_back(index);
}

bool LiveStations::is_joined(const LiveCounts& last, Seconds at) const {
  return last.observed_at != LiveCounts::kNever && at - last.observed_at <= rule_.max_gap;
}

LiveCounts LiveStations::after(const LiveCounts& last, Seconds at, Counts counts) const {
  LiveCounts now{.observed_at = at, .counts = counts, .window_start = rule_.window_start(at)};
  if (last.window_start == now.window_start) {
    now.rentals = last.rentals;
    now.returns = last.returns;
  }
  if (!is_joined(last, at)) {
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

LiveNews LiveStations::take_news() {
  LiveNews news;
  news.changes.reserve(changed_.size());
  for (const StationIndex index : changed_) {
    Station& station = stations_[index];
    station.is_changed = false;
    LiveChange& change = news.changes.emplace_back(index, station.shown);
    if (std::exchange(station.is_about_changed, false)) change.about = station.about;
  }
  changed_.clear();
  if (movements_.size() > kMostMovements) {
    movements_.erase(movements_.begin(), movements_.end() - kMostMovements);
  }
  news.movements = std::exchange(movements_, {});
  return news;
}

}  // namespace bikeflow
