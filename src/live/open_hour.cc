#include "live/open_hour.h"

#include <fmt/format.h>

namespace bikeflow {
namespace {

std::string day_text(const Civil& at) {
  return fmt::format("{:04}-{:02}-{:02}", at.year, at.month, at.day);
}

std::string clock_text(const Civil& at) {
  return fmt::format("{:02}:{:02}:{:02}", at.hour, at.minute, at.second);
}

bool is_today(const Civil& at, const Zone& zone, Seconds now) {
  return day_text(at) == day_text(zone.civil(now));
}

std::string time_text(Seconds time, const Zone& zone, Seconds now) {
  const Civil at = zone.civil(time);
  return is_today(at, zone, now) ? clock_text(at)
                                 : fmt::format("{} {}", day_text(at), clock_text(at));
}

}  // namespace

std::string hour_words(Seconds start, Seconds end, const Zone& zone, Seconds now) {
  const Civil at = zone.civil(start);
  const std::string hour = end - start == kHour && at.minute == 0 ? fmt::format("hour {}", at.hour)
                           : (end - start) % kMinute == 0
                               ? fmt::format("{:02}:{:02}", at.hour, at.minute)
                               : clock_text(at);
  return is_today(at, zone, now) ? hour : fmt::format("{} of {}", hour, day_text(at));
}

std::string wait_words(Seconds watermark, Seconds end, const Zone& zone, Seconds now) {
  return fmt::format("watermark {}, needs {}", time_text(watermark, zone, now),
                     time_text(end, zone, now));
}

}  // namespace bikeflow
