#include "base/time.h"

#include <array>
#include <chrono>
#include <limits>

#include <fmt/core.h>

namespace bikeflow {
namespace {

// Takes what it accepts from the front of a text; after a failure it accepts nothing more.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  // A number of exactly `digits` digits; -1 where there is none.
  int number(std::size_t digits) {
    if (text_.size() < digits) return -1;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      const int digit = text_[i] - '0';
      if (digit < 0 || digit > 9) return -1;
      value = value * 10 + digit;
    }
    text_.remove_prefix(digits);
    return value;
  }

  bool take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }

  bool take_digits() {
    const std::size_t before = text_.size();
    while (!text_.empty() && text_.front() >= '0' && text_.front() <= '9') text_.remove_prefix(1);
    return text_.size() < before;
  }

  [[nodiscard]] bool at_end() const { return text_.empty(); }

 private:
  std::string_view text_;
};

constexpr bool is_leap_year(int year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

constexpr int days_in_month(int year, int month) {
  constexpr std::array kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap_year(year) ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

bool in(int value, int low, int high) { return value >= low && value <= high; }

std::optional<Civil> scan_date(Scanner& scanner) {
  Civil civil;
  civil.year = scanner.number(4);
  if (civil.year < 0 || !scanner.take('-')) return std::nullopt;
  civil.month = scanner.number(2);
  if (!in(civil.month, 1, 12) || !scanner.take('-')) return std::nullopt;
  civil.day = scanner.number(2);
  if (!in(civil.day, 1, days_in_month(civil.year, civil.month))) return std::nullopt;
  return civil;
}

// "22:30", "22:30:00" or "22:30:00.5".
bool scan_time_of_day(Scanner& scanner, Civil& civil) {
  civil.hour = scanner.number(2);
  if (!in(civil.hour, 0, 23) || !scanner.take(':')) return false;
  civil.minute = scanner.number(2);
  if (!in(civil.minute, 0, 59)) return false;
  if (!scanner.take(':')) return true;
  civil.second = scanner.number(2);
  if (!in(civil.second, 0, 59)) return false;
  return !scanner.take('.') || scanner.take_digits();
}

// "Z", "+09:00", "+0900" or "+09", as seconds east of UTC.
std::optional<std::int32_t> scan_offset(Scanner& scanner) {
  if (scanner.take('Z')) return 0;
  const bool west = scanner.take('-');
  if (!west && !scanner.take('+')) return std::nullopt;
  const int hours = scanner.number(2);
  if (!in(hours, 0, 23)) return std::nullopt;
  int minutes = 0;
  if (!scanner.at_end()) {
    scanner.take(':');
    minutes = scanner.number(2);
    if (!in(minutes, 0, 59)) return std::nullopt;
  }
  const int seconds = hours * 3600 + minutes * 60;
  return west ? -seconds : seconds;
}

struct Unit {
  char letter;
  Seconds seconds;
};
constexpr std::array kUnits = {Unit{'d', kDay}, Unit{'h', kHour}, Unit{'m', kMinute}, Unit{'s', 1}};

}  // namespace

Seconds seconds_from_civil(const Civil& civil) {
  const std::chrono::sys_days days = std::chrono::year{civil.year} / civil.month / civil.day;
  return Seconds{days.time_since_epoch().count()} * kDay + civil.hour * kHour +
         civil.minute * kMinute + civil.second;
}

Civil civil_from_seconds(Seconds seconds) {
  Seconds day = seconds / kDay;
  auto rest = static_cast<int>(seconds % kDay);
  if (rest < 0) {
    rest += static_cast<int>(kDay);
    --day;
  }
  const std::chrono::year_month_day date{
      std::chrono::sys_days{std::chrono::days{static_cast<std::int32_t>(day)}}};
  return {static_cast<int>(date.year()),
          static_cast<int>(static_cast<unsigned>(date.month())),
          static_cast<int>(static_cast<unsigned>(date.day())),
          rest / 3600,
          rest / 60 % 60,
          rest % 60};
}

std::optional<WrittenTime> parse_time(std::string_view text) {
  Scanner scanner(text);
  std::optional<Civil> civil = scan_date(scanner);
  if (!civil) return std::nullopt;
  WrittenTime written;
  if (!scanner.at_end()) {
    if (!scanner.take('T') && !scanner.take(' ')) return std::nullopt;
    if (!scan_time_of_day(scanner, *civil)) return std::nullopt;
    if (!scanner.at_end()) {
      written.offset = scan_offset(scanner);
      if (!written.offset || !scanner.at_end()) return std::nullopt;
    }
  }
  written.local = seconds_from_civil(*civil);
  return written;
}

std::string format_utc(Seconds time) {
  const Civil civil = civil_from_seconds(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", civil.year, civil.month, civil.day,
                     civil.hour, civil.minute, civil.second);
}

std::optional<Seconds> parse_duration(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  Seconds unit = 0;
  for (const Unit& candidate : kUnits) {
    if (candidate.letter == text.back()) unit = candidate.seconds;
  }
  if (unit == 0) return std::nullopt;
  text.remove_suffix(1);
  constexpr Seconds kMost = std::numeric_limits<Seconds>::max() / kDay / 10 - 1;
  Seconds value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || value > kMost) return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value * unit;
}

std::string format_duration(Seconds duration) {
  for (const Unit& unit : kUnits) {
    if (duration != 0 && duration % unit.seconds == 0) {
      return fmt::format("{}{}", duration / unit.seconds, unit.letter);
    }
  }
  return "0s";
}

}  // namespace bikeflow
