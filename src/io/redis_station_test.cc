#include "io/redis_station.h"

#include <gtest/gtest.h>

#include "feed/topic_record.h"

namespace bikeflow {
namespace {

constexpr Seconds kSeen = 1'723'383'000;  // 2024-08-11T13:30:00Z

LiveSeen seen() {
  LiveSeen station{.id = "ST-4",
                   .about = {.name = "102. \"망원역\"", .place = Place{37.5556, 126.9106}}};
  station.now.observed_at = kSeen;
  station.now.counts = {16, 15};
  station.now.rentals = 3;
  station.now.returns = 4;
  return station;
}

TEST(RedisStation, HasTheTopicsRecordAndWhatIsCounted) {
  const Zone seoul = Zone::load("Asia/Seoul").value();
  EXPECT_EQ(
      redis_message(redis_fields(seen(), seoul, "", kSeen + 2)),
      "{\"rackTotCnt\":\"15\",\"stationName\":\"102. \\\"망원역\\\"\",\"parkingBikeTotCnt\":\"16\","
      "\"shared\":\"107\",\"stationLatitude\":\"37.55560000\",\"stationLongitude\":"
      "\"126.91060000\",\"stationId\":\"ST-4\",\"timestamp\":\"2024-08-11 22:30:00\","
      "\"rental_this_hour\":\"3\",\"return_this_hour\":\"4\",\"updated_at\":"
      "\"2024-08-11T13:30:02Z\"}");
}

TEST(RedisStation, BeginsAsTheTopicsRecordDoes) {
  const LiveSeen station = seen();
  const Zone seoul = Zone::load("Asia/Seoul").value();
  for (const char* system : {"", "seoul"}) {
    std::string record = topic_record({.id = station.id,
                                       .name = station.about.name,
                                       .place = station.about.place,
                                       .counts = station.now.counts},
                                      kSeen, seoul, system);
    record.pop_back();
    EXPECT_TRUE(redis_message(redis_fields(station, seoul, system, kSeen)).starts_with(record));
  }
}

TEST(RedisStation, WhatIsNotKnownIsEmpty) {
  LiveSeen station = seen();
  station.about = {};
  station.now.counts = {5, Counts::kNoRacks};
  const Zone zone = Zone::load("America/Los_Angeles").value();
  const RedisFields fields = redis_fields(station, zone, "", kSeen);
  const auto of = [&](std::string_view name) {
    for (const auto& [each, value] : fields) {
      if (each == name) return value;
    }
    return std::string("absent");
  };
  for (const char* name : {"rackTotCnt", "stationName", "shared", "stationLatitude"}) {
    EXPECT_EQ(of(name), "") << name;
  }
  EXPECT_EQ(of("timestamp"), "2024-08-11T06:30:00-07:00");
}

TEST(RedisStation, IsOlderThanWhatIsWrittenOfALaterTime) {
  const Zone seoul = Zone::load("Asia/Seoul").value();
  const auto is_older = [&](std::string_view written, Seconds now = kSeen + 60) {
    return is_older_than(seen(), written, seoul, now);
  };
  EXPECT_TRUE(is_older("2024-08-11 22:30:01"));
  EXPECT_FALSE(is_older("2024-08-11 22:30:00"));
  EXPECT_FALSE(is_older("2024-08-11 22:29:59"));
  EXPECT_FALSE(is_older(""));
  EXPECT_FALSE(is_older("soon"));
  // A clock that was wrong must not keep out what is right.
  EXPECT_FALSE(is_older("2024-08-11 22:36:01"));
  EXPECT_TRUE(is_older("2024-08-11 22:36:00"));
  // In the hour that comes twice, the offset says which one it is.
  LiveSeen station = seen();
  station.now.observed_at = 1'730'621'000;  // 2024-11-03T01:03:20-07:00, of a second 1 o'clock
  const Zone pacific = Zone::load("America/Los_Angeles").value();
  const Seconds now = station.now.observed_at + 3600;
  const std::string first = pacific.record_time(station.now.observed_at);
  station.now.observed_at += 3600;
  EXPECT_FALSE(is_older_than(station, first, pacific, now)) << first;
  const std::string second = pacific.record_time(station.now.observed_at);
  station.now.observed_at -= 1;
  EXPECT_TRUE(is_older_than(station, second, pacific, now)) << second;
}

}  // namespace
}  // namespace bikeflow
