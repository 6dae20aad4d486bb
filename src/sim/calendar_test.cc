#include "sim/calendar.h"

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

Seconds at(const char* text) { return parse_time(text)->utc(); }

TEST(Calendar, KnowsTheLocalDay) {
  const Zone seoul = Zone::load("Asia/Seoul").value();
  const LocalClock monday = local_clock(seoul, at("2014-06-02T08:30:00+09:00"));
  EXPECT_EQ(monday.weekday, 1);
  EXPECT_EQ(monday.second_of_day, 8 * kHour + 30 * kMinute);
  EXPECT_EQ(local_clock(seoul, at("2014-06-01T00:00:00+09:00")).weekday, 0);
  EXPECT_EQ(midnight_before(seoul, at("2014-06-02T08:30:00+09:00")),
            at("2014-06-02T00:00:00+09:00"));
  EXPECT_EQ(midnight_before(seoul, at("2014-06-02T00:00:00+09:00")),
            at("2014-06-02T00:00:00+09:00"));
}

TEST(Calendar, NextTimeOfDayIsLater) {
  const Zone seoul = Zone::load("Asia/Seoul").value();
  const Seconds evening = at("2014-06-02T20:00:00+09:00");
  EXPECT_EQ(next_time_of_day(seoul, evening - 1, 20 * kHour), evening);
  EXPECT_EQ(next_time_of_day(seoul, evening, 20 * kHour), evening + kDay);
}

TEST(Calendar, DaysOfClockChangesAreNotTwentyFourHours) {
  const Zone bay = Zone::load("America/Los_Angeles").value();
  const Seconds spring = at("2014-03-09T00:00:00-08:00");
  EXPECT_EQ(next_time_of_day(bay, spring, 0) - spring, 23 * kHour);
  const Seconds autumn = at("2014-11-02T00:00:00-07:00");
  EXPECT_EQ(next_time_of_day(bay, autumn, 0) - autumn, 25 * kHour);
  EXPECT_EQ(midnight_before(bay, autumn + 24 * kHour + kMinute), autumn);
}

}  // namespace
}  // namespace bikeflow
