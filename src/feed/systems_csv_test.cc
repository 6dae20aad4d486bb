#include "feed/systems_csv.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "test/recordings.h"

namespace bikeflow {
namespace {

using Strings = std::vector<std::string>;

constexpr const char* kHeader =
    "Country Code,Name,Location,System ID,URL,Auto-Discovery URL,Supported Versions,"
    "Authentication Info URL,Authentication Type,Authentication Parameter Name\r\n";

Strings ids(const std::string& csv, const CatalogFilter& filter = {}) {
  const auto systems = read_catalog(csv, filter);
  if (!systems) return {systems.error().message};
  Strings out;
  for (const CatalogSystem& system : *systems) out.push_back(system.id);
  return out;
}

TEST(Catalog, EveryField) {
  const auto systems =
      read_catalog(std::string(kHeader) +
                   "de,\"Rad \"\"A\"\", blau\",Köln,rad_a,https://r/,https://r/gbfs?k=1, 1.1 ; 2.3,"
                   "https://r/key,1,A | B\r\n");
  ASSERT_TRUE(systems) << systems.error().message;
  ASSERT_EQ(systems->size(), 1U);
  const CatalogSystem& system = systems->front();
  EXPECT_EQ(system.id, "rad_a");
  EXPECT_EQ(system.name, "Rad \"A\", blau");
  EXPECT_EQ(system.location, "Köln");
  EXPECT_EQ(system.country, "DE");
  EXPECT_EQ(system.discovery_url, "https://r/gbfs?k=1");
  EXPECT_EQ(system.versions, (Strings{"1.1", "2.3"}));
  EXPECT_EQ(system.key, CatalogSystem::Key::kParameter);
  EXPECT_EQ(system.key_names, (Strings{"A", "B"}));
  EXPECT_EQ(system.key_info_url, "https://r/key");
}

TEST(Catalog, ColumnsByName) {
  EXPECT_EQ(ids("\xEF\xBB\xBFSystem ID,New,Auto-Discovery URL,Name,Country Code\nx,?,u,n,NO\n\n"),
            Strings{"x"});
  EXPECT_EQ(ids("System ID,Name\nx,y\n"),
            Strings{"systems.csv, row 1: no column 'Country Code'; is this the catalogue of GBFS "
                    "systems?"});
}

TEST(Catalog, WhatIsBrokenIsNamed) {
  EXPECT_EQ(ids(kHeader), Strings{"systems.csv: holds no system"});
  EXPECT_EQ(ids(""), Strings{"systems.csv: holds no system"});
  EXPECT_EQ(ids(std::string(kHeader) + "NO,a,b\n"),
            Strings{"systems.csv, row 2: 3 fields, expected 10 as in its header"});
  EXPECT_EQ(ids(std::string(kHeader) + "NO,a,b,c,d,e,f,g,7,\n"),
            Strings{"systems.csv, row 2: Authentication Type: found \"7\", expected 0, 1 or 2"});
  EXPECT_TRUE(ids(std::string(kHeader) + "NO,\"a,b\n")
                  .front()
                  .starts_with("systems.csv, row 2: byte 3: expected "));
}

TEST(Catalog, Filters) {
  const std::string csv =
      std::string(kHeader) + "NO,A,,a,,u,,,,\nSE,B,,b,,u,,,0,\nNO,C,,c,,u,,,,\nNO,C,,c,,u2,,,,\n";
  EXPECT_EQ(ids(csv, {{"no"}, {}}), (Strings{"a", "c", "c"}));
  EXPECT_EQ(ids(csv, {{}, {"c", "b"}}), (Strings{"b", "c", "c"}));
  EXPECT_EQ(ids(csv, {{"NO", "SE"}, {"b"}}), Strings{"b"});
  EXPECT_EQ(ids(csv, {{"SE"}, {"a"}}), Strings{});
  EXPECT_EQ(ids(csv, {{}, {"A"}}), Strings{"systems.csv has no system 'A'; its column 'System ID' "
                                           "says which there are"});
  EXPECT_EQ(ids(csv, {{"KR"}, {}}),
            Strings{"systems.csv has no system in 'KR'; a country is two letters, such as NO"});
}

class CatalogOnRecordings : public OnRecordings {};

TEST_F(CatalogOnRecordings, ThePublishedOne) {
  const std::string csv = read("feeds/gbfs-systems.csv");
  const auto all = read_catalog(csv);
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ(all->size(), 1520U);
  EXPECT_EQ(std::ranges::count(*all, CatalogSystem::Key::kHeader, &CatalogSystem::key), 5);
  EXPECT_EQ(std::ranges::count(*all, CatalogSystem::Key::kNone, &CatalogSystem::key), 1515);
  for (const CatalogSystem& system : *all) {
    EXPECT_TRUE(system.discovery_url.starts_with("http")) << system.id;
    EXPECT_FALSE(system.id.empty() || system.name.empty()) << system.discovery_url;
    EXPECT_EQ(system.country.size(), 2U) << system.id;
  }
  EXPECT_EQ(ids(csv, {{"NO"}, {}}).size(), 88U);
  const auto hamburg = read_catalog(csv, {{"DE"}, {"stadtrad_hamburg"}});
  ASSERT_TRUE(hamburg);
  ASSERT_EQ(hamburg->size(), 1U);
  EXPECT_EQ(hamburg->front().key_names, (Strings{"DB-Client-Id", "DB-Api-Key"}));
  EXPECT_EQ(ids(csv, {{"kr"}, {}}).front().substr(0, 32), "systems.csv has no system in 'KR");
}

}  // namespace
}  // namespace bikeflow
