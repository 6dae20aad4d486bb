#include "feed/topic_about.h"

#include <gtest/gtest.h>

#include "base/zone.h"
#include "feed/topic_record.h"

namespace bikeflow {
namespace {

TEST(TopicAbout, ReadsWhatAProducerWrites) {
  const SeenStation station{.id = "ST-4",
                            .name = "102. 망원역 \"1번\" 출구 앞",
                            .place = Place{37.5556488, 126.91062927},
                            .counts = {16, 15}};
  const auto about =
      topic_about(topic_record(station, 1'723'383'000, *Zone::load("Asia/Seoul"), ""));
  ASSERT_TRUE(about);
  EXPECT_EQ(about->name, station.name);
  EXPECT_EQ(about->place, station.place);
  EXPECT_FALSE(about->is_renting);
}

TEST(TopicAbout, ReadsTheFormOfFiles) {
  const auto about = topic_about(R"({"station_id":"a","name":"Harbour","lat":59.9,"lon":-10})");
  ASSERT_TRUE(about);
  EXPECT_EQ(about->name, "Harbour");
  EXPECT_EQ(about->place, (Place{59.9, -10}));
}

TEST(TopicAbout, WhatIsNotKnownIsNothing) {
  for (const char* record :
       {R"({"stationName":"","stationLatitude":"","stationLongitude":""})",
        R"({"stationName":null,"stationLatitude":"0","stationLongitude":"0"})", R"({"name":7})",
        R"({"lat":"91","lon":"1"})", R"({"lat":"1e","lon":"1"})", R"({"lat":"nan","lon":"1"})",
        R"({"lat":"1"})"}) {
    EXPECT_EQ(topic_about(record), StationAbout{}) << record;
  }
  EXPECT_FALSE(topic_about("[1]"));
  EXPECT_FALSE(topic_about("{"));
}

}  // namespace
}  // namespace bikeflow
