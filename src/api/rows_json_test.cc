#include "api/rows_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace bikeflow {
namespace {

using Json = nlohmann::json;

constexpr Seconds kTen = 1'723'370'400;  // 2024-08-11T10:00:00Z

HourlyRow row(Seconds start, const std::string& station, int rentals, int returns) {
  return {.window = {start, start + kHour},
          .station_id = station,
          .total_rental = rentals,
          .total_return = returns,
          .bikes_open = 20,
          .bikes_close = 20 + returns - rentals,
          .observed_seconds = 3600};
}

TEST(RowsJson, HasTheColumnsOfTheLake) {
  HourlyRow row{.window = {kTen, kTen + kHour}, .station_id = "a\"b", .total_rental = 3};
  row.unobserved_change = -2;
  const Json said = Json::parse(rows_json("seoul", {row, row}));
  EXPECT_EQ(said.at("hours").size(), 2U);
  const Json& hour = said.at("hours")[0];
  EXPECT_EQ(hour.size(), 15U);
  EXPECT_EQ(hour.at("start"), "2024-08-11T10:00:00Z");
  EXPECT_EQ(hour.at("stationId"), "a\"b");
  EXPECT_EQ(hour.at("unobserved_change"), -2);
  EXPECT_EQ(rows_csv({row}).substr(0, 30), "start,end,stationId,total_rent");
  EXPECT_NE(rows_csv({row}).find("\n2024-08-11T10:00:00Z,2024-08-11T11:00:00Z,\"a\"\"b\",3,0,-2,"),
            std::string::npos);
  HourSums sums{{.window = row.window, .state = "final"}};
  sums.add(row);
  sums.add(row);
  const Json total = Json::parse(sums_json("seoul", {sums})).at("hours")[0];
  EXPECT_EQ(total.at("total_rental"), 6);
  EXPECT_EQ(total.at("stations"), 2);
  EXPECT_TRUE(total.at("why").is_null());
}

TEST(HourColumns, NamesEachStationOnceAndSaysNullWhereThereIsNoRow) {
  const std::vector<HourState> states{
      {.window = {kTen, kTen + kHour}, .state = "final"},
      {.window = {kTen + kHour, kTen + 2 * kHour}, .state = "waiting", .why = "w"}};
  const Json out = Json::parse(
      hour_columns_json("seoul", states,
                        {row(kTen, "ST-1", 3, 0), row(kTen, "ST-3", 0, 0),
                         row(kTen + kHour, "ST-2", 1, 4), row(kTen + kHour, "ST-3", 5, 6)}));
  EXPECT_EQ(out["stations"], Json({"ST-1", "ST-2", "ST-3"}));
  ASSERT_EQ(out["hours"].size(), 2U);
  const Json &first = out["hours"][0], &second = out["hours"][1];
  EXPECT_EQ(first["start"], "2024-08-11T10:00:00Z");
  EXPECT_EQ(first["state"], "final");
  EXPECT_EQ(first["why"], nullptr);
  EXPECT_EQ(first["total_rental"], Json({3, nullptr, 0}));
  EXPECT_EQ(first["bikes_close"], Json({17, nullptr, 20}));
  EXPECT_EQ(second["state"], "waiting");
  EXPECT_EQ(second["why"], "w");
  EXPECT_EQ(second["total_return"], Json({nullptr, 4, 6}));
  EXPECT_EQ(second["observed_seconds"], Json({nullptr, 3600, 3600}));
}

TEST(HourColumns, AStationThatMovedIsThereWithEachOfItsRows) {
  const Json out = Json::parse(hour_columns_json(
      "seoul", {},
      {row(0, "a", 1, 0), row(0, "b", 2, 0), row(0, "b", 3, 0), row(kHour, "b", 4, 0)}));
  EXPECT_EQ(out["stations"], Json({"a", "b", "b"}));
  EXPECT_EQ(out["hours"][0]["total_rental"], Json({1, 2, 3}));
  EXPECT_EQ(out["hours"][1]["total_rental"], Json({nullptr, 4, nullptr}));
  EXPECT_EQ(out["hours"][1]["state"], "open");  // nothing says more
}

TEST(HourColumns, OfNothingIsNothing) {
  EXPECT_EQ(hour_columns_json("seoul", {}, {}), R"({"system":"seoul","stations":[],"hours":[]})");
}

}  // namespace
}  // namespace bikeflow
