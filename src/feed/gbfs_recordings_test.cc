// Real documents of GBFS, and the specification's own samples, from first byte to round.

#include <algorithm>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "feed/gbfs_document.h"
#include "feed/gbfs_round.h"
#include "test/recordings.h"

namespace bikeflow {
namespace {

class GbfsOnRecordings : public OnRecordings {
 protected:
  static GbfsDocument document(const std::string& name) {
    auto found = read_gbfs(read("feeds/" + name), "");
    EXPECT_TRUE(found) << name;
    return found ? std::move(*found) : GbfsDocument{};
  }
  static Round round(const std::string& status, const std::string& information = "") {
    GbfsDocument found = document(status);
    GbfsFacts facts;
    if (!information.empty()) {
      facts = facts_of(std::get<GbfsStations>(document(information).content));
    }
    EXPECT_TRUE(found.head.last_updated) << status;
    return make_round(std::get<GbfsStations>(std::move(found.content)), facts,
                      found.head.last_updated.value_or(0));
  }
  static int bikes(const Round& round) {
    int sum = 0;
    for (const SeenStation& station : round.stations) sum += station.counts.bikes;
    return sum;
  }
};

TEST_F(GbfsOnRecordings, OsloThroughItsVersions) {
  const Round numbers = round("oslo-2022-10-23.station_status.json");  // 2.2 with 1 for true
  EXPECT_EQ(numbers.observed_at, 1'666'551'803);
  EXPECT_EQ(numbers.stations.size(), 260U);
  EXPECT_EQ(numbers.stations.front().counts, (Counts{10, Counts::kNoRacks}));
  EXPECT_TRUE(std::ranges::all_of(numbers.stations, &SeenStation::is_renting));
  EXPECT_EQ(round("oslo-2023-06-01.station_status.json").stations.size(), 263U);
  const Round both_names = round("oslo-2024-10-18.station_status.json");
  EXPECT_EQ(both_names.stations.size(), 264U);
  EXPECT_EQ(both_names.stations.front().counts.bikes, 14);
  // Nine stations are not installed, two of them with bikes.
  const Round winter = round("oslo-2025-04-01.station_status.json");
  EXPECT_EQ(winter.stations.size(), 247U);
  for (const Round* one : {&numbers, &both_names, &winter}) EXPECT_TRUE(one->refused.empty());
}

TEST_F(GbfsOnRecordings, EcobiciHasBothDocuments) {
  const Round with_facts = round("ecobici-2024-04-05.station_status.json",
                                 "ecobici-2024-04-05.station_information.json");
  EXPECT_EQ(with_facts.observed_at, 1'712'351'088);
  EXPECT_EQ(with_facts.stations.size(), 664U);  // of 667 two are not installed, one is closed
  for (const SeenStation& station : with_facts.stations) {
    EXPECT_GT(station.counts.racks, 0) << station.id;
    EXPECT_TRUE(station.place) << station.id;
    EXPECT_FALSE(station.name.empty()) << station.id;
  }
  const SeenStation& first = with_facts.stations.front();
  EXPECT_EQ(first.counts, (Counts{3, 19}));
  EXPECT_EQ(first.name, "CE-407  Prolongación Xochicalco-General Emiliano Zapata");
  EXPECT_EQ(bikes(with_facts), bikes(round("ecobici-2024-04-05.station_status.json")));
}

TEST_F(GbfsOnRecordings, TextIsNoDocument) {
  EXPECT_FALSE(read_gbfs(read("feeds/ecobici-2024-04-12.station_status.not-json.txt"), ""));
}

TEST_F(GbfsOnRecordings, SamplesOfTheSpecification) {
  const Round v23 = round("gbfs-v2.3/station_status.json", "gbfs-v2.3/station_information.json");
  EXPECT_EQ(v23.observed_at, 1'751'437'263);
  ASSERT_EQ(v23.stations.size(), 2U);
  EXPECT_EQ(v23.stations[0],
            (SeenStation{"TST:Station:1", "Cool bikes", Place{12.34, 45.67}, {1, 7}, true, true}));
  EXPECT_EQ(v23.stations[1].counts, (Counts{6, 12}));

  const Round v30 = round("gbfs-v3.0/station_status.json", "gbfs-v3.0/station_information.json");
  EXPECT_EQ(v30.observed_at, 1'562'247'183);
  ASSERT_EQ(v30.stations.size(), 1U);
  EXPECT_EQ(v30.stations[0].name, "2 ROUES");
  EXPECT_EQ(v30.stations[0].counts, (Counts{0, Counts::kNoRacks}));  // virtual

  const Round v31 = round("gbfs-v3.1-RC3/station_status.json");
  EXPECT_EQ(v31.observed_at, 1'689'593'653);  // +02:00
  ASSERT_EQ(v31.stations.size(), 2U);
  EXPECT_EQ(v31.stations[1].counts.bikes, 6);
  const GbfsDocument information = document("gbfs-v3.1-RC3/station_information.json");
  const SeenStation& garage = std::get<GbfsStations>(information.content).stations.at(0).seen;
  EXPECT_EQ(garage.name, "Parking garage A");
  EXPECT_EQ(garage.counts.racks, 7);

  for (const char* version : {"gbfs-v2.3", "gbfs-v3.0", "gbfs-v3.1-RC3"}) {
    const std::string folder = std::string(version) + "/";
    EXPECT_EQ(gbfs_kind(document(folder + "gbfs.json")), "a gbfs.json");
    EXPECT_EQ(gbfs_kind(document(folder + "gbfs_versions.json")), "a list of versions");
    EXPECT_EQ(gbfs_kind(document(folder + "station_status.json")), "a station_status");
    EXPECT_EQ(gbfs_kind(document(folder + "station_information.json")), "a station_information");
    EXPECT_TRUE(gbfs_kind(document(folder + "vehicle_types.json")).starts_with("no GBFS"));
    EXPECT_EQ(gbfs_kind(document(folder + "system_information.json")), "a system_information");
  }
}

}  // namespace
}  // namespace bikeflow
