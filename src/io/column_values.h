// One value of a column -> what it means, as a number that is quick to look at row by row. The
// rules are those of text (feed/value.h); each is called with an integer or a std::string_view.
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "feed/utf8.h"
#include "feed/value.h"
#include "model/names.h"
#include "model/observation.h"

namespace bikeflow {

// In place of a value. Counts and times are never negative, and names never so many.
inline constexpr std::uint32_t kNoName = UINT32_MAX;
inline constexpr std::uint32_t kBadName = UINT32_MAX - 1;
inline constexpr std::uint32_t kEmptyName =
    UINT32_MAX - 2;  // "": bad for a station, none for a system
inline constexpr std::int16_t kNoCount = -1;
inline constexpr std::int16_t kBadCount = -2;
inline constexpr Seconds kNoTime = -1;
inline constexpr Seconds kBadTime = -2;
inline constexpr std::string_view kNoText{};  // told from an empty text by its null data()

struct CountFrom {
  std::int16_t operator()(std::integral auto value) const {
    const bool can_be =
        std::cmp_greater_equal(value, 0) && std::cmp_less_equal(value, Counts::kMost);
    return can_be ? static_cast<std::int16_t>(value) : kBadCount;
  }
  std::int16_t operator()(std::string_view text) const {
    return parse_count(text).value_or(kBadCount);
  }
};

// Numbers names in the order of their first mention in a file.
class NameFrom {
 public:
  std::uint32_t operator()(std::string_view text) {
    if (const std::uint32_t known = names_.find(text); known != Names::kNone) return known;
    if (text.empty()) return kEmptyName;
    return is_utf8(text) && is_station_id(text) ? names_.intern(text) : kBadName;
  }
  std::uint32_t operator()(std::integral auto value) {
    if (std::cmp_less(value, 0) || std::cmp_greater_equal(value, kSmall)) {
      return names_.intern(fmt::format_int(value).c_str());
    }
    if (small_.empty()) small_.assign(kSmall, kNoName);
    std::uint32_t& number = small_[static_cast<std::size_t>(value)];
    if (number == kNoName) number = names_.intern(fmt::format_int(value).c_str());
    return number;
  }
  [[nodiscard]] const Names& names() const { return names_; }

 private:
  static constexpr std::size_t kSmall = 1 << 16;
  Names names_;
  std::vector<std::uint32_t> small_;  // of the integers below kSmall; kNoName: not yet
};

inline bool is_time_in_range(Seconds time) { return time >= kEarliestTime && time <= kLatestTime; }

// Many rows one after the other have one time, those of a poll.
class TimeFrom {
 public:
  // Unix seconds, or milliseconds.
  TimeFrom() = default;
  // Timestamps that count so many parts of a second. Local ones come out as seconds as if UTC, and
  // their range is looked at only once their zone is known.
  TimeFrom(std::int64_t parts, bool is_local) : parts_(parts), is_local_(is_local) {}

  Seconds operator()(std::integral auto value) {
    if (!std::in_range<std::int64_t>(value)) return kBadTime;
    if (const auto number = static_cast<std::int64_t>(+value); number != last_) {
      last_ = number;
      last_time_ = read(number);
    }
    return last_time_;
  }
  Seconds operator()(std::string_view) const { return kBadTime; }  // texts are read with their zone

 private:
  [[nodiscard]] Seconds read(std::int64_t number) const {
    if (parts_ == 0) return time_from_number(number).value_or(kBadTime);
    const Seconds time = number / parts_;
    const Seconds slack = is_local_ ? kDay : 0;
    return time >= kEarliestTime - slack && time <= kLatestTime + slack ? time : kBadTime;
  }

  std::int64_t parts_ = 0;
  bool is_local_ = false;
  std::int64_t last_ = 0;
  Seconds last_time_ = kBadTime;
};

struct TextFrom {
  std::string_view operator()(std::string_view text) const {
    return text.data() == nullptr ? std::string_view("") : text;
  }
  std::string_view operator()(std::integral auto) const { return ""; }
};

}  // namespace bikeflow
