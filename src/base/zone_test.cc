#include "base/zone.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace bikeflow {
namespace {

Zone zone(std::string_view name) {
  auto loaded = Zone::load(name);
  EXPECT_TRUE(loaded) << loaded.error().message;
  return *std::move(loaded);
}

Seconds utc(std::string_view text) { return parse_time(text)->local; }
Seconds local(std::string_view text) { return parse_time(text)->local; }

TEST(Zone, FixedOffsets) {
  EXPECT_EQ(zone("UTC").offset_at(0), 0);
  EXPECT_FALSE(zone("UTC").has_changes());
  EXPECT_EQ(zone("Etc/UTC").offset_at(utc("2024-01-01")), 0);
  const Zone seoul = zone("Asia/Seoul");
  EXPECT_EQ(seoul.name(), "Asia/Seoul");
  EXPECT_EQ(seoul.offset_at(utc("2024-08-11")), 9 * kHour);
  EXPECT_EQ(seoul.offset_at(kEarliestTime), 9 * kHour);
  EXPECT_EQ(seoul.offset_at(kLatestTime), 9 * kHour);
  EXPECT_FALSE(seoul.has_changes());
  EXPECT_EQ(seoul.hour_phase(), 0);
  EXPECT_EQ(seoul.civil(utc("2024-08-11T13:30:00")), (Civil{2024, 8, 11, 22, 30, 0}));
  EXPECT_EQ(seoul.from_local(local("2024-08-11T22:30:00"), 0), utc("2024-08-11T13:30:00"));
}

TEST(Zone, PartsOfAnHour) {
  EXPECT_EQ(zone("Asia/Kolkata").offset_at(utc("2024-01-01")), 19'800);
  EXPECT_EQ(zone("Asia/Kolkata").hour_phase(), 1800);
  EXPECT_EQ(zone("Asia/Kathmandu").offset_at(utc("2024-01-01")), 20'700);
  EXPECT_EQ(zone("Asia/Kathmandu").hour_phase(), 2700);
  EXPECT_EQ(zone("America/St_Johns").offset_at(utc("2024-01-01")), -12'600);
  EXPECT_EQ(zone("America/St_Johns").hour_phase(), 1800);
  EXPECT_EQ(zone("Pacific/Marquesas").hour_phase(), 1800);  // -9:30
  EXPECT_EQ(zone("Australia/Eucla").hour_phase(), 2700);    // +8:45
  EXPECT_EQ(zone("Asia/Pyongyang").hour_phase(), 0);        // +8:30 from 2015 to 2018 only
  EXPECT_EQ(zone("Asia/Pyongyang").offset_at(utc("2016-01-01")), 30'600);
}

TEST(Zone, DaylightSavingOfHalfAnHour) {
  const Zone howe = zone("Australia/Lord_Howe");
  EXPECT_EQ(howe.hour_phase(), 1800);  // +10:30; +11 in summer
  EXPECT_TRUE(howe.has_changes());
  // 2024-04-07 02:00 +11 -> 01:30 +10:30, at 15:00 UTC the day before.
  EXPECT_EQ(howe.offset_at(utc("2024-04-06T14:59:59")), 39'600);
  EXPECT_EQ(howe.offset_at(utc("2024-04-06T15:00:00")), 37'800);
  const Seconds twice = local("2024-04-07T01:45:00");
  EXPECT_EQ(howe.from_local(twice, utc("2024-04-06T14:45:00")), utc("2024-04-06T14:45:00"));
  EXPECT_EQ(howe.from_local(twice, utc("2024-04-06T15:15:00")), utc("2024-04-06T15:15:00"));
  // 2024-10-06 02:00 +10:30 -> 02:30 +11.
  EXPECT_FALSE(howe.from_local(local("2024-10-06T02:15:00"), 0));
  EXPECT_EQ(howe.from_local(local("2024-10-06T02:30:00"), 0), utc("2024-10-05T15:30:00"));
}

TEST(Zone, BothChangesOfChicago) {
  const Zone chicago = zone("America/Chicago");
  EXPECT_EQ(chicago.hour_phase(), 0);
  EXPECT_EQ(chicago.offset_at(utc("2013-03-10T07:59:59")), -6 * kHour);
  EXPECT_EQ(chicago.offset_at(utc("2013-03-10T08:00:00")), -5 * kHour);
  EXPECT_EQ(chicago.offset_at(utc("2013-11-03T06:59:59")), -5 * kHour);
  EXPECT_EQ(chicago.offset_at(utc("2013-11-03T07:00:00")), -6 * kHour);
  // The hour that does not occur, and its edges.
  EXPECT_FALSE(chicago.from_local(local("2013-03-10T02:00:00"), 0));
  EXPECT_FALSE(chicago.from_local(local("2013-03-10T02:59:59"), 0));
  EXPECT_EQ(chicago.from_local(local("2013-03-10T01:59:59"), 0), utc("2013-03-10T07:59:59"));
  EXPECT_EQ(chicago.from_local(local("2013-03-10T03:00:00"), 0), utc("2013-03-10T08:00:00"));
  // The hour that occurs twice, and its edges.
  const Seconds first = utc("2013-11-03T06:30:00");
  EXPECT_EQ(chicago.from_local(local("2013-11-03T01:30:00"), first), first);
  EXPECT_EQ(chicago.from_local(local("2013-11-03T01:30:00"), 0), first);
  EXPECT_EQ(chicago.from_local(local("2013-11-03T01:30:00"), first + 29 * kMinute), first);
  EXPECT_EQ(chicago.from_local(local("2013-11-03T01:30:00"), first + 31 * kMinute), first + kHour);
  EXPECT_EQ(chicago.from_local(local("2013-11-03T00:59:59"), kLatestTime),
            utc("2013-11-03T05:59:59"));
  EXPECT_EQ(chicago.from_local(local("2013-11-03T02:00:00"), 0), utc("2013-11-03T08:00:00"));
}

TEST(Zone, DublinWhoseWinterIsTheException) {
  const Zone dublin = zone("Europe/Dublin");
  EXPECT_EQ(dublin.hour_phase(), 0);
  EXPECT_EQ(dublin.offset_at(utc("2024-01-01")), 0);
  EXPECT_EQ(dublin.offset_at(utc("2024-03-31T00:59:59")), 0);
  EXPECT_EQ(dublin.offset_at(utc("2024-03-31T01:00:00")), kHour);
  EXPECT_EQ(dublin.offset_at(utc("2024-10-27T00:59:59")), kHour);
  EXPECT_EQ(dublin.offset_at(utc("2024-10-27T01:00:00")), 0);
  EXPECT_FALSE(dublin.from_local(local("2024-03-31T01:30:00"), 0));
  EXPECT_EQ(dublin.from_local(local("2024-10-27T01:30:00"), kLatestTime),
            utc("2024-10-27T01:30:00"));
}

TEST(Zone, RulesHoldAfterTheLastListedChange) {
  const Zone chicago = zone("America/Chicago");
  EXPECT_EQ(chicago.offset_at(utc("2060-07-01")), -5 * kHour);
  EXPECT_EQ(chicago.offset_at(utc("2100-01-01")), -6 * kHour);
  EXPECT_EQ(chicago.offset_at(utc("2060-03-14T07:59:59")), -6 * kHour);  // second Sunday of March
  EXPECT_EQ(chicago.offset_at(utc("2060-03-14T08:00:00")), -5 * kHour);
  EXPECT_EQ(zone("Europe/Dublin").offset_at(utc("2060-07-01")), kHour);
  EXPECT_EQ(zone("Europe/Dublin").offset_at(utc("2060-12-01")), 0);
  // Turkey gave daylight saving up in 2016. (Not Morocco: tzdata of 2025 and of 2026 differ.)
  EXPECT_EQ(zone("Europe/Istanbul").offset_at(utc("2015-01-15")), 2 * kHour);
  EXPECT_EQ(zone("Europe/Istanbul").offset_at(utc("2120-01-15")), 3 * kHour);
}

TEST(Zone, LocalAndBack) {
  for (const char* name : {"America/Chicago", "Europe/Dublin", "Australia/Lord_Howe", "UTC",
                           "Pacific/Apia", "Asia/Kathmandu"}) {
    const Zone loaded = zone(name);
    EXPECT_TRUE(rc::check(name, [&loaded] {
      const Seconds time =
          *rc::gen::inRange<Seconds>(kEarliestTime, kEarliestTime + 180 * 365 * kDay);
      const Seconds civil = seconds_from_civil(loaded.civil(time));
      RC_ASSERT(loaded.from_local(civil, time) == time);
    }));
  }
}

TEST(Zone, ADayThatWasSkipped) {
  EXPECT_FALSE(zone("Pacific/Apia").from_local(local("2011-12-30T12:00:00"), 0));
}

TEST(Zone, UnknownNames) {
  const auto message = [](std::string_view name) {
    const auto loaded = Zone::load(name);
    return loaded ? "loaded" : loaded.error().message;
  };
  EXPECT_EQ(message("Asia/Seol"), "Asia/Seol: no such time zone; did you mean 'Asia/Seoul'?");
  EXPECT_EQ(message("asia/seoul"), "asia/seoul: no such time zone; did you mean 'Asia/Seoul'?");
  EXPECT_EQ(message("Seoul"), "Seoul: no such time zone; did you mean 'Asia/Seoul'?");
  EXPECT_EQ(message("America/Chigaco"),
            "America/Chigaco: no such time zone; did you mean 'America/Chicago'?");
  EXPECT_EQ(message("Korea/Seoul"), "Korea/Seoul: no such time zone; did you mean 'Asia/Seoul'?");
  for (const char* name : {"", "Asia", "/etc/passwd", "../../../etc/passwd", "zone1970.tab",
                           "qqqqqqqqqqqqqqqqqqqq", "tzdata.zi", "Asia/Seoul\n"}) {
    EXPECT_NE(message(name), "loaded") << name;
  }
  EXPECT_EQ(message("qqqqqqqqqqqqqqqqqqqq").find("did you mean"), std::string::npos);
}

TEST(Zone, WritesTimesThatCanBeReadBack) {
  EXPECT_EQ(zone("Asia/Seoul").record_time(utc("2024-08-11T13:30:00")), "2024-08-11 22:30:00");
  EXPECT_EQ(zone("America/St_Johns").record_time(utc("2024-11-03T04:31:05")),
            "2024-11-03T01:01:05-03:30");
}

}  // namespace
}  // namespace bikeflow
