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
#include <optional>
#include <vector>

#include "model/batch.h"
#include "model/rows.h"
#include "model/station_about.h"

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
  LiveCounts now{};
  std::optional<StationAbout> about{};  // where that has changed
};

// As it was seen when it came: a conflict or what comes late corrects the counts and not this.
struct LiveMovement {
  StationIndex station = 0;
  Seconds at = 0;
  std::int16_t change = 0;  // below 0: rentals; above: returns
  std::int16_t bikes = 0;   // after it
  friend bool operator==(const LiveMovement&, const LiveMovement&) = default;
};

struct LiveNews {
  std::vector<LiveChange> changes{};      // each station once
  std::vector<LiveMovement> movements{};  // in the order in which they came
};

class LiveStations {
 public:
  explicit LiveStations(const LiveRule& rule) : rule_(rule) {}

  // A station of a state that was restored; `rentals` and `returns` are those of the window of
  // `at`. Requires: the next number, before any batch.
  void restore(Seconds at, Counts counts, std::int64_t rentals, std::int64_t returns);

  // Requires: the batch's new stations continue those that are known. `now` as of Task::observe().
  void observe(const Batch& batch, Seconds now);

  // Of a station that is known.
  void describe(StationIndex station, const StationAbout& about);

  [[nodiscard]] std::size_t size() const { return stations_.size(); }
  [[nodiscard]] const LiveCounts& at(StationIndex station) const {
    return stations_[station].shown;
  }

  // Since the last call. Of movements the last kMostMovements: where more come between two calls,
  // nobody could look at them.
  LiveNews take_news();
  [[nodiscard]] bool has_news() const { return !changed_.empty(); }
  static constexpr std::size_t kMostMovements = 500;

 private:
  struct Station {
    LiveCounts shown{};
    LiveCounts before{};  // the observation before the shown one: a conflict takes its place
    StationAbout about{};
    bool is_changed = false;
    bool is_about_changed = false;
  };
  void take(StationIndex index, Seconds at, Counts counts);
  void mark(StationIndex index);
  // Whether what changed since then is a movement: there is no gap between.
  [[nodiscard]] bool is_joined(const LiveCounts& last, Seconds at) const;
  [[nodiscard]] LiveCounts after(const LiveCounts& last, Seconds at, Counts counts) const;

  LiveRule rule_;
  std::vector<Station> stations_;
  std::vector<StationIndex> changed_;
  std::vector<LiveMovement> movements_;  // at most twice kMostMovements
};

}  // namespace bikeflow
