#include "feed/gbfs_discovery.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "test/recordings.h"

namespace bikeflow {
namespace {

constexpr const char* kBase = "https://a.b/gbfs/gbfs.json";

GbfsDiscovery discovery_in(const std::string& data) {
  const auto document = read_gbfs(R"({"data":)" + data + "}", "");
  EXPECT_TRUE(document && std::holds_alternative<GbfsDiscovery>(document->content)) << data;
  return std::get<GbfsDiscovery>(document->content);
}

GbfsLinks links_in(const std::string& data, const std::string& language = "") {
  return choose_links(discovery_in(data), "2.3", kBase, language);
}

std::string feeds(const std::string& folder) {
  return R"({"feeds":[{"name":"station_status","url":"https://a.b/)" + folder + R"("}]})";
}

TEST(GbfsDiscovery, BothShapes) {
  EXPECT_EQ(links_in(feeds("x")).status_url, "https://a.b/x");
  EXPECT_EQ(links_in(R"({"en":)" + feeds("x") + "}").status_url, "https://a.b/x");
}

TEST(GbfsDiscovery, Languages) {
  const std::string data = R"({"nb":)" + feeds("nb") + R"(,"fr-CA":)" + feeds("fr") + R"(,"en":)" +
                           feeds("en") + R"(,"de":{"feeds":[]},"x":null,"y":{"feeds":7}})";
  EXPECT_EQ(links_in(data).status_url, "https://a.b/en");
  EXPECT_EQ(links_in(data, "nb").status_url, "https://a.b/nb");
  EXPECT_EQ(links_in(data, "fr-ca").status_url, "https://a.b/fr");
  EXPECT_EQ(links_in(data, "fr").status_url, "https://a.b/fr");
  EXPECT_EQ(links_in(data, "it").status_url, "https://a.b/en");
  EXPECT_EQ(links_in(data, "de").status_url, "https://a.b/en");  // de lists nothing
  EXPECT_EQ(links_in(R"({"nb":)" + feeds("nb") + R"(,"fr":)" + feeds("fr") + "}").status_url,
            "https://a.b/nb");
}

TEST(GbfsDiscovery, NamesAndAddressesInTheWild) {
  const GbfsLinks links = links_in(R"({"feeds":[
      {"name":"station_status","url":""}, {"name":"station_status"}, 7, {"url":"x"},
      {"name":"station_status.json","url":"http://c/d"}, {"name":"station_status","url":"e"},
      {"name":"station_information","url":"info"}, {"name":"manifest","url":"/m"},
      {"name":"free_bike_status","url":"/f"}]})");
  EXPECT_EQ(links.status_url, "https://c/d");
  EXPECT_EQ(links.information_url, "https://a.b/gbfs/info");
  EXPECT_EQ(links.versions_url, "https://a.b/m");
  EXPECT_TRUE(links.has_vehicles);
  EXPECT_EQ(links.names,
            "station_status.json, station_status, station_information, manifest, free_bike_status");
  EXPECT_EQ(links_in(R"({"feeds":[{"name":"station_status","url":"a b"}]})").status_url, "");
  EXPECT_EQ(links_in(R"({"feeds":[{"name":"vehicle_status","url":"x"}]})").status_url, "");
}

std::vector<std::string> names(const std::vector<GbfsLink>& links) {
  std::vector<std::string> out;
  for (const GbfsLink& link : links) out.push_back(link.name);
  return out;
}
using Names = std::vector<std::string>;

