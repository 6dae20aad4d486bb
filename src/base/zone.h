// A time zone as a table of periods, read once from the system's tzdata: pure and fast afterwards.
//
// Threads: immutable after load(); share freely.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace bikeflow {

class Zone {
 public:
  // An IANA name such as "Asia/Seoul" or "UTC". The error of an unknown name suggests the nearest
  // one. Reads a file: the zone data are a part of the system, as the C library is.
  static Result<Zone> load(std::string_view name);

  [[nodiscard]] const std::string& name() const { return name_; }

  // Seconds east of UTC in force at `utc`.
  [[nodiscard]] std::int32_t offset_at(Seconds utc) const;

  // The seconds within an hour (0 to 3599) by which the zone's civil hours are ahead of UTC's, by
  // its standard offset: 1800 for +5:30. One value for all times (that of the latest period without
  // daylight saving), so that windows aligned by it never overlap.
  [[nodiscard]] std::int32_t hour_phase() const { return hour_phase_; }

  // The time whose civil form in this zone is `local` (seconds as if UTC). Where a clock change
  // makes it occur twice, the one nearest to `near`; nothing where it does not occur.
  [[nodiscard]] std::optional<Seconds> from_local(Seconds local, Seconds near) const;

  // Whether the zone has daylight saving or changes its offset at all after 2000.
  [[nodiscard]] bool has_changes() const { return periods_.size() > 1; }

  // As the topic's records say it, so that it can be read back: "2024-08-11 22:30:00", or with the
  // offset where local times may be ambiguous, "2014-06-02T08:00:00-07:00".
  [[nodiscard]] std::string record_time(Seconds utc) const;

  [[nodiscard]] Civil civil(Seconds utc) const { return civil_from_seconds(utc + offset_at(utc)); }

 private:
  struct Period {
    Seconds begin;  // in force from here to the next period's begin
    std::int32_t offset;
  };
  Zone() = default;
  [[nodiscard]] std::size_t period_at(Seconds utc) const;
  [[nodiscard]] Seconds end_of(std::size_t period) const {
    return period + 1 < periods_.size() ? periods_[period + 1].begin : INT64_MAX;
  }

  std::string name_;
  std::vector<Period>
      periods_;  // never empty, ascending; neighbours differ in offset; the first covers all time
                 // before it too, the last (in 2150) all time after it
  std::int32_t hour_phase_ = 0;
};

}  // namespace bikeflow
