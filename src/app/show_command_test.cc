#include "app/show_command.h"

#include <gtest/gtest.h>

#include "app/test_lake.h"

namespace bikeflow {
namespace {

constexpr Seconds kEight = 1723330800;  // 2024-08-11 08:00 in Seoul

class ShowTest : public ::testing::Test {
 protected:
  ShowTest() {
    lake_.add(kEight, {TestLake::row("ST-10", 12, 3, 1), TestLake::row("ST-4", 5, 1, 0)});
    lake_.add(kEight + kHour,
              {TestLake::row("ST-10", 10, 0, 1200), TestLake::row("ST-4", 4, 4, 0)});
    lake_.add(kEight + 2 * kHour, {TestLake::row("ST-4", 0, 0, 0)});
    options_.lake = lake_.folder();
  }

  // What show prints, or its error.
  std::string run() {
    std::string text;
    Output out(text);
    Log log(LogFormat::kText, false);
    Shell shell{out, log, {}, {}};
    const auto status = show(options_, shell);
    return status ? text : "error: " + status.error().message;
  }

  // What show says where it has nothing to print.
  std::string message() {
    ::testing::internal::CaptureStderr();
    const std::string text = run();
    EXPECT_EQ(text, "");
    return ::testing::internal::GetCapturedStderr();
  }