TEST(GbfsVersions, NewestFirst) {
  GbfsVersions versions;
  versions.datasets.push_back({"", {}});
  for (const char* version :
       {"2.3", "1.0", "3.1-RC2", "3.0", "3.1-RC3", "4.0", "10.0", "x", "2.", "3.1-RC"}) {
    versions.datasets[0].versions.push_back({version, std::string("v/") + version});
  }
  EXPECT_EQ(names(newer_versions(versions, "2.2", kBase, kBase, "")),
            (Names{"3.1-RC3", "3.1-RC2", "3.1-RC", "3.0", "2.3"}));
  EXPECT_EQ(names(newer_versions(versions, "3.1", kBase, kBase, "")), Names{});
  EXPECT_EQ(names(newer_versions(versions, "3.1-RC2", kBase, kBase, "")), Names{"3.1-RC3"});
  EXPECT_EQ(newer_versions(versions, "", kBase, kBase, "").size(), 6U);
  EXPECT_EQ(newer_versions(versions, "2.3", kBase, kBase, "").front().url,
            "https://a.b/gbfs/v/3.1-RC3");
  // Its own address under another number.
  versions.datasets[0].versions = {{"3.0", kBase}};
  EXPECT_EQ(names(newer_versions(versions, "2.3", kBase, kBase, "")), Names{});
}

TEST(GbfsVersions, ManifestOfSeveralSystems) {
  GbfsVersions manifest;
  manifest.datasets = {{"one", {{"3.0", "https://a.b/1/3"}, {"2.3", "https://a.b/1/2"}}},
                       {"two", {{"3.0", "https://a.b/2/3"}, {"2.3", "https://a.b/2/2"}}}};
  const auto url = [&](const char* ours, const char* id) {
    const auto found = newer_versions(manifest, "2.3", "https://a.b/m", ours, id);
    return found.empty() ? "" : found.front().url;
  };
  EXPECT_EQ(url("", "two"), "https://a.b/2/3");
  EXPECT_EQ(url("https://a.b/2/2", ""), "https://a.b/2/3");
  EXPECT_EQ(url("https://a.b/4/2", ""), "");
  EXPECT_EQ(url("https://a.b/2/2", "three"), "");
}

TEST(GbfsLinksGuess, UsualNames) {
  EXPECT_EQ(guess_links(kBase).status_url, "https://a.b/gbfs/station_status.json");
  EXPECT_EQ(guess_links(kBase).information_url, "https://a.b/gbfs/station_information.json");
}

class GbfsDiscoveryOnRecordings : public OnRecordings {
 protected:
  static GbfsDocument document(const std::string& name) {
    auto read_document = read_gbfs(read("feeds/" + name), "");
    EXPECT_TRUE(read_document) << name;
    return std::move(*read_document);
  }
  static GbfsLinks links(const std::string& name) {
    const GbfsDocument found = document(name);
    return choose_links(std::get<GbfsDiscovery>(found.content), found.head.version, kBase, "");
  }
};

TEST_F(GbfsDiscoveryOnRecordings, SamplesOfTheSpecification) {
  EXPECT_EQ(links("gbfs-v2.3/gbfs.json").status_url, "https://test.com/station_status");
  EXPECT_EQ(links("gbfs-v2.3/gbfs.json").versions_url, "https://test.com/gbfs_versions");
  EXPECT_TRUE(links("gbfs-v2.3/gbfs.json").has_vehicles);
  const GbfsLinks v3 = links("gbfs-v3.0/gbfs.json");
  EXPECT_EQ(v3.version, "3.0");
  EXPECT_TRUE(v3.has_vehicles);
  EXPECT_TRUE(v3.information_url.ends_with("/3.0/station-information")) << v3.information_url;
  EXPECT_EQ(links("gbfs-v3.1-RC3/gbfs.json").status_url,
            "https://www.example.com/gbfs/1/station_status");
  EXPECT_FALSE(links("gbfs-v3.1-RC3/gbfs.json").has_vehicles);

  const GbfsDocument list = document("gbfs-v3.1-RC3/gbfs_versions.json");
  EXPECT_EQ(names(newer_versions(std::get<GbfsVersions>(list.content), "1.1", kBase, kBase, "")),
            (Names{"3.1-RC3", "2.0"}));
}

}  // namespace
}  // namespace bikeflow
