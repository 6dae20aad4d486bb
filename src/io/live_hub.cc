#include "io/live_hub.h"

#include <chrono>
#include <utility>

#include "base/check.h"

namespace bikeflow {

void LiveHub::tell(const LivePart& part, const Names& names, std::span<const LiveChange> changes) {
  {
    const std::scoped_lock lock(mutex_);
    Part& known = parts_[part];
    ++version_;
    // A new owner tells of all stations that it knows, and may number them otherwise.
    if (!std::exchange(known.is_here, true)) known.stations.clear();
    known.version = version_;
    for (const LiveChange& change : changes) {
      CHECK(change.station < names.size());
      while (known.stations.size() <= change.station) {
        const auto next = static_cast<std::uint32_t>(known.stations.size());
        known.stations.push_back({std::string(names.at(next)), {}, 0});
      }
      Station& station = known.stations[change.station];
      station.now = change.now;
      station.version = version_;
    }
  }
  changed_.notify_all();
}

void LiveHub::lost_all() {
  {
    const std::scoped_lock lock(mutex_);
    ++version_;
    for (auto& [name, part] : parts_) {
      part.is_here = false;
      part.version = version_;
      for (Station& station : part.stations) station.version = version_;
    }
  }
  changed_.notify_all();
}

std::uint64_t LiveHub::version() const {
  const std::scoped_lock lock(mutex_);
  return version_;
}

std::uint64_t LiveHub::wait(std::uint64_t after, int timeout_ms) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [&] { return version_ > after; });
  return version_;
}

LiveHub::Changes LiveHub::since(std::uint64_t after) const {
  const std::scoped_lock lock(mutex_);
  Changes changes{version_, {}};
  for (const auto& [name, part] : parts_) {
    if (part.version <= after) continue;
    for (const Station& station : part.stations) {
      if (station.version <= after) continue;
      changes.stations.push_back({name.system, station.id, station.now, part.is_here});
    }
  }
  return changes;
}

}  // namespace bikeflow
