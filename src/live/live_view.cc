#include "live/live_view.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace bikeflow {

bool is_stale(const LiveSeen& station, Seconds max_gap, Seconds now) {
  return !station.is_here || station.now.observed_at == LiveCounts::kNever ||
         now - station.now.observed_at > max_gap;
}

const LiveView::System& LiveView::at(std::string_view system) const {
  const auto found = systems_.find(system);
  CHECK(found != systems_.end());
  return found->second;
}

void LiveView::introduce(const std::string& system, LiveSystemAbout about) {
  System& known = systems_[system];
  known.version = ++version_;
  known.about = std::move(about);
}

void LiveView::tell(const LivePart& part, const Names& names, const LiveNews& news) {
  System& system = systems_[part.system];
  system.version = ++version_;
  Part& known = system.parts[part.partition];
  // A new owner of the partition may number its stations otherwise.
  if (!std::exchange(known.is_here, true)) known.numbers.clear();
  const auto number_of = [&](StationIndex index) {
    CHECK(index < names.size());
    while (known.numbers.size() <= index) {
      const auto next = static_cast<std::uint32_t>(known.numbers.size());
      const std::uint32_t number = system.ids.intern(names.at(next));
      if (number == system.stations.size()) {
        system.stations.emplace_back().seen.id = names.at(next);
        system.stations.back().seen.partition = part.partition;
        system.stations.back().version = version_;
      }
      known.numbers.push_back(number);
    }
    return known.numbers[index];
  };
  for (const LiveChange& each : news.changes) {
    change(system, system.stations[number_of(each.station)], part.partition, each);
  }
  for (const LiveMovement& movement : news.movements) {
    if (system.movements.size() == kMostMovements) system.movements.pop_front();
    system.movements.push_back({version_, number_of(movement.station), movement});
  }
}

// A station that has moved from one partition to another is what the newest observation says.
void LiveView::change(System& system, Station& station, std::int32_t partition,
                      const LiveChange& change) {
  LiveSeen& seen = station.seen;
  station.seen_version = version_;
  if (change.about && seen.about != *change.about) {
    seen.about = *change.about;
    station.version = version_;
  }
  if (seen.partition != partition && seen.is_here &&
      seen.now.observed_at > change.now.observed_at) {
    return;
  }
  LiveCounts again = seen.now;
  again.observed_at = change.now.observed_at;
  if (seen.partition != partition || !seen.is_here || again != change.now ||
      seen.now.observed_at == LiveCounts::kNever) {
    station.version = version_;
  }
  seen.partition = partition;
  seen.is_here = true;
  if (seen.now.observed_at != change.now.observed_at) {
    station.trail.add(change.now.observed_at, change.now.counts.bikes, system.about.max_gap);
  }
  seen.now = change.now;
}

void LiveView::tell_progress(const LivePart& part, LiveProgress progress) {
  System& system = systems_[part.system];
  LiveProgress& known = system.parts[part.partition].progress;
  if (known == progress) return;
  known = std::move(progress);
  system.version = ++version_;
}

void LiveView::tell_feed(const std::string& system, LiveFeed feed) {
  System& known = systems_[system];
  known.version = ++version_;
  known.feed = std::move(feed);
}

void LiveView::lose(System& system, std::int32_t partition, Part& part) const {
  system.version = version_;
  part = {.numbers = {}, .is_here = false};
  for (Station& station : system.stations) {
    if (station.seen.partition != partition) continue;
    station.seen.is_here = false;
    station.version = version_;
  }
}

void LiveView::lost(const LivePart& part) {
  const auto system = systems_.find(part.system);
  if (system == systems_.end()) return;
  const auto known = system->second.parts.find(part.partition);
  if (known == system->second.parts.end()) return;
  ++version_;
  lose(system->second, part.partition, known->second);
}

void LiveView::lost_all() {
  ++version_;
  for (auto& [name, system] : systems_) {
    for (auto& [partition, part] : system.parts) lose(system, partition, part);
  }
}

std::uint64_t LiveView::version_of(std::string_view system) const {
  const auto found = systems_.find(system);
  return found == systems_.end() ? 0 : found->second.version;
}

