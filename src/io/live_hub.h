// The live view of all that a process reads: the thread of the pipeline tells it what changed, and
// those who look on ask what has changed since they last asked, or wait for it.
//
// Each change has a version, and a station remembers that of its last one. So whoever was away for
// any time gets what is different now, and nothing has to be kept for them.
//
// Threads: any.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "live/live_stations.h"
#include "model/names.h"

namespace bikeflow {

// A system's stations in one partition.
struct LivePart {
  std::int32_t partition = 0;
  std::string system;
  friend auto operator<=>(const LivePart&, const LivePart&) = default;
};

struct LiveSeen {
  std::string system, station_id;
  LiveCounts now;
  bool is_here = true;  // false: its partition is read by another process now, or not yet again
};

class LiveHub {
 public:
  // `names` has all stations of the part so far. Requires: changes of stations that it has.
  void tell(const LivePart& part, const Names& names, std::span<const LiveChange> changes);

  // No partition is read here any more, until something is told of it.
  void lost_all();

  // Of the newest change; 0 before the first.
  [[nodiscard]] std::uint64_t version() const;

  // Returns the version, as soon as it is greater than `after`, or after the time.
  std::uint64_t wait(std::uint64_t after, int timeout_ms) const;

  struct Changes {
    std::uint64_t version = 0;  // ask on from here
    std::vector<LiveSeen> stations;
  };
  [[nodiscard]] Changes since(std::uint64_t after) const;

 private:
  struct Station {
    std::string id;
    LiveCounts now;
    std::uint64_t version = 0;
  };
  struct Part {
    std::vector<Station> stations;
    bool is_here = true;
    std::uint64_t version = 0;  // the greatest of its stations'
  };

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::uint64_t version_ = 0;
  std::map<LivePart, Part> parts_;
};

}  // namespace bikeflow
