#include "base/zone.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "base/check.h"
#include "base/nearest.h"
#include "base/tzif.h"
#include "base/zone_files.h"

namespace bikeflow {
namespace {

// Observations begin in 2000; what is before is never asked for. Nobody knows the rules of 2150.
constexpr Seconds kFirst = kEarliestTime - 2 * kDay;
constexpr Seconds kLast = 5'680'281'600;  // 2150-01-01

// No civil time is further from UTC.
constexpr Seconds kMostOffset = 26 * kHour;

bool is_possible_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '_' || c == '-' || c == '+';
  };
  return !name.empty() && name.size() <= 64 && name.front() != '/' &&
         std::ranges::all_of(name, allowed);
}

std::unexpected<Error> unknown_zone(std::string_view name) {
  const std::vector<std::string> known = zone_names();
  if (known.empty()) {
    return fail("{}: no time-zone data in {}; install the package tzdata", name, kZoneFolder);
  }
  const std::vector<std::string_view> names(known.begin(), known.end());
  std::string hint = did_you_mean(name, names);
  if (!hint.empty()) return fail("{}: no such time zone{}", name, hint);
  // "Seoul" alone, or "Korea/Seoul".
  std::vector<std::string_view> cities;
  for (const std::string_view full : names) cities.push_back(full.substr(full.rfind('/') + 1));
  const auto city = nearest_name(name.substr(name.rfind('/') + 1), cities);
  if (!city) {
    return fail("{}: no such time zone; IANA names such as Asia/Seoul or UTC are known", name);
  }
  const auto found = std::ranges::find(cities, *city) - cities.begin();
  return fail("{}: no such time zone; did you mean '{}'?", name,
              names[static_cast<std::size_t>(found)]);
}

}  // namespace

Result<Zone> Zone::load(std::string_view name) {
  Zone zone;
  zone.name_ = name;
  if (name == "UTC") {  // needs no file
    zone.periods_ = {{kFirst, 0}};
    return zone;
  }
  const std::optional<std::string> bytes =
      is_possible_name(name) ? read_zone_file(name) : std::nullopt;
  if (!bytes || !bytes->starts_with("TZif")) return unknown_zone(name);
  const auto periods = parse_tzif(*bytes, kFirst, kLast);
  if (!periods) {
    return with_context(std::string(kZoneFolder) + std::string(name), periods.error());
  }
  CHECK(!periods->empty());
  const ZonePeriod* standard = &periods->back();
  for (const ZonePeriod& period : *periods) {
    if (!period.is_daylight) standard = &period;
    if (zone.periods_.empty() || zone.periods_.back().offset != period.offset) {
      zone.periods_.push_back({period.begin, period.offset});
    }
  }
  constexpr auto kHourSeconds = static_cast<std::int32_t>(kHour);
  zone.hour_phase_ = (standard->offset % kHourSeconds + kHourSeconds) % kHourSeconds;
  return zone;
}

std::size_t Zone::period_at(Seconds utc) const {
  const auto after = std::ranges::upper_bound(periods_, utc, {}, &Period::begin);
  return after == periods_.begin() ? 0 : static_cast<std::size_t>(after - periods_.begin()) - 1;
}

std::int32_t Zone::offset_at(Seconds utc) const { return periods_[period_at(utc)].offset; }

std::optional<Seconds> Zone::from_local(Seconds local, Seconds near) const {
  std::size_t period = period_at(local - kMostOffset);
  std::optional<Seconds> nearest;
  for (; period < periods_.size(); ++period) {
    const Seconds utc = local - periods_[period].offset;
    if (period > 0 && utc < periods_[period].begin) {
      if (periods_[period].begin > local + kMostOffset) break;
      continue;
    }
    if (utc >= end_of(period)) continue;
    if (!nearest || std::abs(utc - near) < std::abs(*nearest - near)) nearest = utc;
  }
  return nearest;
}

std::string Zone::record_time(Seconds utc) const {
  const Civil at = civil(utc);
  std::string text = fmt::format("{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}", at.year, at.month, at.day,
                                 has_changes() ? 'T' : ' ', at.hour, at.minute, at.second);
  if (has_changes()) {
    const std::int32_t offset = offset_at(utc);
    const std::int32_t minutes = std::abs(offset) / 60;
    text += fmt::format("{}{:02}:{:02}", offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
  }
  return text;
}

}  // namespace bikeflow
