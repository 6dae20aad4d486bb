// Why an hour is not final yet: which partition of a system waits for what.
//
// Threads: none; pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/zone.h"
#include "live/live_view.h"

namespace bikeflow {

// A part that has not closed the hour.
struct WaitingPart {
  std::int32_t partition = 0;
  LiveProgress progress{};
};

struct Wait {
  Seconds start = 0, end = 0;
  std::vector<WaitingPart> parts{};  // in the order of their watermarks, the furthest behind first
  std::string text{};  // "hour 14 open: watermark 14:52:10, needs 15:00:00; partition 3 ..."
};

// The windows that some part has not closed, the oldest first, at most kMostWaits. Of each the
// parts that it waits for; where there is only one, it is not worth a name. `slide` is that of the
// windows: with one shorter than they are, several are always open. `now` is for the text
// (live/open_hour.h).
std::vector<Wait> waits_of(const std::map<std::int32_t, LiveProgress>& progress, Seconds slide,
                           const Zone& zone, Seconds now);
inline constexpr std::size_t kMostWaits = 6;

std::string wait_json(const Wait& wait);

}  // namespace bikeflow
