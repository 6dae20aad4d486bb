// Event time: whole seconds since 1970-01-01T00:00:00Z, and its written forms.
//
// Wall-clock time is the same type and is always passed in as an argument.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bikeflow {

using Seconds = std::int64_t;

inline constexpr Seconds kMinute = 60;
inline constexpr Seconds kHour = 3600;
inline constexpr Seconds kDay = 86400;

// The first and the last time that an observation may have: 2000-01-01 and 9999-12-31T23:59:59,
// UTC.
inline constexpr Seconds kEarliestTime = 946'684'800;
inline constexpr Seconds kLatestTime = 253'402'300'799;

// A calendar date and time of day without a zone (proleptic Gregorian).
struct Civil {
  int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0;
  friend bool operator==(const Civil&, const Civil&) = default;
};

// Civil time read as if it were UTC, and back. Requires: a valid date; see parse_civil().
Seconds seconds_from_civil(const Civil& civil);
Civil civil_from_seconds(Seconds seconds);

// A time as text gives it: seconds as if UTC, and the offset from UTC where the text names one.
struct WrittenTime {
  Seconds local = 0;
  std::optional<std::int32_t>
      offset;  // seconds east of UTC; nothing: a local time of the system's zone

  // Requires: offset.
  [[nodiscard]] Seconds utc() const { return local - *offset; }
};

// "2024-08-11 22:30:00", "2024-08-11T22:30:00[.fraction]" with "Z", "+09:00", "+0900", "+09" or
// nothing, "2024-08-11T22:30" and "2024-08-11" (midnight). Fractions are cut off; 24:00 and leap
// seconds are not accepted. Nothing else is: no leading or trailing bytes.
std::optional<WrittenTime> parse_time(std::string_view text);

// "2024-08-11T13:30:00Z".
std::string format_utc(Seconds time);

// "30s", "10m", "24h", "7d" as seconds; nothing where the text is no such duration.
std::optional<Seconds> parse_duration(std::string_view text);
// The shortest exact form: 3600 is "1h", 90 is "90s".
std::string format_duration(Seconds duration);

}  // namespace bikeflow
