#include "app/times.h"

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

Zone zone(std::string_view name) { return Zone::load(name).value(); }

std::string read(std::string_view text, std::string_view name) {
  const auto time = parse_time_in(text, zone(name));
  return time ? format_utc(*time) : time.error().message;
}

TEST(Times, WithoutAnOffsetAreOfTheZone) {
  EXPECT_EQ(read("2024-08-11T22:30", "Asia/Seoul"), "2024-08-11T13:30:00Z");
  EXPECT_EQ(read("2024-08-11", "Asia/Seoul"), "2024-08-10T15:00:00Z");
  EXPECT_EQ(read("2024-08-11T22:30:00Z", "Asia/Seoul"), "2024-08-11T22:30:00Z");
  EXPECT_EQ(read("2024-08-11 22:30:00+02:00", "Asia/Seoul"), "2024-08-11T20:30:00Z");
}

TEST(Times, AtClockChanges) {
  // 01:30 occurs twice: the first, by daylight saving time.
  EXPECT_EQ(read("2013-11-03T01:30", "America/Chicago"), "2013-11-03T06:30:00Z");
  EXPECT_EQ(
      read("2013-03-10T02:30", "America/Chicago"),
      "'2013-03-10T02:30' does not exist in America/Chicago: the clocks were put forward over "
      "it; add an offset, such as +00:00");
}

TEST(Times, ThatAreNone) {
  EXPECT_EQ(read("yesterday", "UTC"),
            "'yesterday' is not a time such as 2024-08-11, 2024-08-11T22:30 or "
            "2024-08-11T13:30:00Z");
}

TEST(Times, MakeAHalfOpenRange) {
  const auto range = parse_range("2024-08-11T01:00", "2024-08-11T02:00", zone("UTC"));
  ASSERT_TRUE(range);
  EXPECT_TRUE(range->contains(range->from));
  EXPECT_FALSE(range->contains(range->to));
  EXPECT_EQ(range->to - range->from, kHour);
  EXPECT_TRUE(parse_range(std::nullopt, std::nullopt, zone("UTC"))->contains(0));
  EXPECT_EQ(parse_range("2024-08-11", "2024-08-11", zone("UTC")).error().message,
            "nothing lies between --from 2024-08-11 and --to 2024-08-11: --to is outside, and must "
            "be later");
  EXPECT_EQ(parse_range("x", std::nullopt, zone("UTC")).error().message.substr(0, 11),
            "--from: 'x'");
}

TEST(Times, AreWrittenForPeople) {
  EXPECT_EQ(local_time(1723383000, zone("Asia/Seoul")), "2024-08-11 22:30");
  EXPECT_EQ(local_time(1723383001, zone("Asia/Seoul")), "2024-08-11 22:30:01");
  EXPECT_EQ(local_time(1372942800, zone("America/Chicago")), "2013-07-04 08:00 -05:00");
  EXPECT_EQ(local_time(1723383000, zone("Asia/Kolkata")), "2024-08-11 19:00");
  EXPECT_EQ(local_time_of_day(1723383000, zone("Asia/Seoul")), "22:30");
  EXPECT_EQ(local_time(1372942800, zone("America/Chicago"), TimeForm::kEven),
            "2013-07-04 08:00:00");
  EXPECT_EQ(local_time_of_day(1723383000, zone("Asia/Seoul"), TimeForm::kEven), "22:30:00");
}

}  // namespace
}  // namespace bikeflow
