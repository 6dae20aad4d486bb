// Which hours of a lake are final, and what the others wait for.
//
// An hour whose folder has a _SUCCESS is final. Of another one more is known with Kafka, where each
// partition of the topic says in the lake how far it has closed (lake/closed_hours.h), and of a
// live feed, whose watermark is in its checkpoint.
//
// Threads: none; one owner.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "app/feed_hours.h"
#include "app/lake_view.h"
#include "app/times.h"
#include "lake/closed_hours.h"

namespace bikeflow {

struct HourState {
  enum class Kind : std::uint8_t {
    kFinal,
    kOpen,     // of a backfill: not final, and no more is known
    kWaiting,  // for partitions that have not closed it; or for the watermark of a live feed
    kClosed,   // by all partitions, and still without _SUCCESS
  };
  Kind kind = Kind::kOpen;
  // Of kWaiting, and of a _SUCCESS that stands too early: "waiting for partition 3: closed up to
  // 13:00, needs 14:00"; of a live feed "watermark 13:52:10, needs 14:00".
  std::string why;
  bool is_early = false;  // kFinal, though a partition has not closed it and none says it is final
  bool is_overdue = false;  // kClosed, and all partitions are past it by kOverdue or more
  [[nodiscard]] std::string text() const;  // for a column, or behind "open: "
};

// Markers of hours that share a folder after a clock change come so much later at the most.
inline constexpr Seconds kOverdue = 2 * kHour;

class Completeness {
 public:
  // Requires: `hours` were listed before. A _SUCCESS is put after the words that it stands on, so
  // of those that were seen the words are found here. A file that cannot be read is one of
  // unreadable().
  static Result<Completeness> read(Store& store, const HourListing& hours);

  // Of the hour with these files, which share a folder. `has_marker`: _SUCCESS is there.
  [[nodiscard]] HourState state_of(const std::vector<HourFile>& files, bool has_marker,
                                   const SystemRule& rule) const;

  // Whether what is in an hour's folder is of a topic.
  [[nodiscard]] bool is_of_topic(const HourFile& file) const {
    return topics_.contains(file.name.source);
  }
  [[nodiscard]] const FeedHours& feeds() const { return feeds_; }
  [[nodiscard]] const std::vector<std::string>& unreadable() const { return unreadable_; }

 private:
  struct Topic {
    std::int32_t partitions = 0;  // as many as anybody knows of
    std::map<std::int32_t, ClosedHours> closed;
    std::map<std::int32_t, std::string> unreadable;  // why
    void knows(std::int32_t partition) { partitions = std::max(partitions, partition + 1); }
  };
  Result<void> read_closed(Store& store);
  Result<void> find_topics(Store& store);
  static void compare(const Topic& topic, Seconds needs, const SystemRule& rule, HourState& state);

  std::map<std::string, Topic> topics_;
  FeedHours feeds_;
  std::vector<std::string> unreadable_;
};

// The hours of a system's files, in the order of time: the files of each, which share a folder.
// Requires: `files` in the order of window start.
std::vector<std::vector<HourFile>> by_hour(const std::vector<HourFile>& files,
                                           const TimeRange& range);

}  // namespace bikeflow
