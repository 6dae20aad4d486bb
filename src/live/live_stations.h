// What is known right now of the stations of one system, as far as one partition tells of them: the
// read model behind the page, the API and Redis.
//
// It runs ahead of the rows: an observation is here as soon as it is read, while rows wait for the
// watermark. So a window's rentals and returns are provisional. They are the movements between the
// observations in the order in which they came, where each was newer than the one before; one that
// comes out of order changes the row and not these.
//
// Threads: none; one owner.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/batch.h"
#include "model/rows.h"

namespace bikeflow {

// What is seen of a station. Plain numbers: it is copied for every change.
struct LiveCounts {
  static constexpr Seconds kNever = 0;

  Seconds observed_at = kNever;  // never: mentioned, and not one observation taken
  Counts counts{};
  // Since when it has been empty, full, or neither, and whether it was seen to become so: else it
  // is so since then at least.
  Seconds since = kNever;
  bool is_since_exact = false;
  Seconds window_start = kNever;  // of the window of observed_at
  std::int32_t rentals = 0, returns = 0;
  friend bool operator==(const LiveCounts&, const LiveCounts&) = default;
};

enum class Fill : std::uint8_t { kEmpty, kNeither, kFull };
// Full: bikes >= racks, where racks are known and not 0.
Fill fill_of(Counts counts);

struct LiveRule {
  Seconds window_length = kHour;  // divides an hour
  Seconds hour_phase = 0;         // Zone::hour_phase()
  Seconds max_gap = 10 * kMinute;
  Seconds future_tolerance = 5 * kMinute;

  [[nodiscard]] Seconds window_start(Seconds t) const;
};

struct LiveChange {
  StationIndex station = 0;
  LiveCounts now;
};

class LiveStations {
 public:
  explicit LiveStations(const LiveRule& rule) : rule_(rule) {}

  // A station of a state that was restored; `rentals` and `returns` are those of the window of
  // `at`. Requires: the next number, before any batch.
  void restore(Seconds at, Counts counts, std::int64_t rentals, std::int64_t returns);

  // Requires: the batch's new stations continue those that are known. `now` as of Task::observe().
  void observe(const Batch& batch, Seconds now);

  [[nodiscard]] std::size_t size() const { return stations_.size(); }
  [[nodiscard]] const LiveCounts& at(StationIndex station) const {
    return stations_[station].shown;
  }

  // What changed since the last call, each station once; appended.
  void take_changes(std::vector<LiveChange>& changes);
  [[nodiscard]] bool has_changes() const { return !changed_.empty(); }

 private:
  struct Station {
    LiveCounts shown;
    LiveCounts before;  // the observation before the shown one: a conflict takes its place
    bool is_changed = false;
  };
  void take(StationIndex index, Seconds at, Counts counts);
  [[nodiscard]] LiveCounts after(const LiveCounts& last, Seconds at, Counts counts) const;

  LiveRule rule_;
  std::vector<Station> stations_;
  std::vector<StationIndex> changed_;
};

}  // namespace bikeflow
