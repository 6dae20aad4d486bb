// Compiled time-zone files (TZif, RFC 8536), as the system's tzdata has them.
//
// Read here rather than by a library because the usual ones stop at a file's last listed clock
// change (2037, or 2007 in a "slim" file) and leave out the rule that its last line gives for all
// later years.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace bikeflow {

struct ZonePeriod {
  Seconds begin = 0;        // in force from here to the next period's begin
  std::int32_t offset = 0;  // seconds east of UTC
  bool is_daylight = false;
  friend bool operator==(const ZonePeriod&, const ZonePeriod&) = default;
};

// The periods that touch [first, last), ascending; the first one begins at `first` or earlier. Not
// empty.
Result<std::vector<ZonePeriod>> parse_tzif(std::string_view bytes, Seconds first, Seconds last);

}  // namespace bikeflow
