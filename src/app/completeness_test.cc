#include "app/completeness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/show_command.h"
#include "app/test_lake.h"
#include "app/verify_command.h"

namespace bikeflow {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Seconds kEight = 1723330800;  // 2024-08-11 08:00 in Seoul
constexpr Seconds kNine = kEight + kHour;
constexpr Seconds kTen = kNine + kHour;
const std::string kFolder = "hourly_summary/system=seoul/year=2024/month=08/day=11/";

// A topic of two partitions; the hour of 08 is in both, that of 09 in the first.
class CompletenessTest : public ::testing::Test {
 protected:
  CompletenessTest() {
    eight_ = lake_.add(kEight, {TestLake::row("ST-4", 5, 1, 0)}, {.source = "bikes"});
    lake_.add(kEight, {TestLake::row("ST-10", 9, 0, 0)}, {.source = "bikes", .number = 1});
    nine_ = lake_.add(kNine, {TestLake::row("ST-4", 4, 0, 2)}, {.source = "bikes"});
  }

  void closed(std::int32_t partition, Seconds to, Seconds marked_to = 0,
              std::int32_t partitions = 2) {
    lake_.put(closed_hours_path("bikes", partition),
              to_json({partitions, {{"seoul", {kNine, to, marked_to}}}}));
  }

  std::string said(const std::function<Result<ExitStatus>(Shell&)>& command) {
    const Said said = said_on(lake_.folder(), command);
    return said.out + said.end;
  }
  std::string verified() {
    VerifyOptions options;
    options.lake = lake_.folder();
    return said([&](Shell& shell) { return verify(options, shell); });
  }
  std::string shown(const std::string& format = "table", bool totals = false) {
    ShowOptions options;
    options.lake = lake_.folder();
    options.format = format;
    options.totals = totals;
    return said([&](Shell& shell) { return show(options, shell); });
  }

