#include "api/live_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace bikeflow {
namespace {

using nlohmann::json;

constexpr Seconds kTen = 1'723'370'400;  // 2024-08-11T10:00:00Z

LiveSeen station() {
  return {
      .id = "ST-4",
      .about = {.name = "102. \"망원역\", 1번", .place = Place{37.5, 126.25}, .is_renting = true},
      .now = {.observed_at = kTen + 30,
              .counts = {16, 15},
              .since = kTen,
              .is_since_exact = true,
              .window_start = kTen,
              .rentals = 3,
              .returns = 4}};
}

TEST(LiveJson, AStationHasWhatIsKnownOfIt) {
  EXPECT_EQ(json::parse(station_json(station())),
            json::parse(R"({"id":"ST-4","name":"102. \"망원역\", 1번","lat":37.5,"lon":126.25,
              "bikes":16,"racks":15,"observed_at":"2024-08-11T10:00:30Z","fill":"full",
              "since":"2024-08-11T10:00:00Z","since_is_exact":true,"hour":"2024-08-11T10:00:00Z",
              "rentals":3,"returns":4,"renting":true,"returning":null,"is_read":true})"));
}

TEST(LiveJson, WhatIsNotKnownIsNull) {
  const json never = json::parse(station_json({.id = "ST-5", .is_here = false}));
  for (const char* name : {"name", "lat", "lon", "bikes", "racks", "observed_at", "fill", "since",
                           "hour", "rentals", "returns", "renting", "returning"}) {
    EXPECT_TRUE(never.at(name).is_null()) << name;
  }
  EXPECT_EQ(never.size(), json::parse(station_json(station())).size());
  EXPECT_EQ(never.at("is_read"), false);
  LiveSeen no_racks = station();
  no_racks.now.counts.racks = Counts::kNoRacks;
  EXPECT_TRUE(json::parse(station_json(no_racks)).at("racks").is_null());
}

TEST(LiveJson, CsvIsQuotedAndNoFormula) {
  LiveSeen formula = station();
  formula.id = "=1+1";
  EXPECT_EQ(stations_csv({station(), formula, {.id = "ST-5"}}),
            "id,name,lat,lon,bikes,racks,observed_at,fill,since,since_is_exact,hour,rentals,"
            "returns,is_read\n"
            "ST-4,\"102. \"\"망원역\"\", 1번\",37.5,126.25,16,15,2024-08-11T10:00:30Z,full,"
            "2024-08-11T10:00:00Z,true,2024-08-11T10:00:00Z,3,4,true\n"
            "'=1+1,\"102. \"\"망원역\"\", 1번\",37.5,126.25,16,15,2024-08-11T10:00:30Z,full,"
            "2024-08-11T10:00:00Z,true,2024-08-11T10:00:00Z,3,4,true\n"
            "ST-5,,,,,,,,,,,,,true\n");
}

TEST(LiveJson, AStateWithoutFreshStationsKnowsNothing) {
  LiveState state{.now = kTen, .totals = {.known = 2, .stale = 2, .data_at = kTen - kDay}};
  json said = json::parse(state_json(state));
  EXPECT_TRUE(said.at("bikes").is_null());
  EXPECT_TRUE(said.at("stations").at("empty").is_null());
  EXPECT_TRUE(said.at("hour").is_null());
  EXPECT_TRUE(said.at("last_week").is_null());
  EXPECT_TRUE(said.at("feed").is_null());
  EXPECT_EQ(said.at("data_at"), "2024-08-10T10:00:00Z");
  state.totals = {.known = 2, .bikes = 7, .hour_start = kTen, .rentals = 4};
  state.feed = LiveFeed{.reason = "timeout", .text = "no answer"};
  said = json::parse(state_json(state));
  EXPECT_EQ(said.at("bikes"), 7);
  EXPECT_EQ(said.at("hour").at("rentals"), 4);
  EXPECT_TRUE(said.at("feed").at("reason").is_null());  // it is over
  state.feed->failures_in_a_row = 1;
  EXPECT_EQ(json::parse(state_json(state)).at("feed").at("reason"), "timeout");
}

TEST(LiveJson, ATrailSaysItsGaps) {
  LiveTrail trail;
  trail.add(kTen, 5, 600);
  trail.add(kTen + 60, 4, 600);
  trail.add(kTen + 90, 4, 600);
  trail.add(kTen + 1000, 4, 600);
  const json said = json::parse(trail_json(trail, 600, kTen + 1010));
  EXPECT_EQ(said.at("points").size(), 3U);
  EXPECT_EQ(said.at("gaps"),
            json::parse(R"([{"from":"2024-08-11T10:01:30Z","to":"2024-08-11T10:16:40Z"}])"));
  EXPECT_EQ(said.at("last_seen"), "2024-08-11T10:16:40Z");
  EXPECT_TRUE(json::parse(trail_json({}, 600, kTen)).at("known_from").is_null());
}

TEST(LiveJson, TellsTheOutlook) {
  LiveOutlook outlook;
  outlook.soon.push_back({"a", {Fill::kEmpty, kDay, -6, kHour}});
  outlook.soon.push_back({"b", {Fill::kFull, kDay + 1, 4, 1800}});
  outlook.frozen.push_back({"c", 2 * kDay});
  outlook.flapping.push_back({"d", {5, 6, 9, 3 * kDay}});
  EXPECT_EQ(
      outlook_json(outlook, 5 * kDay),
      R"({"now":"1970-01-06T00:00:00Z","soon":[)"
      R"({"id":"a","becomes":"empty","at":"1970-01-02T00:00:00Z","net":-6,"over_s":3600},)"
      R"({"id":"b","becomes":"full","at":"1970-01-02T00:00:01Z","net":4,"over_s":1800}],)"
      R"("frozen":[{"id":"c","since":"1970-01-03T00:00:00Z"}],)"
      R"("flapping":[{"id":"d","low":5,"high":6,"changes":9,"since":"1970-01-04T00:00:00Z"}]})");
}

}  // namespace
}  // namespace bikeflow
