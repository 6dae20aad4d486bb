#include "pipeline/settings_difference.h"

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

class SettingsDifferenceTest : public ::testing::Test {
 protected:
  // "name: kept, asked", or "none".
  std::string difference() {
    const auto found =
        settings_difference(job_, lake_, task_, [&](std::string_view system) -> const Zone* {
          return system == "seoul" ? zone_ ? &*zone_ : nullptr : nullptr;
        });
    return found ? found->name + ": " + found->kept + ", " + found->asked : "none";
  }
  void SetUp() override { job_.add("seoul", *zone_, task_); }

  Job job_{{"feed", "feed", "1a4e", LakeRule{}, 0}};
  LakeRule lake_;
  TaskSettings task_;
  std::optional<Zone> zone_ = *Zone::load("Asia/Seoul");
};

TEST_F(SettingsDifferenceTest, NoneWhereAllAreAsTheyWere) { EXPECT_EQ(difference(), "none"); }

TEST_F(SettingsDifferenceTest, EachIsFoundWithBothValues) {
  lake_.layout = Layout::kPlain;
  EXPECT_EQ(difference(), "layout: hive, plain");
  lake_ = {Layout::kHive, PathTime::kEnd};
  EXPECT_EQ(difference(), "path_time: start, end");
  lake_ = {};
  task_.windows.length = 30 * kMinute;
  EXPECT_EQ(difference(), "length: 1h, 30m");
  task_ = {};
  task_.windows.slide = 5 * kMinute;
  EXPECT_EQ(difference(), "slide: 1h, 5m");
  task_ = {};
  task_.delay = 90;
  EXPECT_EQ(difference(), "delay: 10m, 90s");
  task_ = {};
  task_.max_gap = kHour;
  EXPECT_EQ(difference(), "max_gap: 10m, 1h");
  task_ = {};
  zone_ = *Zone::load("UTC");
  EXPECT_EQ(difference(), "the time zone of seoul: Asia/Seoul, UTC");
}

// The phase follows from the zone, and how an input is read is no setting.
TEST_F(SettingsDifferenceTest, NothingElseCounts) {
  task_.windows.hour_phase = 1800;
  task_.is_recorded = true;
  EXPECT_EQ(difference(), "none");
}

TEST_F(SettingsDifferenceTest, ASystemThatIsNotAskedForHasNoZoneToCompare) {
  zone_.reset();
  EXPECT_EQ(difference(), "none");
  task_.delay = 90;
  EXPECT_EQ(difference(), "delay: 10m, 90s") << "it is still written";
}

TEST_F(SettingsDifferenceTest, AnySystemMayDiffer) {
  TaskSettings other;
  other.max_gap = kHour;
  job_.add("busan", *zone_, other);
  EXPECT_EQ(difference(), "max_gap: 1h, 10m");
}

}  // namespace
}  // namespace bikeflow
