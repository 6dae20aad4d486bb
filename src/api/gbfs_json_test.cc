#include "api/gbfs_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace bikeflow {
namespace {

using nlohmann::json;

// That the documents are valid by the published schemas is test/web's business.
TEST(GbfsJson, OnlyWhatIsKnownIsThere) {
  const GbfsOut out{.system = "seoul",
                    .about = {.name = "따릉이", .timezone = "Asia/Seoul"},
                    .base_url = "http://localhost/gbfs/seoul",
                    .now = 10'000};
  LiveSeen fresh{.id = "a",
                 .about = {.name = "Harbour", .place = Place{1, 2}, .is_renting = false},
                 .now = {.observed_at = 9'990, .counts = {12, 10}}};
  LiveSeen stale = fresh;
  stale.id = "b";
  stale.now.observed_at = 9'000;
  const LiveSeen never{.id = "c"};
  const std::vector<LiveSeen> stations = {fresh, stale, never};

  const json status = json::parse(gbfs_station_status(out, stations));
  ASSERT_EQ(status.at("data").at("stations").size(), 1U);
  const json& one = status.at("data").at("stations")[0];
  EXPECT_EQ(one.at("num_vehicles_available"), 12);
  EXPECT_EQ(one.at("num_docks_available"), 0);
  EXPECT_EQ(one.at("is_renting"), false);
  EXPECT_EQ(status.at("last_updated"), "1970-01-01T02:46:30Z");

  const json information = json::parse(gbfs_station_information(out, stations));
  EXPECT_EQ(information.at("data").at("stations").size(), 2U);
  EXPECT_EQ(information.at("data").at("stations")[0].at("capacity"), 10);
  EXPECT_EQ(json::parse(gbfs_system_information(out)).at("data").at("name")[0].at("language"),
            "ko");
  EXPECT_EQ(json::parse(gbfs_json(out)).at("data").at("feeds")[2].at("url"),
            "http://localhost/gbfs/seoul/station_status.json");
}

}  // namespace
}  // namespace bikeflow
