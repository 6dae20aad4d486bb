#include "feed/topic_record.h"

#include <gtest/gtest.h>

#include "feed/json_record.h"

namespace bikeflow {
namespace {

const Seconds kAt = parse_time("2024-08-11T22:30:00+09:00")->utc();
const SeenStation kMangwon{
    "ST-4", "102. 망원역 1번출구 앞", Place{37.5556488, 126.91062927}, {16, 15}};

TEST(TopicRecord, IsTheRecordThatThePublishedTopicHas) {
  EXPECT_EQ(topic_record(kMangwon, kAt, *Zone::load("Asia/Seoul"), ""),
            R"({"rackTotCnt":"15","stationName":"102. 망원역 1번출구 앞","parkingBikeTotCnt":"16",)"
            R"("shared":"107","stationLatitude":"37.55564880","stationLongitude":"126.91062927",)"
            R"("stationId":"ST-4","timestamp":"2024-08-11 22:30:00"})");
}

TEST(TopicRecord, IsReadBackInEveryZone) {
  for (const char* name : {"Asia/Seoul", "America/New_York", "Asia/Kolkata", "UTC"}) {
    const Zone zone = *Zone::load(name);
    // The hour that New York has twice among them.
    for (const Seconds at : {kAt, parse_time("2024-11-03T05:30:00Z")->utc(),
                             parse_time("2024-11-03T06:30:00Z")->utc()}) {
      const std::string record = topic_record(kMangwon, at, zone, "a \"system\"");
      JsonRecordDecoder decoder(zone);
      const Decoded decoded = decoder.decode(record, 0);
      ASSERT_TRUE(decoded.has_value()) << record;
      EXPECT_EQ(decoded->observed_at, at) << record;
      EXPECT_EQ(decoded->station_id, "ST-4");
      EXPECT_EQ(decoded->counts, kMangwon.counts);
      EXPECT_EQ(decoded->system, "a \"system\"");
    }
  }
}

TEST(TopicRecord, WhatIsNotKnownIsEmptyAndReadBackAsUnknown) {
  const Zone zone = *Zone::load("Asia/Seoul");
  const std::string record = topic_record({"7\t", "", {}, {3, Counts::kNoRacks}}, kAt, zone, "");
  EXPECT_EQ(record, R"({"rackTotCnt":"","stationName":"","parkingBikeTotCnt":"3","shared":"",)"
                    R"("stationLatitude":"","stationLongitude":"","stationId":"7\t",)"
                    R"("timestamp":"2024-08-11 22:30:00"})");
  JsonRecordDecoder decoder(zone);
  const Decoded decoded =
      decoder.decode(topic_record({"7", "", {}, {3, Counts::kNoRacks}}, kAt, zone, ""), 0);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->counts, (Counts{3, Counts::kNoRacks}));
}

}  // namespace
}  // namespace bikeflow