  TestLake lake_;
  std::string eight_, nine_;
};

TEST_F(CompletenessTest, SaysWhatAnHourWaitsFor) {
  closed(0, kTen, kNine);
  closed(1, kNine);
  lake_.complete(eight_);
  const std::string wait = "waiting for partition 1: closed up to 09:00, needs 10:00";
  EXPECT_THAT(shown(), HasSubstr("0\nhour 2024-08-11 09:00 open: " + wait + "\n0"));
  EXPECT_THAT(shown("csv"), AllOf(HasSubstr(",ST-10,0,0,0,9,9,9,9,3600,0,0,0,0,final\n"),
                                  HasSubstr(",ST-4,0,2,0,4,6,4,6,3600,0,0,0,1,\"" + wait + "\"\n"),
                                  Not(HasSubstr("hour 2024"))));
  EXPECT_THAT(shown("json", true), HasSubstr("\"hour_state\":\"" + wait + "\"}"));
  EXPECT_EQ(verified(), "open: " + kFolder + "hour=09: " + wait +
                            "\nLAKE: 3 files, 3 rows, 2 hours (1 open): no violations\n0");
}

TEST_F(CompletenessTest, SaysWhichPartitionHasClosedNothing) {
  closed(0, kTen, 0, 3);
  closed(1, kEight - 12 * kHour, 0, 3);
  EXPECT_THAT(shown(),
              AllOf(HasSubstr("hour 2024-08-11 08:00 open: waiting for partition 1: closed "
                              "up to 2024-08-10 20:00, needs 2024-08-11 09:00; partition "
                              "2 has closed nothing yet\n"),
                    HasSubstr("hour 2024-08-11 09:00 open: ")));
  lake_.remove(closed_hours_path("bikes", 1));
  EXPECT_THAT(verified(), HasSubstr("open: " + kFolder +
                                    "hour=08: waiting: partition 1 has closed nothing yet; "
                                    "partition 2 has closed nothing yet\n"));
  // The other two are only known by the checkpoints that they have.
  lake_.remove(closed_hours_path("bikes", 0));
  lake_.put("_bikeflow/state/bikes/2/1-0000000000000001", "");
  EXPECT_THAT(shown(), HasSubstr("waiting: partition 0 has closed nothing yet; partition 1 has "
                                 "closed nothing yet; partition 2 has closed nothing yet\n"));
}

TEST_F(CompletenessTest, FindsAMarkerThatStandsTooEarly) {
  closed(0, kTen);
  closed(1, kNine);
  lake_.complete(eight_);
  lake_.complete(nine_);
  EXPECT_EQ(verified(), "LAKE/" + kFolder +
                            "hour=09/_SUCCESS: says that the hour is complete, and it is not: "
                            "waiting for partition 1: closed up to 09:00, needs 10:00\n"
                            "LAKE: 3 files, 3 rows, 2 hours: 1 violation\n1");
  // It was marked while the topic had fewer partitions.
  closed(0, kTen, kTen);
  EXPECT_THAT(verified(), HasSubstr("no violations\n0"));
}

TEST_F(CompletenessTest, FindsAMarkerThatIsMissing) {
  closed(0, kTen + kHour);
  closed(1, kTen + kHour);
  const std::string is_missing =
      "LAKE/" + kFolder +
      "hour=08/_SUCCESS: is missing: all partitions have closed the hour, and are past it by 2h or "
      "more\n";
  const std::string to_come =
      "open: " + kFolder + "hour=09: all partitions have closed it, _SUCCESS is to come\n";
  EXPECT_EQ(verified(),
            is_missing + to_come + "LAKE: 3 files, 3 rows, 2 hours (2 open): 1 violation\n1");
  closed(1, kTen + kHour - 1);
  EXPECT_THAT(verified(), AllOf(HasSubstr("hour=08: all partitions have closed it"),
                                HasSubstr("no violations\n0")));
}

TEST_F(CompletenessTest, LeavesHoursOfABackfillAlone) {
  closed(0, kTen + kDay);
  closed(1, kTen + kDay);
  lake_.complete(eight_);
  lake_.complete(nine_);
  lake_.add(kEight - kDay, {TestLake::row("ST-4", 5, 0, 0)});
  EXPECT_THAT(
      verified(),
      AllOf(HasSubstr("open: hourly_summary/system=seoul/year=2024/month=08/day=10/hour=08\n"),
            HasSubstr("no violations\n0")));
  EXPECT_THAT(shown(), Not(HasSubstr("hour 2024")));
}

TEST_F(CompletenessTest, SaysWhatCannotBeRead) {
  closed(0, kTen);
  lake_.put(closed_hours_path("bikes", 1), "{}");
  lake_.complete(nine_);
  EXPECT_THAT(verified(), AllOf(HasSubstr("could not verify: LAKE/_bikeflow/closed/bikes/1.json: "),
                                HasSubstr("hour=08: waiting: what partition 1 has closed cannot be "
                                          "read\n"),
                                HasSubstr("no violations in what could be verified\n3")));
}

// Both of 01:00 have files in one folder, which is final when the second is closed.
TEST_F(CompletenessTest, AFolderOfTwoHoursNeedsBoth) {
  const Seconds first = 1730610000;  // 2024-11-03 01:00 in New York, for the first time
  const TestLake::Part part{.source = "nyc", .system = "nyc", .timezone = "America/New_York"};
  lake_.add(first, {TestLake::row("1", 5, 0, 0)}, part);
  lake_.put(closed_hours_path("nyc", 0), to_json({1, {{"nyc", {first, first + kHour, 0}}}}));
  EXPECT_THAT(verified(), HasSubstr("hour=01: waiting for partition 0: closed up to 01:00, needs "
                                    "02:00\n"));
  lake_.put(closed_hours_path("nyc", 0), to_json({1, {{"nyc", {first, first + 2 * kHour, 0}}}}));
  EXPECT_THAT(verified(), HasSubstr("hour=01: all partitions have closed it"));
}

// In the hour in which a station moves to another partition it has a row in each.
TEST_F(CompletenessTest, AStationThatMovesIsOneStation) {
  lake_.add(kNine, {TestLake::row("ST-4", 6, 3, 0)}, {.source = "bikes", .number = 1});
  closed(0, kTen);
  closed(1, kTen);
  EXPECT_THAT(shown("csv", true), HasSubstr("Z,1,3,2,0,"));
  EXPECT_THAT(verified(), AllOf(HasSubstr("moved: ST-4\n"), HasSubstr("no violations\n0")));
}

}  // namespace
}  // namespace bikeflow
