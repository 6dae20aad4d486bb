// How the text of one field becomes a value: the rules that all decoders share.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>
#include <utility>

#include "base/time.h"
#include "base/zone.h"
#include "model/dead_letter.h"
#include "model/observation.h"

namespace bikeflow {

// Decimal digits, 0 to Counts::kMost; no sign, fraction, exponent or blank.
inline std::optional<std::int16_t> parse_count(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::int32_t count = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    count = count * 10 + (c - '0');
    if (count > Counts::kMost) return std::nullopt;
  }
  return static_cast<std::int16_t>(count);
}

// 1 to kMaxStationIdBytes bytes, none of a control character (U+0000-1F, U+007F-9F).
// Requires: UTF-8.
bool is_station_id(std::string_view text);

// Seconds, or from 10^11 on milliseconds, since 1970; nothing before kEarliestTime or after
// kLatestTime.
std::optional<Seconds> time_from_number(std::int64_t number);

// A time from its text: Unix seconds or milliseconds (a fraction is cut off), or what parse_time()
// reads; a local time is the zone's.
//
// Threads: none; one owner.
class TimeReader {
 public:
  explicit TimeReader(Zone zone) : zone_(std::move(zone)) {}

  // Of a local time that occurs twice, the one nearest to `near`. Errors: kBadTime,
  // kNoSuchLocalTime.
  std::expected<Seconds, Reason> read(std::string_view text, Seconds near);

  [[nodiscard]] const Zone& zone() const { return zone_; }

 private:
  std::expected<Seconds, Reason> read_anew(std::string_view text, Seconds near);
  void remember(std::string_view text, Seconds time);
  [[nodiscard]] bool is_unique(Seconds local) const;

  Zone zone_;
  // The stations of one poll share its time, so the text read last is likely to come again. Only of
  // a time that does not depend on `near`.
  std::array<char, 32> last_text_{};
  std::size_t last_size_ = 0;  // 0: none
  Seconds last_time_ = 0;
};

}  // namespace bikeflow
