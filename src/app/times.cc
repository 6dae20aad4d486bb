#include "app/times.h"

#include <cstdlib>

#include <fmt/core.h>

namespace bikeflow {

Result<Seconds> parse_time_in(std::string_view text, const Zone& zone) {
  const auto written = parse_time(text);
  if (!written) {
    return fail("'{}' is not a time such as 2024-08-11, 2024-08-11T22:30 or 2024-08-11T13:30:00Z",
                text);
  }
  if (written->offset) return written->utc();
  // Nearest to a time before both is the first of the two.
  const auto time = zone.from_local(written->local, written->local - 2 * kDay);
  if (!time) {
    return fail(
        "'{}' does not exist in {}: the clocks were put forward over it; add an offset, "
        "such as +00:00",
        text, zone.name());
  }
  return *time;
}

Result<TimeRange> parse_range(const std::optional<std::string>& from,
                              const std::optional<std::string>& to, const Zone& zone) {
  TimeRange range;
  if (from) {
    const auto time = parse_time_in(*from, zone);
    if (!time) return with_context("--from", time.error());
    range.from = *time;
  }
  if (to) {
    const auto time = parse_time_in(*to, zone);
    if (!time) return with_context("--to", time.error());
    range.to = *time;
  }
  if (range.from >= range.to) {
    return fail("nothing lies between --from {} and --to {}: --to is outside, and must be later",
                *from, *to);
  }
  return range;
}

std::string local_time_of_day(Seconds time, const Zone& zone, TimeForm form) {
  const Civil civil = zone.civil(time);
  return civil.second == 0 && form == TimeForm::kShort
             ? fmt::format("{:02}:{:02}", civil.hour, civil.minute)
             : fmt::format("{:02}:{:02}:{:02}", civil.hour, civil.minute, civil.second);
}

std::string local_time(Seconds time, const Zone& zone, TimeForm form) {
  const Civil civil = zone.civil(time);
  std::string text = fmt::format("{:04}-{:02}-{:02} {}", civil.year, civil.month, civil.day,
                                 local_time_of_day(time, zone, form));
  if (zone.has_changes() && form == TimeForm::kShort) {
    const int offset = zone.offset_at(time);
    text += fmt::format(" {}{:02}:{:02}", offset < 0 ? '-' : '+', std::abs(offset) / 3600,
                        std::abs(offset) / 60 % 60);
  }
  return text;
}

}  // namespace bikeflow
