#include "base/time.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace bikeflow {
namespace {

TEST(Civil, KnownTimes) {
  EXPECT_EQ(seconds_from_civil({}), 0);
  EXPECT_EQ(seconds_from_civil({2000, 1, 1, 0, 0, 0}), kEarliestTime);
  EXPECT_EQ(seconds_from_civil({9999, 12, 31, 23, 59, 59}), kLatestTime);
  EXPECT_EQ(seconds_from_civil({2024, 2, 29, 13, 14, 15}), 1'709'212'455);
  EXPECT_EQ(civil_from_seconds(1'709'212'455), (Civil{2024, 2, 29, 13, 14, 15}));
  EXPECT_EQ(civil_from_seconds(-1), (Civil{1969, 12, 31, 23, 59, 59}));
  EXPECT_EQ(civil_from_seconds(-kDay), (Civil{1969, 12, 31, 0, 0, 0}));
}

TEST(Civil, RoundTrips) {
  EXPECT_TRUE(rc::check([] {
    const Seconds time = *rc::gen::inRange<Seconds>(-100 * 366 * kDay, kLatestTime);
    RC_ASSERT(seconds_from_civil(civil_from_seconds(time)) == time);
  }));
}

TEST(ParseTime, AcceptedForms) {
  const Seconds local = seconds_from_civil({2024, 8, 11, 22, 30, 5});
  for (const char* text : {"2024-08-11 22:30:05", "2024-08-11T22:30:05", "2024-08-11T22:30:05.9",
                           "2024-08-11 22:30:05.123456789"}) {
    const auto written = parse_time(text);
    ASSERT_TRUE(written) << text;
    EXPECT_EQ(written->local, local) << text;
    EXPECT_FALSE(written->offset) << text;
  }
  const auto offset_of = [&](std::string_view suffix) {
    const auto written = parse_time("2024-08-11T22:30:05" + std::string(suffix));
    EXPECT_TRUE(written) << suffix;
    EXPECT_EQ(written->local, local);
    return written->offset.value();
  };
  EXPECT_EQ(offset_of("Z"), 0);
  EXPECT_EQ(offset_of("+09:00"), 9 * 3600);
  EXPECT_EQ(offset_of("+0545"), 5 * 3600 + 45 * 60);
  EXPECT_EQ(offset_of("-03"), -3 * 3600);
  EXPECT_EQ(offset_of("-09:30"), -(9 * 3600 + 30 * 60));
  EXPECT_EQ(offset_of(".25+10:30"), 10 * 3600 + 30 * 60);
  EXPECT_EQ(parse_time("2024-08-11T22:30")->local, local - 5);
  EXPECT_EQ(parse_time("2024-08-11T22:30+09:00")->utc(), local - 5 - 9 * kHour);
  EXPECT_EQ(parse_time("2024-08-11")->local, seconds_from_civil({2024, 8, 11, 0, 0, 0}));
  EXPECT_EQ(parse_time("2024-02-29")->local, seconds_from_civil({2024, 2, 29, 0, 0, 0}));
}

TEST(ParseTime, NothingElse) {
  for (const char* text : {"",
                           "2024",
                           "2024-08",
                           "2024-8-11",
                           "2024-13-01",
                           "2024-00-01",
                           "2024-08-32",
                           "2024-08-00",
                           "2023-02-29",
                           "1900-02-29",
                           "2024-08-11 ",
                           " 2024-08-11",
                           "2024-08-11T",
                           "2024-08-11T22",
                           "2024-08-11T24:00:00",
                           "2024-08-11T23:60:00",
                           "2024-08-11T23:59:60",
                           "2024-08-11t22:30:00",
                           "2024-08-11T22:30:00.",
                           "2024-08-11T22:30:00.Z",
                           "2024-08-11T22:30:00z",
                           "2024-08-11T22:30:00 Z",
                           "2024-08-11T22:30:00+9",
                           "2024-08-11T22:30:00+09:",
                           "2024-08-11T22:30:00+09:0",
                           "2024-08-11T22:30:00+24:00",
                           "2024-08-11T22:30:00+09:60",
                           "2024-08-11T22:30:00+09:00x",
                           "2024-08-11T22:30:00Zx",
                           "2024-08-11Z",
                           "2024/08/11 22:30:00",
                           "+024-08-11",
                           "-024-08-11",
                           "2024-08-11T-2:30:00",
                           "20240811T223000"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
  EXPECT_FALSE(parse_time(std::string_view("2024-08-11\0", 11)));
}

TEST(FormatUtc, RoundTrips) {
  EXPECT_EQ(format_utc(0), "1970-01-01T00:00:00Z");
  EXPECT_TRUE(rc::check([] {
    const Seconds time = *rc::gen::inRange<Seconds>(0, kLatestTime);
    const auto written = parse_time(format_utc(time));
    RC_ASSERT(written.has_value());
    RC_ASSERT(written->utc() == time);
  }));
}

TEST(Duration, Parse) {
  EXPECT_EQ(parse_duration("30s"), 30);
  EXPECT_EQ(parse_duration("10m"), 600);
  EXPECT_EQ(parse_duration("24h"), kDay);
  EXPECT_EQ(parse_duration("7d"), 7 * kDay);
  EXPECT_EQ(parse_duration("0s"), 0);
  for (const char* text : {"", "s", "10", "1.5h", "-1s", "+1s", " 1s", "1 s", "1S", "1h30m", "1w",
                           "99999999999999999999s", "106751991167301d"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Duration, Format) {
  EXPECT_EQ(format_duration(3600), "1h");
  EXPECT_EQ(format_duration(90), "90s");
  EXPECT_EQ(format_duration(300), "5m");
  EXPECT_EQ(format_duration(kDay), "1d");
  EXPECT_EQ(format_duration(90'000), "25h");
  EXPECT_EQ(format_duration(0), "0s");
  EXPECT_TRUE(rc::check([] {
    const Seconds duration = *rc::gen::inRange<Seconds>(0, 1'000'000);
    RC_ASSERT(parse_duration(format_duration(duration)) == duration);
  }));
}

}  // namespace
}  // namespace bikeflow
