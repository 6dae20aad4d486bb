#include "feed/gbfs_document.h"

#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "feed/gbfs_round.h"

namespace bikeflow {
namespace {

constexpr std::int16_t kUnknown = Counts::kNoRacks;

GbfsDocument read_ok(const std::string& bytes, const std::string& language = "") {
  auto document = read_gbfs(bytes, language);
  EXPECT_TRUE(document) << bytes << document.error().message;
  return document ? std::move(*document) : GbfsDocument{};
}

GbfsHead head_of(const std::string& member) {
  return read_ok("{" + member + R"(,"data":{"stations":[]}})").head;
}

// The stations of a document whose list holds these.
GbfsStations stations_of(const std::string& list, const std::string& language = "") {
  GbfsDocument document = read_ok(R"({"data":{"stations":[)" + list + "]}}", language);
  auto* const stations = std::get_if<GbfsStations>(&document.content);
  EXPECT_NE(stations, nullptr) << list;
  return stations == nullptr ? GbfsStations{} : std::move(*stations);
}

// One station, id "a", with these members.
SeenStation station(const std::string& members, const std::string& language = "") {
  const GbfsStations stations = stations_of(R"({"station_id":"a",)" + members + "}", language);
  EXPECT_EQ(stations.stations.size(), 1U) << members;
  return stations.stations.empty() ? SeenStation{} : stations.stations.front().seen;
}

std::string refusal(const std::string& station) {
  // Another one makes it a list with counts.
  const GbfsStations stations =
      stations_of(R"({"station_id":"other","num_bikes_available":0},)" + station);
  if (stations.refused.size() != 1) return "not refused";
  const Refusal& refusal = stations.refused.front().refusal;
  EXPECT_EQ(refusal.byte, std::nullopt);
  return fmt::format("{}: {}", reason_word(refusal.reason), refusal.detail);
}

TEST(GbfsDocument, WhatItIsByItsContent) {
  const auto kind = [](const char* data) {
    return gbfs_kind(read_ok(fmt::format(R"({{"version":"2.3","data":{}}})", data)));
  };
  EXPECT_EQ(kind(R"({"stations":[{"station_id":"a","num_bikes_available":1}]})"),
            "a station_status");
  EXPECT_EQ(kind(R"({"stations":[{"station_id":"a","is_renting":null}]})"), "a station_status");
  EXPECT_EQ(kind(R"({"stations":[{"station_id":"a","capacity":1}]})"), "a station_information");
  EXPECT_EQ(kind(R"({"stations":[]})"), "a list of no stations");
  EXPECT_EQ(kind(R"({"feeds":[]})"), "a gbfs.json");
  EXPECT_EQ(kind(R"({"fr":{"feeds":[]}})"), "a gbfs.json");
  EXPECT_EQ(kind(R"({"versions":[]})"), "a list of versions");
  EXPECT_EQ(kind(R"({"datasets":[{"system_id":"a","versions":[]}]})"), "a list of versions");
  EXPECT_EQ(kind(R"({"bikes":[]})"), "a list of single vehicles");
  EXPECT_EQ(kind(R"({"vehicles":[]})"), "a list of single vehicles");
  EXPECT_EQ(kind(R"({"alerts":[],"b":1})"), "no GBFS document (data is an object with alerts, b)");
  EXPECT_EQ(kind("{}"), "no GBFS document (data is an empty object)");
  EXPECT_EQ(kind("[]"), "no GBFS document (an object with version, data)");
  EXPECT_EQ(gbfs_kind(read_ok("[1]")), "no GBFS document (no object)");
  EXPECT_EQ(gbfs_kind(read_ok(R"({"a":1,"b":1,"c":1,"d":1,"e":1,"f":1})")),
            "no GBFS document (an object with a, b, c, d, e, ...)");
}

TEST(GbfsDocument, NoJson) {
  for (const char* bytes : {"404 Not Found", "", "  ", "<html></html>", "{\"data\":", "{} {}",
                            "{\"a\":NaN}", "{\"a\":\"\xFF\"}", "{\"a\":1e999}", "{'a':1}"}) {
    EXPECT_FALSE(read_gbfs(bytes, "")) << bytes;
  }
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "[";
  EXPECT_FALSE(read_gbfs(deep, ""));
  EXPECT_TRUE(read_gbfs("\xEF\xBB\xBF{}", ""));
}

TEST(GbfsHead, LastUpdated) {
  struct Case {
    const char* written = "";
    std::optional<Seconds> time;
  };
  for (const Case& one : {
           Case{"1712351088", 1'712'351'088},
           Case{"1712351088.9", 1'712'351'088},
           Case{"1712351088999", 1'712'351'088},  // milliseconds
           Case{R"("1712351088")", 1'712'351'088},
           Case{R"("2024-04-05T21:04:48Z")", 1'712'351'088},
           Case{R"("2024-04-05t21:04:48.123z")", 1'712'351'088},
           Case{R"("2024-04-05T23:04:48+02:00")", 1'712'351'088},
           Case{R"("2024-04-05T15:34:48-05:30")", 1'712'351'088},
           Case{R"("2024-04-05T21:04:48")", std::nullopt},  // of which zone?
           Case{"0", std::nullopt},
           Case{"-1", std::nullopt},
           Case{"86400", std::nullopt},  // 1970
           Case{"1e300", std::nullopt},
           Case{"18446744073709551615", std::nullopt},
           Case{"null", std::nullopt},
           Case{"true", std::nullopt},
           Case{"[]", std::nullopt},
           Case{R"("")", std::nullopt},
           Case{R"("yesterday")", std::nullopt},
           Case{R"("0000-01-01T00:00:00Z")", std::nullopt},
       }) {
    EXPECT_EQ(head_of(fmt::format(R"("last_updated":{})", one.written)).last_updated, one.time)
        << one.written;
  }
  EXPECT_EQ(head_of(R"("x":1)").last_updated, std::nullopt);
  EXPECT_EQ(head_of(R"("last_updated":"yesterday")").last_updated_text, "yesterday");
}

TEST(GbfsHead, TtlAndVersion) {
  EXPECT_EQ(head_of(R"("ttl":60)").ttl_s, 60);
  EXPECT_EQ(head_of(R"("ttl":60.5)").ttl_s, 60);
  EXPECT_EQ(head_of(R"("ttl":"60")").ttl_s, 60);
  for (const char* ttl : {"0", "-5", "null", "\"soon\"", "1e99", "{}"}) {
    EXPECT_EQ(head_of(fmt::format(R"("ttl":{})", ttl)).ttl_s, 0) << ttl;
  }
  EXPECT_EQ(head_of(R"("version":"3.1-RC3")").version, "3.1-RC3");
  EXPECT_EQ(head_of(R"("version":2.3)").version, "2.3");
  EXPECT_EQ(head_of(R"("ttl":1)").version, "");
}

TEST(GbfsBikes, UnderEitherName) {
  EXPECT_EQ(station(R"("num_bikes_available":3)").counts.bikes, 3);
  EXPECT_EQ(station(R"("num_vehicles_available":4)").counts.bikes, 4);
  EXPECT_EQ(station(R"("num_bikes_available":"5")").counts.bikes, 5);
  EXPECT_EQ(station(R"("num_bikes_available":10000)").counts.bikes, 10'000);
  // Both: the name of 3.0, unless nothing can be read there.
  EXPECT_EQ(station(R"("num_bikes_available":3,"num_vehicles_available":4)").counts.bikes, 4);
  EXPECT_EQ(station(R"("num_bikes_available":3,"num_vehicles_available":null)").counts.bikes, 3);
  EXPECT_EQ(station(R"("num_bikes_available":3,"num_vehicles_available":-1)").counts.bikes, 3);
  // Disabled ones are not available; docks are no bikes.
  EXPECT_EQ(station(R"("num_bikes_available":3,"num_bikes_disabled":2)").counts.bikes, 3);
}

TEST(GbfsBikes, ByType) {
  constexpr const char* kTypes =
      R"("vehicle_types_available":[{"vehicle_type_id":"x","count":2},{"count":5}])";
  EXPECT_EQ(station(kTypes).counts.bikes, 7);
  EXPECT_EQ(station(std::string(R"("num_bikes_available":0,)") + kTypes).counts.bikes, 7);  // Dott
  EXPECT_EQ(station(std::string(R"("num_bikes_available":1,)") + kTypes).counts.bikes, 1);
  EXPECT_EQ(station(R"("vehicle_types_available":{"x":2,"y":1})").counts.bikes, 3);
  EXPECT_EQ(station(R"("vehicle_types_available":[])").counts.bikes, 0);
  EXPECT_EQ(
      station(R"("num_bikes_available":0,"vehicle_types_available":[{"count":-1}])").counts.bikes,
      0);
  EXPECT_EQ(refusal(R"({"station_id":"a","vehicle_types_available":[{"count":9999},{"count":2}]})"),
            R"(bad_bikes: vehicle_types_available: found [{"count":9999},{"count":2}], expected a )"
            "whole number from 0 to 10000");
}

TEST(GbfsBikes, Refused) {
  EXPECT_EQ(refusal(R"({"station_id":"a","num_bikes_available":-1})"),
            "bad_bikes: num_bikes_available: found -1, expected a whole number from 0 to 10000");
  EXPECT_EQ(refusal(R"({"station_id":"a","num_vehicles_available":"-"})"),
            R"(bad_bikes: num_vehicles_available: found "-", expected a whole number from 0 to )"
            "10000");
  for (const char* bikes : {"10001", "3.0", "3.5", "true", "[]", "\"\"", "18446744073709551615"}) {
    EXPECT_TRUE(refusal(fmt::format(R"({{"station_id":"a","num_bikes_available":{}}})", bikes))
                    .starts_with("bad_bikes: "))
        << bikes;
  }
  EXPECT_EQ(refusal(R"({"station_id":"a"})"), "missing_bikes: no num_bikes_available");
  EXPECT_EQ(refusal(R"({"station_id":"a","num_bikes_available":null})"),
            "missing_bikes: no num_bikes_available");
  // Of a station that is not there nothing is expected.
  EXPECT_EQ(refusal(R"({"station_id":"a","is_installed":false,"num_bikes_available":-1})"),
            "not refused");
}

TEST(GbfsStationId, TextOrInteger) {
  EXPECT_EQ(stations_of(R"({"station_id":17,"num_bikes_available":1})").stations.front().seen.id,
            "17");
  EXPECT_EQ(refusal(R"({"num_bikes_available":1})"), "missing_station: no station_id");
  EXPECT_EQ(refusal(R"({"station_id":null,"num_bikes_available":1})"),
            "missing_station: no station_id");
  EXPECT_EQ(refusal("7"), "missing_station: no station_id");
  for (const char* id : {"\"\"", "\"a\\n\"", "1.5", "[]", "false"}) {
    EXPECT_TRUE(refusal(fmt::format(R"({{"station_id":{},"num_bikes_available":1}})", id))
                    .starts_with("bad_station: station_id: found "))
        << id;
  }
}

TEST(GbfsStationId, TwiceInADocument) {
  const GbfsStations stations =
      stations_of(R"({"station_id":"1","num_bikes_available":1},{"station_id":1,
                      "num_bikes_available":2},{"station_id":"1","num_bikes_available":-3})");
  ASSERT_EQ(stations.stations.size(), 1U);
  EXPECT_EQ(stations.stations.front().seen.counts.bikes, 1);
  EXPECT_EQ(stations.duplicates, 2);
  EXPECT_TRUE(stations.refused.empty());
}

TEST(GbfsRefused, KeepsItsRecordShort) {
  const GbfsStations stations =
      stations_of(R"({ "num_bikes_available" : 1 , "x":")" + std::string(10'000, 'x') + R"("})");
  ASSERT_EQ(stations.refused.size(), 1U);
  EXPECT_EQ(stations.refused.front().record.size(), kDeadLetterRecordBytes);
  EXPECT_TRUE(stations.refused.front().record.starts_with(R"({"num_bikes_available":1,"x":"xx)"));
}

TEST(GbfsFlags, BooleansOrNumbers) {
  const auto flags = [](const char* value) {
    const SeenStation seen = station(
        fmt::format(R"("num_bikes_available":1,"is_renting":{0},"is_returning":{0})", value));
    EXPECT_EQ(seen.is_renting, seen.is_returning);
    return seen.is_renting;
  };
  for (const char* yes : {"true", "1", "\"1\"", "\"true\"", "null", "7", "[]"}) {
    EXPECT_TRUE(flags(yes)) << yes;
  }
  for (const char* no : {"false", "0", "\"0\"", "\"false\""}) EXPECT_FALSE(flags(no)) << no;
  EXPECT_FALSE(stations_of(R"({"station_id":"a","is_installed":0,"num_bikes_available":1})")
                   .stations.front()
                   .is_installed);
}

TEST(GbfsRacks, CapacityOrDocksByType) {
  EXPECT_EQ(station(R"("capacity":19)").counts.racks, 19);
  EXPECT_EQ(station(R"("capacity":"19")").counts.racks, 19);
  for (const char* capacity : {"0", "null", "-1", "10001", "\"x\"", "1.5"}) {
    EXPECT_EQ(station(fmt::format(R"("capacity":{})", capacity)).counts.racks, kUnknown)
        << capacity;
  }
  EXPECT_EQ(station(R"("vehicle_docks_capacity":[{"vehicle_type_ids":["a"],"count":7},{"count":2}],
                       "vehicle_types_capacity":[{"count":50}])")
                .counts.racks,
            9);
  EXPECT_EQ(station(R"("vehicle_types_capacity":[{"count":5}])").counts.racks, 5);
  EXPECT_EQ(station(R"("vehicle_type_capacity":{"x":7,"y":1})").counts.racks, 8);
  EXPECT_EQ(station(R"("capacity":0,"vehicle_capacity":{"x":4})").counts.racks, 4);
  EXPECT_EQ(station(R"("is_virtual_station":true,"capacity":4)").counts.racks, 4);
  EXPECT_EQ(station(R"("is_virtual_station":true,"vehicle_capacity":{"x":4})").counts.racks,
            kUnknown);
  // A placeholder for "any number" (999) is of docks that are free, and those are not looked at.
  EXPECT_EQ(station(R"("num_bikes_available":1,"num_docks_available":999)").counts.racks, kUnknown);
}

TEST(GbfsNames, TextOrTexts) {
  EXPECT_EQ(station(R"("name":"Café"  )").name, "Café");
  constexpr const char* kTexts =
      R"("name":[7,{"language":"x"},{"text":"eins","language":"de"},{"text":"one","language":"en"},
                 {"text":"un","language":"fr"}])";
  EXPECT_EQ(station(kTexts).name, "one");
  EXPECT_EQ(station(kTexts, "fr").name, "un");
  EXPECT_EQ(station(kTexts, "it").name, "one");
  EXPECT_EQ(station(R"("name":[{"text":"eins"},{"text":"zwei","language":"de"}])").name, "eins");
  EXPECT_EQ(station(R"("name":[])").name, "");
  EXPECT_EQ(station(R"("name":null)").name, "");
  EXPECT_EQ(station(R"("name":7)").name, "");
}

TEST(GbfsPlaces, WhereverTheyAre) {
  EXPECT_EQ(station(R"("lat":19.5,"lon":-99.25)").place, (Place{19.5, -99.25}));
  EXPECT_EQ(station(R"("num_bikes_available":1,"lat":"19.5","lon":2)").place, (Place{19.5, 2}));
  EXPECT_EQ(station(R"("lat":126.9,"lon":37.5)").place, (Place{126.9, 37.5}));  // transposed: left
  EXPECT_EQ(station(R"("lat":0,"lon":5)").place, (Place{0, 5}));
  for (const char* place : {R"("lat":0,"lon":0.0)", R"("lat":1)", R"("lat":null,"lon":null)",
                            R"("lat":"nan","lon":"1")", R"("lat":"1x","lon":1)"}) {
    EXPECT_EQ(station(place).place, std::nullopt) << place;
  }
}

Round round_of(const std::string& status, const std::string& information) {
  return make_round(stations_of(status), facts_of(stations_of(information)), 1'712'351'088);
}

TEST(GbfsRound, StatusAndInformationMeet) {
  const Round round = round_of(
      R"({"station_id":"a","num_bikes_available":1,"lat":1,"lon":2},
         {"station_id":"only status","num_bikes_available":2,"name":"own","lat":3,"lon":4})",
      R"({"station_id":"only information","capacity":9},
         {"station_id":"a","name":"A","lat":5,"lon":6,"capacity":7})");
  EXPECT_EQ(round.observed_at, 1'712'351'088);
  ASSERT_EQ(round.stations.size(), 2U);
  EXPECT_EQ(round.stations[0], (SeenStation{"a", "A", Place{5, 6}, {1, 7}, true, true}));
  EXPECT_EQ(round.stations[1],
            (SeenStation{"only status", "own", Place{3, 4}, {2, kUnknown}, true, true}));
}

TEST(GbfsRound, InformationWithoutAValueTakesNoneAway) {
  const Round round = round_of(
      R"({"station_id":"a","num_bikes_available":1,"name":"N","lat":1,"lon":2,"capacity":5})",
      R"({"station_id":"a","name":null,"lat":0,"lon":0,"capacity":0})");
  EXPECT_EQ(round.stations.front(), (SeenStation{"a", "N", Place{1, 2}, {1, 5}, true, true}));
}

TEST(GbfsRound, WhatIsNoObservation) {
  const Round round = round_of(
      R"({"station_id":"gone","num_bikes_available":5,"is_installed":false},
         {"station_id":"closed","num_bikes_available":0,"is_renting":0,"is_returning":0},
         {"station_id":"closed with bikes","num_bikes_available":3,"is_renting":0,
          "is_returning":0},
         {"station_id":"only returns","num_bikes_available":0,"is_renting":false},
         {"station_id":"empty","num_bikes_available":0},
         {"station_id":"bad","num_bikes_available":-1},
         {"station_id":"empty","num_bikes_available":9})",
      "");
  std::vector<std::string> ids;
  for (const SeenStation& seen : round.stations) ids.push_back(seen.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"closed with bikes", "only returns", "empty"}));
  EXPECT_EQ(round.refused.size(), 1U);
  EXPECT_EQ(round.duplicates, 1);
}

// Bikes may be brought back all night, and still the counts are set to 0.
TEST(GbfsRound, WhereNobodyRentsNothingIsNotEmpty) {
  const auto stations = [](bool is_one_renting, int count) {
    std::string list = R"({"station_id":"bikes","num_bikes_available":3,"is_renting":false})";
    for (int i = 1; i < count; ++i) {
      list += fmt::format(
          R"(,{{"station_id":"{}","num_bikes_available":0,"is_renting":{},"is_returning":true}})",
          i, is_one_renting && i == 1);
    }
    return round_of(list, "").stations.size();
  };
  EXPECT_EQ(stations(true, 5), 5U);
  EXPECT_EQ(stations(false, 5), 1U);
  EXPECT_EQ(stations(false, 2), 2U);  // of so few each may be empty, and say so by this
}

}  // namespace
}  // namespace bikeflow
