#include "lake/paths.h"

#include <array>
#include <vector>

#include <gtest/gtest.h>

#include "lake/row_hash.h"

namespace bikeflow {
namespace {

Zone zone(std::string_view name) {
  Result<Zone> loaded = Zone::load(name);
  EXPECT_TRUE(loaded.has_value());
  return *loaded;
}

Seconds utc(std::string_view text) { return parse_time(text)->utc(); }

std::string hour(const LakeRule& rule, std::string_view zone_name, std::string_view start,
                 Seconds length = kHour) {
  const Seconds t = utc(start);
  return hourly_path(rule, zone(zone_name), "seoul", "bike-station-info", 3, {t, t + length});
}

TEST(HourlyPath, IsTheCivilHourOfTheStart) {
  EXPECT_EQ(hour({}, "Asia/Seoul", "2024-08-11T13:00:00Z"),
            "hourly_summary/system=seoul/year=2024/month=08/day=11/hour=22/"
            "bike-station-info-3-20240811T130000Z-1h.parquet");
  EXPECT_EQ(hour({Layout::kPlain, PathTime::kStart}, "Asia/Seoul", "2024-08-11T13:00:00Z"),
            "hourly_summary/2024/08/11/22/bike-station-info-3-20240811T130000Z-1h.parquet");
  EXPECT_EQ(hour({Layout::kPlain, PathTime::kEnd}, "Asia/Seoul", "2024-08-11T14:00:00Z"),
            "hourly_summary/2024/08/12/00/bike-station-info-3-20240811T140000Z-1h.parquet");
  EXPECT_EQ(hour({}, "Asia/Kolkata", "2024-08-11T13:30:00Z", 300),
            "hourly_summary/system=seoul/year=2024/month=08/day=11/hour=19/"
            "bike-station-info-3-20240811T133000Z-5m.parquet");
}

TEST(HourlyPath, TwoHoursThatAClockChangeMapsToOneShareADirectoryOnly) {
  const std::string first = hour({}, "America/Chicago", "2024-11-03T06:00:00Z");
  const std::string second = hour({}, "America/Chicago", "2024-11-03T07:00:00Z");
  EXPECT_EQ(folder_of(first), folder_of(second));
  EXPECT_NE(first, second);
  EXPECT_TRUE(first.find("/day=03/hour=01/") != std::string::npos);
}

TEST(OtherPaths, AreByDay) {
  EXPECT_EQ(
      late_path({}, zone("Asia/Seoul"), "seoul", "backfill", utc("2024-08-11T15:00:00Z"), {2, 17}),
      "late/system=seoul/year=2024/month=08/day=12/backfill-2-17.parquet");
  EXPECT_EQ(dead_letter_path({}, "backfill", utc("2024-08-11T15:00:00Z"), {2, 17}),
            "dead_letter/year=2024/month=08/day=11/backfill-2-17.parquet");
}

TEST(Paths, HaveAFolderAndAName) {
  for (const auto& [path, folder, name] : std::vector<std::array<std::string_view, 3>>{
           {"a/b/c", "a/b", "c"}, {"a/b", "a", "b"}, {"a", "", "a"}, {"", "", ""}}) {
    EXPECT_EQ(folder_of(path), folder) << path;
    EXPECT_EQ(name_of(path), name) << path;
  }
}

TEST(Names, AreReadBack) {
  const std::string path = hour({}, "Asia/Seoul", "2024-08-11T13:00:00Z");
  const Seconds start = utc("2024-08-11T13:00:00Z");
  EXPECT_EQ(parse_hourly_name(name_of(path)),
            (HourlyName{"bike-station-info", 3, {start, start + kHour}}));
  EXPECT_EQ(system_of_path(path), "seoul");
  EXPECT_EQ(parse_records_name("a-b-2-17.parquet"), (RecordsName{"a-b", {2, 17}}));
  for (const char* foreign :
       {"", "x.parquet", "a-3-20240811T130000Z-1h.csv", "a-3-20240811T130000Z-60m.parquet",
        "a-03-20240811T130000Z-1h.parquet", "a-3-20241311T130000Z-1h.parquet",
        "-3-20240811T130000Z-1h.parquet", "a--3-20240811T130000Z.parquet", "_SUCCESS",
        "a-3-20240811T130000Z-1h (1).parquet", "part-00000-0a.snappy.parquet"}) {
    EXPECT_EQ(parse_hourly_name(foreign), std::nullopt) << foreign;
  }
}

TEST(Components, AreEscapedReversibly) {
  for (const std::string text : {"seoul", "a/b", "..", "_x", "따릉이", "a=b c%", "nyc-1.0_x", ""}) {
    const std::string escaped = escape_component(text);
    EXPECT_EQ(escaped.find_first_of("/= "), std::string::npos);
    EXPECT_EQ(unescape_component(escaped), text);
  }
  EXPECT_EQ(escape_component("../x"), "%2E.%2Fx");
  EXPECT_EQ(unescape_component("%zz"), std::nullopt);
  EXPECT_EQ(unescape_component("%41"), std::nullopt);  // an 'A' is not escaped
}

TEST(RowHash, SeesEveryCellAndTheOrder) {
  HourlyRow row{.window = {0, 3600}, .station_id = "A"};
  std::vector<HourlyRow> rows = {row, row};
  rows[1].station_id = "B";
  const std::uint64_t hash = hash_rows(rows);
  for (std::int32_t HourlyRow::* cell : {&HourlyRow::bikes_open, &HourlyRow::bikes_close,
                                         &HourlyRow::full_seconds, &HourlyRow::largest_return}) {
    std::vector<HourlyRow> changed = rows;
    changed[1].*cell += 1;
    EXPECT_NE(hash_rows(changed), hash);
  }
  std::swap(rows[0], rows[1]);
  EXPECT_NE(hash_rows(rows), hash);
}

}  // namespace
}  // namespace bikeflow
