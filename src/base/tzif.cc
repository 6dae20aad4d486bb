#include "base/tzif.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

namespace bikeflow {
namespace {

constexpr Seconds kBeginningOfTime = INT64_MIN;

// Big-endian, as the format is. Requires: enough bytes.
std::int64_t read_big_endian(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = static_cast<signed char>(bytes[at]) < 0 ? ~std::uint64_t{0} : 0;
  for (std::size_t i = 0; i < size; ++i) {
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return static_cast<std::int64_t>(value);
}

constexpr std::size_t kHeaderSize = 44;

// The counts of a data block and where its parts lie. The block has times of 4 bytes in the part
// that every file has, and of 8 in the second part that version 2 and later have.
struct Block {
  std::size_t time_size, times, types, leaps, begin;
  std::size_t chars, standard, universal;

  [[nodiscard]] std::size_t indices() const { return begin + times * time_size; }
  [[nodiscard]] std::size_t infos() const { return indices() + times; }
  [[nodiscard]] std::size_t end() const {
    return infos() + types * 6 + chars + leaps * (time_size + 4) + standard + universal;
  }
};

std::optional<Block> read_block(std::string_view bytes, std::size_t at, std::size_t time_size) {
  if (bytes.size() < at + kHeaderSize || bytes.substr(at, 4) != "TZif") return std::nullopt;
  std::array<std::size_t, 6> counts{};
  for (std::size_t i = 0; i < counts.size(); ++i) {
    counts[i] = static_cast<std::uint32_t>(read_big_endian(bytes, at + 20 + 4 * i, 4));
  }
  const auto [universal, standard, leaps, times, types, chars] = counts;
  const Block block{time_size, times, types, leaps, at + kHeaderSize, chars, standard, universal};
  if (block.end() > bytes.size() || types == 0) return std::nullopt;
  return block;
}

std::optional<std::vector<ZonePeriod>> read_periods(std::string_view bytes, const Block& block) {
  std::vector<ZonePeriod> periods;
  const auto add = [&](Seconds begin, std::size_t type) {
    if (type >= block.types) return false;
    const std::size_t at = block.infos() + type * 6;
    periods.push_back(
        {begin, static_cast<std::int32_t>(read_big_endian(bytes, at, 4)), bytes[at + 4] != 0});
    return std::abs(periods.back().offset) <= kDay + kHour;
  };
  if (!add(kBeginningOfTime, 0)) return std::nullopt;
  for (std::size_t i = 0; i < block.times; ++i) {
    const Seconds begin =
        read_big_endian(bytes, block.begin + i * block.time_size, block.time_size);
    if (begin < periods.back().begin) return std::nullopt;
    if (!add(begin, static_cast<unsigned char>(bytes[block.indices() + i]))) return std::nullopt;
  }
  return periods;
}

// The last line of a file: a POSIX TZ string such as "CST6CDT,M3.2.0,M11.1.0", the rule for all
// times after the last listed change.
class RuleScanner {
 public:
  explicit RuleScanner(std::string_view text) : text_(text) {}

  [[nodiscard]] bool at_end() const { return text_.empty(); }
  [[nodiscard]] char peek() const { return text_.empty() ? '\0' : text_.front(); }

  bool take(char c) {
    if (peek() != c) return false;
    text_.remove_prefix(1);
    return true;
  }

  // "CST" or "<+0530>"; the name itself is of no use here.
  bool name() {
    const bool quoted = take('<');
    std::size_t length = 0;
    while (length < text_.size() && (quoted ? text_[length] != '>' : is_letter(text_[length]))) {
      ++length;
    }
    text_.remove_prefix(length);
    return length > 0 && (!quoted || take('>'));
  }

  std::optional<int> number(int most) {
    int value = 0;
    bool any = false;
    while (peek() >= '0' && peek() <= '9' && value <= most) {
      value = value * 10 + (peek() - '0');
      text_.remove_prefix(1);
      any = true;
    }
    if (!any || value > most) return std::nullopt;
    return value;
  }

  // "[+-]hh[:mm[:ss]]" in seconds.
  std::optional<int> time() {
    const bool negative = take('-');
    if (!negative) take('+');
    const auto hours = number(167);
    if (!hours) return std::nullopt;
    int seconds = *hours * 3600;
    for (const int unit : {60, 1}) {
      if (!take(':')) break;
      const auto part = number(59);
      if (!part) return std::nullopt;
      seconds += *part * unit;
    }
    return negative ? -seconds : seconds;
  }

 private:
  static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

  std::string_view text_;
};

// A day of every year and a time on it.
struct YearlyChange {
  enum class Form { kMonthWeekDay, kDayWithoutLeap, kDay } form = Form::kDay;
  int month = 0, week = 0, day = 0;
  int time = 2 * 3600;  // local, in the offset that ends; may leave the day on either side

  [[nodiscard]] Seconds local_in(int year) const {
    using namespace std::chrono;
    sys_days date = sys_days{std::chrono::year{year} / January / 1};
    switch (form) {
      case Form::kMonthWeekDay: {
        const auto in_month = std::chrono::year{year} / month;
        const weekday on{static_cast<unsigned>(day)};
        date = week == 5 ? sys_days{in_month / on[last]}
                         : sys_days{in_month / on[static_cast<unsigned>(week)]};
        break;
      }
      case Form::kDayWithoutLeap:
        date += days{day - 1 + (day > 59 && std::chrono::year{year}.is_leap() ? 1 : 0)};
        break;
      case Form::kDay:
        date += days{day};
        break;
    }
    return Seconds{date.time_since_epoch().count()} * kDay + time;
  }
};

std::optional<YearlyChange> scan_change(RuleScanner& scanner) {
  YearlyChange change;
  if (!scanner.take(',')) return std::nullopt;
  std::optional<int> number;
  if (scanner.take('M')) {
    change.form = YearlyChange::Form::kMonthWeekDay;
    const auto part = [&](int& to, int least, int most) {
      number = scanner.number(most);
      to = number.value_or(least - 1);
      return to >= least;
    };
    if (!part(change.month, 1, 12) || !scanner.take('.') || !part(change.week, 1, 5) ||
        !scanner.take('.') || !part(change.day, 0, 6)) {
      return std::nullopt;
    }
  } else {
    const bool without_leap = scanner.take('J');
    if (without_leap) change.form = YearlyChange::Form::kDayWithoutLeap;
    number = scanner.number(365);
    if (!number || (without_leap && *number == 0)) return std::nullopt;
    change.day = *number;
  }
  if (scanner.take('/')) {
    number = scanner.time();
    if (!number) return std::nullopt;
    change.time = *number;
  }
  return change;
}

struct Daylight {
  std::int32_t offset = 0;
  YearlyChange begin, end;
};

struct Rule {
  std::int32_t standard = 0;
  std::optional<Daylight> daylight;
};

std::optional<Rule> parse_rule(std::string_view text) {
  RuleScanner scanner(text);
  Rule rule;
  if (!scanner.name()) return std::nullopt;
  const auto west = scanner.time();  // POSIX counts west of Greenwich as positive
  if (!west) return std::nullopt;
  rule.standard = -*west;
  if (scanner.at_end()) return rule;
  if (!scanner.name()) return std::nullopt;
  rule.daylight.emplace();
  rule.daylight->offset = rule.standard + 3600;
  if (scanner.peek() != ',') {
    const auto daylight_west = scanner.time();
    if (!daylight_west) return std::nullopt;
    rule.daylight->offset = -*daylight_west;
  }
  const auto begin = scan_change(scanner);
  const auto end = begin ? scan_change(scanner) : std::nullopt;
  if (!end || !scanner.at_end()) return std::nullopt;
  rule.daylight->begin = *begin;
  rule.daylight->end = *end;
  return rule;
}

// Adds the periods that the rule makes after the last one listed, until `last`.
void apply_rule(const Rule& rule, Seconds first, Seconds last, std::vector<ZonePeriod>& periods) {
  if (!rule.daylight) {
    if (periods.size() == 1) periods.back() = {kBeginningOfTime, rule.standard, false};
    return;
  }
  const Seconds listed = periods.back().begin;
  if (listed >= last) return;
  const Daylight& daylight = *rule.daylight;
  const int first_year = civil_from_seconds(std::max(listed, first)).year - 1;
  const int last_year = civil_from_seconds(last).year + 1;
  std::vector<ZonePeriod> made;
  for (int year = first_year; year <= last_year; ++year) {
    made.push_back({daylight.begin.local_in(year) - rule.standard, daylight.offset, true});
    made.push_back({daylight.end.local_in(year) - daylight.offset, rule.standard, false});
  }
  std::ranges::stable_sort(made, {}, &ZonePeriod::begin);
  for (const ZonePeriod& period : made) {
    if (period.begin > listed) periods.push_back(period);
  }
}

}  // namespace

Result<std::vector<ZonePeriod>> parse_tzif(std::string_view bytes, Seconds first, Seconds last) {
  constexpr std::string_view kDamaged = "not a readable time-zone file (TZif)";
  auto block = read_block(bytes, 0, 4);
  if (!block) return fail("{}", kDamaged);
  std::optional<Rule> rule;
  if (bytes[4] != '\0') {
    block = read_block(bytes, block->end(), 8);
    if (!block) return fail("{}", kDamaged);
    const std::string_view footer = bytes.substr(block->end());
    if (footer.size() < 2 || footer.front() != '\n' || footer.back() != '\n') {
      return fail("{}", kDamaged);
    }
    const std::string_view text = footer.substr(1, footer.size() - 2);
    if (!text.empty()) {
      rule = parse_rule(text);
      if (!rule) return fail("a time-zone file with a rule that cannot be read: '{}'", text);
    }
  }
  if (block->leaps > 0) return fail("a time-zone file that counts leap seconds");
  auto periods = read_periods(bytes, *block);
  if (!periods) return fail("{}", kDamaged);
  if (rule) apply_rule(*rule, first, last, *periods);

  std::vector<ZonePeriod> touching;
  for (const ZonePeriod& period : *periods) {
    if (period.begin >= last) break;
    // Of two that begin together the later one counts; so does the last of those before `first`.
    if (!touching.empty() && (touching.back().begin == period.begin || period.begin <= first)) {
      touching.back() = period;
    } else {
      touching.push_back(period);
    }
  }
  return touching;
}

}  // namespace bikeflow
