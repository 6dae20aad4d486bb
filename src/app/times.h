// Times of the command line, read and written in a system's time zone.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "base/zone.h"

namespace bikeflow {

// ISO 8601; without an offset it is civil time of the zone. A civil time that occurs twice is the
// first of the two; one that does not occur is an Error.
Result<Seconds> parse_time_in(std::string_view text, const Zone& zone);

// [from, to): what --from and --to leave.
struct TimeRange {
  Seconds from = std::numeric_limits<Seconds>::min();
  Seconds to = std::numeric_limits<Seconds>::max();

  [[nodiscard]] bool contains(Seconds t) const { return t >= from && t < to; }
};

// An Error where a time cannot be read, or nothing lies between the two.
Result<TimeRange> parse_range(const std::optional<std::string>& from,
                              const std::optional<std::string>& to, const Zone& zone);

// kShort: "2024-08-11 22:00", with seconds where there are any, and with the offset where the zone
// has clock changes: "2013-07-04 08:00 -05:00". kEven, for what is shown again each second:
// "2024-08-11 22:00:00" always.
enum class TimeForm : std::uint8_t { kShort, kEven };
std::string local_time(Seconds time, const Zone& zone, TimeForm form = TimeForm::kShort);

// "08:00": the time of day alone, with seconds as above.
std::string local_time_of_day(Seconds time, const Zone& zone, TimeForm form = TimeForm::kShort);

}  // namespace bikeflow