  TestLake lake_;
  ShowOptions options_;
};

TEST_F(ShowTest, PrintsRowsInLocalTime) {
  options_.to = "2024-08-11T10:00";
  EXPECT_EQ(
      run(),
      R"(start (Asia/Seoul)  end    station  rentals  returns  unobserved   open  close    min    max  observed s  empty s  full s
2024-08-11 08:00    09:00  ST-10          3        1           0     12     10      9     12       3,600        0       0
2024-08-11 08:00    09:00  ST-4           1        0           0      5      4      4      5       3,600        0       0
2024-08-11 09:00    10:00  ST-10          0    1,200           0     10  1,210     10  1,210       3,600        0       0
2024-08-11 09:00    10:00  ST-4           4        0           0      4      0      0      4       3,600        0       0
)");
}

TEST_F(ShowTest, OpensOnlyTheHoursThatAreAskedFor) {
  // The last file says what the system's zone is; one outside of the time asked for may be damaged.
  lake_.put(
      "hourly_summary/system=seoul/year=2024/month=08/day=11/hour=08/"
      "backfill-0-20240810T230000Z-1h.parquet",
      "damaged");
  options_.from = "2024-08-11T10:00";
  options_.format = "csv";
  EXPECT_EQ(
      run(),
      "start,end,stationId,total_rental,total_return,unobserved_change,bikes_open,bikes_close,"
      "bikes_min,bikes_max,observed_seconds,empty_seconds,full_seconds,largest_rental,"
      "largest_return,hour_state\n"
      "2024-08-11T01:00:00Z,2024-08-11T02:00:00Z,ST-4,0,0,0,0,0,0,0,3600,0,0,0,0,open\n");
  options_.from = std::nullopt;
  EXPECT_NE(run().find("error: "), std::string::npos);
}

TEST_F(ShowTest, AStationIsNoFormulaForASpreadsheet) {
  lake_.add(1'723'431'600, {TestLake::row("=1+\"1\"", 0, 0, 0)});  // 12:00 in Seoul
  options_.from = "2024-08-12T12:00";
  options_.format = "csv";
  EXPECT_NE(run().find(",\"'=1+\"\"1\"\"\",0,0,"), std::string::npos) << run();
}

TEST_F(ShowTest, PrintsJson) {
  options_.station = "ST-4";
  options_.to = "2024-08-11T09:00";
  options_.format = "json";
  EXPECT_EQ(run(),
            "[\n{\"start\":\"2024-08-10T23:00:00Z\",\"end\":\"2024-08-11T00:00:00Z\","
            "\"stationId\":\"ST-4\",\"total_rental\":1,\"total_return\":0,\"unobserved_change\":0,"
            "\"bikes_open\":5,\"bikes_close\":4,\"bikes_min\":4,\"bikes_max\":5,"
            "\"observed_seconds\":3600,\"empty_seconds\":0,\"full_seconds\":0,\"largest_rental\":1,"
            "\"largest_return\":0,\"hour_state\":\"open\"}\n]\n");
}

TEST_F(ShowTest, SumsHours) {
  options_.totals = true;
  EXPECT_EQ(
      run(),
      R"(start (Asia/Seoul)  end    stations  rentals  returns  unobserved  bikes at end  observed s  empty s  full s
2024-08-11 08:00    09:00         2        4        1           0            14       7,200        0       0
2024-08-11 09:00    10:00         2        4    1,200           0         1,210       7,200        0       0
2024-08-11 10:00    11:00         1        0        0           0             0       3,600        0       0
------------------------------------------------------------------------------------------------------------
sum                                        8    1,201           0                    18,000        0       0
)");
  options_.format = "csv";
  options_.top = 1;
  EXPECT_EQ(run(),
            "start,end,stations,total_rental,total_return,unobserved_change,bikes_close,"
            "observed_seconds,empty_seconds,full_seconds,hour_state\n"
            "2024-08-10T23:00:00Z,2024-08-11T00:00:00Z,2,4,1,0,14,7200,0,0,open\n");
}

TEST_F(ShowTest, FindsTheBusiestStations) {
  options_.top = 1;
  EXPECT_EQ(
      run(),
      "station  windows  rentals  returns  unobserved  observed s  empty s  full s  largest "
      "rental  largest return\n"
      "ST-4           3        5        0           0      10,800        0       0              "
      " 1               0\n");
}

TEST_F(ShowTest, CountsOverlappingWindowsOnce) {
  TestLake sliding;
  const TestLake::Part part{.slide = 30 * kMinute};
  for (int i = 0; i < 4; ++i) {
    sliding.add(kEight + i * 30 * kMinute, {TestLake::row("ST-4", 9, 1, 0)}, part);
  }
  options_.lake = sliding.folder();
  options_.top = 5;
  options_.format = "csv";
  EXPECT_NE(run().find("\nST-4,2,2,0,"), std::string::npos) << run();
}

TEST_F(ShowTest, SaysWhyThereIsNothing) {
  options_.from = "2024-08-12";
  EXPECT_EQ(message(),
            "bikeflow: warning: no hour begins in that time; the lake has hours from 2024-08-11 "
            "08:00 to 2024-08-11 11:00 (Asia/Seoul)\n");
  options_.from = std::nullopt;
  options_.station = "ST-11";
  EXPECT_EQ(message(),
            "bikeflow: warning: no row of station 'ST-11' in 3 hours; did you mean 'ST-10'?; the "
            "lake has hours from 2024-08-11 08:00 to 2024-08-11 11:00 (Asia/Seoul)\n");
}

TEST_F(ShowTest, AsksWhichSystem) {
  options_.system = "soul";
  EXPECT_EQ(run(), "error: " + lake_.folder() + " has no system 'soul'; did you mean 'seoul'?");
  lake_.add(kEight, {TestLake::row("1", 1, 0, 0)}, {.system = "oslo", .timezone = "Europe/Oslo"});
  options_.system = std::nullopt;
  EXPECT_EQ(run(), "error: " + lake_.folder() +
                       " has several systems; choose one with --system: oslo, seoul");
  options_.system = "oslo";
  EXPECT_NE(run().find("2024-08-11 01:00 +02:00"), std::string::npos) << run();
}

TEST_F(ShowTest, ReadsThePlainLayout) {
  TestLake plain;
  plain.add(kEight, {TestLake::row("ST-4", 9, 1, 0)}, {.rule = {.layout = Layout::kPlain}});
  options_.lake = plain.folder();
  options_.format = "csv";
  EXPECT_NE(run().find("Z,ST-4,1,0,"), std::string::npos) << run();
  options_.system = "seoul";
  EXPECT_NE(run().find("Z,ST-4,1,0,"), std::string::npos) << run();
  options_.system = "oslo";
  EXPECT_EQ(run(), "error: the lake has no system 'oslo'; its only one is seoul");
}

TEST_F(ShowTest, RefusesWhatIsNoLake) {
  options_.lake = "ftp://host/lake";
  EXPECT_EQ(run(),
            "error: lake 'ftp://host/lake': no lake can be at ftp://; name a folder, or "
            "s3://bucket/prefix");
  options_.lake = "/nonexistent";
  EXPECT_NE(run().find("error: "), std::string::npos);
}

}  // namespace
}  // namespace bikeflow
