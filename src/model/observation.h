// One station seen once, and the counts that it shows.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

#include "base/time.h"

namespace bikeflow {

// Bikes parked and racks. Ordered as a conflict is decided: the lowest bikes, then the lowest
// racks.
struct Counts {
  static constexpr std::int16_t kNoRacks = -1;  // absent or unreadable: unknown
  static constexpr std::int16_t kMost = 10'000;

  std::int16_t bikes = 0;
  std::int16_t racks = kNoRacks;

  friend auto operator<=>(const Counts&, const Counts&) = default;
};

// As decoded. The views are of the decoder's buffers and die with them.
struct Observation {
  std::string_view system;      // empty: the input's only system
  std::string_view station_id;  // 1 to kMaxStationIdBytes bytes, no control characters, UTF-8
  Seconds observed_at = 0;
  Counts counts;
};

inline constexpr std::size_t kMaxStationIdBytes = 128;

// Where a record was: "offset" counts records of one partition (of one file, in a backfill).
struct Position {
  std::int32_t partition = 0;
  std::int64_t offset = 0;

  friend auto operator<=>(const Position&, const Position&) = default;
};

}  // namespace bikeflow