std::vector<std::string> LiveView::systems() const {
  std::vector<std::string> names;
  for (const auto& [name, system] : systems_) names.push_back(name);
  return names;
}

const LiveSystemAbout& LiveView::about(std::string_view system) const { return at(system).about; }

std::size_t LiveView::station_count(std::string_view system) const {
  return at(system).stations.size();
}

LiveChanges LiveView::since(std::string_view system, std::uint64_t after) const {
  const System& known = at(system);
  LiveChanges changes{known.version, {}, {}};
  if (known.version <= after) return changes;
  for (const Station& station : known.stations) {
    if (station.version > after) {
      changes.stations.push_back(station.seen);
    } else if (station.seen_version > after) {
      changes.seen_again[station.seen.now.observed_at].push_back(station.seen.id);
    }
  }
  if (after == 0) return changes;
  for (const Moved& moved : known.movements) {
    if (moved.version > after) changes.movements.push_back(known.told(moved));
  }
  return changes;
}

std::vector<LiveMoved> LiveView::movements(std::string_view system) const {
  const System& known = at(system);
  std::vector<LiveMoved> movements;
  for (const Moved& moved : known.movements) movements.push_back(known.told(moved));
  return movements;
}

std::optional<LiveSeen> LiveView::station(std::string_view system, std::string_view id) const {
  const System& known = at(system);
  const std::uint32_t number = known.ids.find(id);
  if (number == Names::kNone) return std::nullopt;
  return known.stations[number].seen;
}

std::optional<LiveTrail> LiveView::trail(std::string_view system, std::string_view id) const {
  const System& known = at(system);
  const std::uint32_t number = known.ids.find(id);
  if (number == Names::kNone) return std::nullopt;
  return known.stations[number].trail;
}

LiveOutlook LiveView::outlook(std::string_view system, Seconds now) const {
  const System& known = at(system);
  const Seconds max_gap = known.about.max_gap;
  LiveOutlook outlook;
  for (const Station& station : known.stations) {
    if (is_stale(station.seen, max_gap, now)) continue;
    const std::string& id = station.seen.id;
    const Counts counts = station.seen.now.counts;
    if (const auto flapping = find_flapping(station.trail, max_gap)) {
      outlook.flapping.push_back({id, *flapping});
    } else if (const auto next = forecast(station.trail, counts, max_gap)) {
      if (next->at > now)
        outlook.soon.push_back({id, *next});  // else it is not known whether it came true
    } else if (const auto since = frozen_since(station.trail, counts)) {
      outlook.frozen.push_back({id, *since});
    }
  }
  std::ranges::sort(outlook.soon, {}, &LiveOutlook::Soon::id);
  std::ranges::sort(outlook.frozen, {}, &LiveOutlook::Frozen::id);
  std::ranges::sort(outlook.flapping, {}, &LiveOutlook::Flapping::id);
  return outlook;
}

LiveTotals LiveView::totals(std::string_view system, Seconds now) const {
  const System& known = at(system);
  LiveTotals totals;
  totals.known = std::ssize(known.stations);
  for (const Station& station : known.stations) {
    const LiveCounts& seen = station.seen.now;
    totals.data_at = std::max(totals.data_at, seen.observed_at);
    if (seen.window_start > totals.hour_start) {
      totals.hour_start = seen.window_start;
      totals.rentals = totals.returns = 0;
    }
    if (station.seen.is_here && seen.window_start == totals.hour_start) {
      totals.rentals += seen.rentals;
      totals.returns += seen.returns;
    }
    if (is_stale(station.seen, known.about.max_gap, now)) {
      ++totals.stale;
      continue;
    }
    totals.bikes += seen.counts.bikes;
    const Fill fill = fill_of(seen.counts);
    totals.empty += fill == Fill::kEmpty ? 1 : 0;
    totals.full += fill == Fill::kFull ? 1 : 0;
  }
  return totals;
}

std::optional<LiveFeed> LiveView::feed(std::string_view system) const { return at(system).feed; }

std::map<std::int32_t, LiveProgress> LiveView::progress(std::string_view system) const {
  std::map<std::int32_t, LiveProgress> progress;
  for (const auto& [partition, part] : at(system).parts) {
    if (part.is_here) progress[partition] = part.progress;
  }
  return progress;
}

}  // namespace bikeflow
