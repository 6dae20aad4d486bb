#include "base/tzif.h"

#include <array>

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

void put(std::string& bytes, std::int64_t value, int size) {
  for (int i = size - 1; i >= 0; --i) bytes.push_back(static_cast<char>(value >> (8 * i)));
}

struct Change {
  Seconds at;
  std::uint8_t type;
};

// A file of version 2 with the types +1 h (standard), +2 h (daylight) and +3 h (standard).
std::string make_file(const std::vector<Change>& changes, std::string_view rule, int leaps = 0) {
  std::string bytes;
  for (const int time_size : {4, 8}) {
    const bool empty = time_size == 4;
    bytes += "TZif2";
    bytes.append(15, '\0');
    const std::int64_t count = empty ? 0 : static_cast<std::int64_t>(changes.size());
    for (const std::int64_t n : std::array<std::int64_t, 6>{0, 0, empty ? 0 : leaps, count, 3, 4}) {
      put(bytes, n, 4);
    }
    if (!empty) {
      for (const Change& change : changes) put(bytes, change.at, 8);
      for (const Change& change : changes) put(bytes, change.type, 1);
    }
    for (int type = 0; type < 3; ++type) {
      put(bytes, (type + 1) * kHour, 4);
      put(bytes, type == 1 ? 1 : 0, 1);
      put(bytes, 0, 1);
    }
    bytes.append("ABC\0", 4);
    if (!empty) bytes.append(static_cast<std::size_t>(leaps) * 12, '\0');
  }
  return bytes + "\n" + std::string(rule) + "\n";
}

constexpr Seconds kYear2020 = 1'577'836'800;
constexpr Seconds kYear2021 = 1'609'459'200;
constexpr Seconds kYear2022 = 1'640'995'200;

std::vector<ZonePeriod> periods(const std::string& file, Seconds first, Seconds last) {
  const auto parsed = parse_tzif(file, first, last);
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed ? *parsed : std::vector<ZonePeriod>{};
}

// Only what begins inside the span, as offsets in hours.
std::string changes_in(std::string_view rule, Seconds first, Seconds last) {
  std::string text;
  for (const ZonePeriod& period : periods(make_file({}, rule), first, last)) {
    if (period.begin < first) continue;
    text += fmt::format("{} {}{};", format_utc(period.begin), period.offset / kHour,
                        period.is_daylight ? " daylight" : "");
  }
  return text;
}

TEST(Tzif, ListedChanges) {
  const std::string file =
      make_file({{kYear2020, 1}, {kYear2020 + 100, 0}, {kYear2021, 2}}, "ABC-3");
  EXPECT_EQ(periods(file, kYear2020 - 5, kYear2022).size(), 4U);
  const std::vector<ZonePeriod> after{{kYear2020 + 100, 3600, false}, {kYear2021, 10'800, false}};
  EXPECT_EQ(periods(file, kYear2020 + 200, kYear2022), after);
  EXPECT_EQ(periods(file, kYear2020 + 100, kYear2021),
            (std::vector<ZonePeriod>{{kYear2020 + 100, 3600, false}}));
}

TEST(Tzif, RulesOfTheLastLine) {
  EXPECT_EQ(changes_in("CST6CDT,M3.2.0,M11.1.0", kYear2020, kYear2021),
            "2020-03-08T08:00:00Z -5 daylight;2020-11-01T07:00:00Z -6;");
  EXPECT_EQ(changes_in("IST-1GMT0,M10.5.0,M3.5.0/1", kYear2020, kYear2021),
            "2020-03-29T01:00:00Z 1;2020-10-25T01:00:00Z 0 daylight;");
  // A time of day before the day itself; a name in angle brackets.
  EXPECT_EQ(changes_in("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", kYear2020, kYear2021),
            "2020-03-29T01:00:00Z -1 daylight;2020-10-25T01:00:00Z -2;");
  // Day numbers: J60 is always 1 March, 60 counts from 0 and includes 29 February.
  EXPECT_EQ(changes_in("A0B,J60/0,60/0", kYear2020, kYear2021),
            "2020-02-29T23:00:00Z 0;2020-03-01T00:00:00Z 1 daylight;");
  EXPECT_EQ(changes_in("A0B,J60/0,60/0", kYear2021, kYear2022),
            "2021-03-01T00:00:00Z 1 daylight;2021-03-01T23:00:00Z 0;");
}

TEST(Tzif, DaylightSavingAllYear) {
  const auto made = periods(make_file({}, "EST3EDT4,0/0,J365/23"), kYear2020 + 5, kYear2022);
  ASSERT_FALSE(made.empty());
  for (const ZonePeriod& period : made) EXPECT_EQ(period.offset, -4 * kHour);
}

TEST(Tzif, DamagedFiles) {
  const std::string file = make_file({{kYear2020, 1}, {kYear2021, 0}}, "A0B,J60/0,60/0");
  ASSERT_TRUE(parse_tzif(file, kYear2020, kYear2022));
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(parse_tzif(std::string_view(file).substr(0, size), kYear2020, kYear2022)) << size;
  }
  EXPECT_FALSE(parse_tzif(make_file({{kYear2020, 3}}, ""), kYear2020, kYear2022));
  EXPECT_FALSE(parse_tzif(make_file({{kYear2021, 0}, {kYear2020, 1}}, ""), kYear2020, kYear2022));
  EXPECT_FALSE(parse_tzif(make_file({}, "", 1), kYear2020, kYear2022));
  for (const char* rule : {"A", "A0B", "A0B,", "A0B,M3.2.0", "A0B,M13.2.0,M11.1.0", "<A0",
                           "A0B,M3.6.0,M11.1.0", "A0B,M3.2.7,M11.1.0", "A0B,J0,J60", "A0B,366,J60",
                           "A0B,M3.2.0,M11.1.0x", "A168", "A0:60"}) {
    EXPECT_FALSE(parse_tzif(make_file({}, rule), kYear2020, kYear2022)) << rule;
  }
}

// Any byte of a real shape changed to anything: an answer or an error, never a crash or a long
// wait.
TEST(Tzif, AnyByteChanged) {
  const std::string file = make_file({{kYear2020, 1}, {kYear2021, 0}}, "CST6CDT,M3.2.0,M11.1.0");
  int readable = 0;
  for (std::size_t at = 0; at < file.size(); ++at) {
    for (const int value : {0, 1, 0x7f, 0x80, 0xff}) {
      std::string changed = file;
      changed[at] = static_cast<char>(value);
      const auto parsed = parse_tzif(changed, kYear2020, kYear2022);
      if (!parsed) continue;
      ++readable;
      EXPECT_FALSE(parsed->empty());
    }
  }
  EXPECT_GT(readable, 0);
}

}  // namespace
}  // namespace bikeflow
