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

}  // namespace
}  // namespace bikeflow
