#include "feed/value.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace bikeflow {
namespace {

constexpr std::int64_t kFirstMilliseconds = 100'000'000'000;

// More digits than any time in range has; so many fit an int64.
constexpr std::size_t kMostTimeDigits = 18;

// Bytes that are a control character, or may begin one.
constexpr auto kUnusual = [] {
  std::array<std::uint8_t, 256> unusual{};
  for (std::size_t byte = 0; byte < 0x20; ++byte) unusual[byte] = 1;
  unusual[0x7F] = unusual[0xC2] = 1;
  return unusual;
}();

std::optional<Seconds> in_range(Seconds time) {
  if (time < kEarliestTime || time > kLatestTime) return std::nullopt;
  return time;
}

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Digits, and perhaps a point and digits, which are cut off.
std::optional<std::int64_t> parse_whole_part(std::string_view text) {
  std::size_t i = 0;
  std::int64_t number = 0;
  while (i < text.size() && is_digit(text[i])) {
    if (i == kMostTimeDigits) return std::nullopt;
    number = number * 10 + (text[i++] - '0');
  }
  if (i == 0) return std::nullopt;
  if (i == text.size()) return number;
  if (text[i] != '.' || i + 1 == text.size()) return std::nullopt;
  while (++i < text.size()) {
    if (!is_digit(text[i])) return std::nullopt;
  }
  return number;
}

}  // namespace

bool is_station_id(std::string_view text) {
  if (text.empty() || text.size() > kMaxStationIdBytes) return false;
  unsigned unusual = 0;
  for (const char c : text) unusual |= kUnusual[static_cast<unsigned char>(c)];
  if (unusual == 0) return true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return false;
    // U+0080 to U+009F are C2 80 to C2 9F.
    if (byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) {
      return false;
    }
  }
  return true;
}

std::optional<Seconds> time_from_number(std::int64_t number) {
  return in_range(number >= kFirstMilliseconds ? number / 1000 : number);
}

std::expected<Seconds, Reason> TimeReader::read(std::string_view text, Seconds near) {
  if (text.size() == last_size_ && last_size_ > 0 &&
      std::memcmp(text.data(), last_text_.data(), last_size_) == 0) {
    return last_time_;
  }
  return read_anew(text, near);
}

std::expected<Seconds, Reason> TimeReader::read_anew(std::string_view text, Seconds near) {
  if (const auto number = parse_whole_part(text)) {
    const auto time = time_from_number(*number);
    if (!time) return std::unexpected(Reason::kBadTime);
    return *time;
  }
  const auto written = parse_time(text);
  if (!written) return std::unexpected(Reason::kBadTime);
  const auto utc = written->offset ? written->utc() : zone_.from_local(written->local, near);
  if (!utc) return std::unexpected(Reason::kNoSuchLocalTime);
  if (!in_range(*utc)) return std::unexpected(Reason::kBadTime);
  if (written->offset || is_unique(written->local)) remember(text, *utc);
  return *utc;
}

void TimeReader::remember(std::string_view text, Seconds time) {
  if (text.size() > last_text_.size()) return;
  std::ranges::copy(text, last_text_.begin());
  last_size_ = text.size();
  last_time_ = time;
}

bool TimeReader::is_unique(Seconds local) const {
  // No time in range is before 1970 or after twice the last one.
  return !zone_.has_changes() ||
         zone_.from_local(local, 0) == zone_.from_local(local, 2 * kLatestTime);
}

}  // namespace bikeflow
