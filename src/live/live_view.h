// All that is known right now, of each system, whoever tells it: the page, the API and Redis read
// it.
//
// Each change has a version, and what is changed remembers that of its last one. So whoever was
// away for any time gets what is different now, and nothing has to be kept for them.
//
// Threads: none; one owner (io/live_hub.h lets several threads share one).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "live/live_outlook.h"
#include "live/live_stations.h"
#include "live/live_trail.h"
#include "model/names.h"

namespace bikeflow {

// A system's stations in one partition.
struct LivePart {
  std::int32_t partition = 0;
  std::string system{};
  friend auto operator<=>(const LivePart&, const LivePart&) = default;
};

struct LiveSystemAbout {
  std::string name{};            // for people; empty: the system's id
  std::string timezone = "UTC";  // an IANA name
  Seconds max_gap = 10 * kMinute;
  Seconds window_length = kHour;
  Seconds hour_phase = 0;
  friend bool operator==(const LiveSystemAbout&, const LiveSystemAbout&) = default;
};

// How far a part has come with its windows.
struct LiveProgress {
  Seconds watermark = 0;
  Seconds window_start = 0, window_end = 0;  // of the first that is not closed; 0: none yet
  std::optional<std::int64_t> lag{};         // records of a topic that are there and not yet read
  std::string stopped{};                     // why it cannot go on; empty: it does
  friend bool operator==(const LiveProgress&, const LiveProgress&) = default;
};

// How a live feed does; see feed/feed_health.h, of which it is a part.
struct LiveFeed {
  Seconds succeeded_at = 0, data_at = 0;  // 0: never, unknown
  std::int64_t failures_in_a_row = 0;
  std::string reason{}, text{};  // of the last failure
  std::int64_t polls = 0, failures = 0, rounds_rejected = 0, frozen = 0;
  std::string budget{};
  friend bool operator==(const LiveFeed&, const LiveFeed&) = default;
};

struct LiveSeen {
  std::string id{};
  StationAbout about{};
  LiveCounts now{};
  std::int32_t partition = 0;
  bool is_here = true;  // false: its partition is read by another process now, or not yet again
};

struct LiveMoved {
  std::string station_id{};
  Seconds at = 0;
  int change = 0;  // as of LiveMovement
  int bikes = 0;
};

struct LiveChanges {
  std::uint64_t version = 0;  // ask on from here
  std::vector<LiveSeen> stations{};
  // Seen again as they were: only their time is another. Most are, and a number is smaller than a
  // station.
  std::map<Seconds, std::vector<std::string>> seen_again{};  // when -> ids
  std::vector<LiveMoved> movements{};                        // in the order in which they came
};

// A system's stations at a moment, added up.
struct LiveTotals {
  std::int64_t known = 0;
  std::int64_t empty = 0, full = 0, bikes = 0;  // of those that are not stale
  std::int64_t stale = 0;  // never seen, read elsewhere, or older than the longest gap
  Seconds data_at = 0;     // the newest observation; 0: none
  Seconds hour_start = 0;  // of the newest window; 0: none
  std::int64_t rentals = 0, returns = 0;  // in it, so far
};

class LiveView {
 public:
  void introduce(const std::string& system, LiveSystemAbout about);
  // `names` has all stations of the part so far.
  void tell(const LivePart& part, const Names& names, const LiveNews& news);
  void tell_progress(const LivePart& part, LiveProgress progress);
  void tell_feed(const std::string& system, LiveFeed feed);
  // A part is not read here any more, or none is, until something is told of it.
  void lost(const LivePart& part);
  void lost_all();

  [[nodiscard]] std::uint64_t version() const { return version_; }
  // Of the last change of anything in the system; 0: it is not known.
  [[nodiscard]] std::uint64_t version_of(std::string_view system) const;

  [[nodiscard]] std::vector<std::string> systems() const;
  // Requires of all that follow: the system is known.
  [[nodiscard]] const LiveSystemAbout& about(std::string_view system) const;
  [[nodiscard]] std::size_t station_count(std::string_view system) const;
  // All stations where `after` is 0; else those that changed since, and of the movements since then
  // the last kMostMovements.
  [[nodiscard]] LiveChanges since(std::string_view system, std::uint64_t after) const;
  [[nodiscard]] std::vector<LiveMoved> movements(std::string_view system) const;
  [[nodiscard]] std::optional<LiveSeen> station(std::string_view system, std::string_view id) const;
  [[nodiscard]] std::optional<LiveTrail> trail(std::string_view system, std::string_view id) const;
  [[nodiscard]] LiveOutlook outlook(std::string_view system, Seconds now) const;
  [[nodiscard]] LiveTotals totals(std::string_view system, Seconds now) const;
  [[nodiscard]] std::optional<LiveFeed> feed(std::string_view system) const;
  [[nodiscard]] std::map<std::int32_t, LiveProgress> progress(std::string_view system) const;

  static constexpr std::size_t kMostMovements = 200;

 private:
  struct Station {
    LiveSeen seen{};
    LiveTrail trail{};
    std::uint64_t version = 0;       // of its last change
    std::uint64_t seen_version = 0;  // of the last time that it was seen, as it was
  };
  struct Part {
    std::vector<std::uint32_t> numbers{};  // of System::stations, by the part's own number
    bool is_here = true;
    LiveProgress progress{};
  };
  struct Moved {
    std::uint64_t version = 0;
    std::uint32_t station = 0;
    LiveMovement movement{};
  };
  struct System {
    LiveSystemAbout about{};
    Names ids{};
    std::vector<Station> stations{};
    std::deque<Moved> movements{};
    std::map<std::int32_t, Part> parts{};
    std::optional<LiveFeed> feed{};
    std::uint64_t version = 0;

    [[nodiscard]] LiveMoved told(const Moved& moved) const {
      return {stations[moved.station].seen.id, moved.movement.at, moved.movement.change,
              moved.movement.bikes};
    }
  };

  [[nodiscard]] const System& at(std::string_view system) const;
  void lose(System& system, std::int32_t partition, Part& part) const;
  void change(System& system, Station& station, std::int32_t partition, const LiveChange& change);

  std::map<std::string, System, std::less<>> systems_;
  std::uint64_t version_ = 0;
};

// Whether what is known of it is too old to be taken for what is there now.
bool is_stale(const LiveSeen& station, Seconds max_gap, Seconds now);

}  // namespace bikeflow
