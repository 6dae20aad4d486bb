#include "sim/text.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/hash.h"

namespace bikeflow {
namespace {

City one_station(CityName name) {
  City city = make_city(name, 1, 1).value();
  city.stations[0].racks = 15;
  return city;
}

std::string one_record(const City& city, RecordForm form, Seconds at, std::int16_t bikes) {
  const Zone zone = Zone::load(city.time_zone).value();
  RecordText text(city, zone, form);
  std::string out;
  text.append(out, {.observed_at = at, .station = 0, .counts = {.bikes = bikes, .racks = 15}});
  return out;
}

TEST(RecordText, WritesTheTopicsForm) {
  EXPECT_EQ(one_record(one_station(CityName::kSeoul), RecordForm::kTopic, 1'723'383'000, 16),
            R"({"rackTotCnt":"15","stationName":"102. 망원역 1번출구 앞","parkingBikeTotCnt":"16",)"
            R"("shared":"107","stationLatitude":"37.55564880","stationLongitude":"126.91062927",)"
            R"("stationId":"ST-4","timestamp":"2024-08-11 22:30:00"})"
            "\n");
}

TEST(RecordText, TheTopicsTimeHasItsOffsetWhereClocksChange) {
  const std::string summer =
      one_record(one_station(CityName::kBayArea), RecordForm::kTopic, 1'401'721'200, 3);
  EXPECT_NE(summer.find(R"("timestamp":"2014-06-02T08:00:00-07:00"})"), std::string::npos)
      << summer;
  EXPECT_NE(summer.find(R"("shared":"20")"), std::string::npos);
}

TEST(RecordText, WritesTheRecordedForm) {
  EXPECT_EQ(
      one_record(one_station(CityName::kSeoul), RecordForm::kRecorded, 1'723'383'000, 16),
      R"({"system":"seoul","station_id":"ST-4","observed_at":1723383000,"bikes":16,"racks":15})"
      "\n");
}

TEST(RecordText, APlaceWithoutRacksSharesNothing) {
  City city = one_station(CityName::kSeoul);
  const Zone zone = Zone::load(city.time_zone).value();
  city.stations[0].racks = 0;
  RecordText text(city, zone, RecordForm::kTopic);
  std::string out;
  text.append(out, {.observed_at = 0, .station = 0, .counts = {.bikes = 4, .racks = 0}});
  EXPECT_NE(out.find(R"("parkingBikeTotCnt":"4","shared":"0")"), std::string::npos) << out;
}

TEST(RecordText, KnowsItsForms) {
  EXPECT_EQ(parse_record_form("topic").value(), RecordForm::kTopic);
  EXPECT_EQ(parse_record_form("csv").error().message,
            "unknown form 'csv'; there are recorded and topic");
}

TEST(TruthText, WritesATripWhenItEndsAndTheRestAtTheEnd) {
  City city;
  city.stations.resize(2);
  city.stations[0].id = "ST-4";
  city.stations[1].id = "ST-5";
  TruthText text(city);
  std::string out;
  const auto event = [&](Seconds at, StationIndex station, std::uint32_t trip, int change,
                         Cause cause) {
    text.append(out, {.at = at,
                      .station = station,
                      .trip = trip,
                      .change = static_cast<std::int8_t>(change),
                      .cause = cause});
  };
  event(100, 0, 1, -1, Cause::kRider);
  event(110, 1, 2, -1, Cause::kTruck);
  event(120, 1, 3, -1, Cause::kSensor);
  event(420, 1, 3, +1, Cause::kSensor);
  event(700, 1, 1, +1, Cause::kRider);
  text.append_open(out);
  EXPECT_EQ(out,
            "3,120,ST-5,420,ST-5,sensor\n"
            "1,100,ST-4,700,ST-5,rider\n"
            "2,110,ST-5,,,truck\n");
}

// Everything together: what one seed writes never changes unnoticed, on no machine and by no
// compiler.
std::uint64_t hash_of_run(CityName name, std::uint32_t stations, Seconds start,
                          std::uint64_t seed) {
  const City city = make_city(name, stations, seed).value();
  const Zone zone = Zone::load(city.time_zone).value();
  CityFeed feed(city, zone,
                {.world = {.start = start, .seed = seed}, .end = start + 8 * kHour, .poll = 60});
  RecordText records(city, zone, RecordForm::kTopic);
  TruthText truth(city);
  std::string out;
  CityPoll poll;
  while (feed.next(poll)) {
    for (const CityObservation& seen : poll.observations) records.append(out, seen);
    for (const CityEvent& event : poll.events) truth.append(out, event);
  }
  truth.append_open(out);
  return hash64(out);
}

TEST(SimulatedText, OneSeedAlwaysWritesTheSameBytes) {
  EXPECT_EQ(format_hex(hash_of_run(CityName::kSeoul, 150, 1'401'634'800, 1)), "a5728334575d2a4c");
  EXPECT_EQ(format_hex(hash_of_run(CityName::kSeoul, 150, 1'401'634'800, 2)), "91a9b931a719e3a6");
  EXPECT_EQ(format_hex(hash_of_run(CityName::kBayArea, kAllStations, 1'401'692'400, 1)),
            "54be3f34bd9369de");
}

}  // namespace
}  // namespace bikeflow
