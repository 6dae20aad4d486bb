#include "api/waits.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace bikeflow {
namespace {

const Seconds kTwo =
    *Zone::load("Asia/Seoul")
         ->from_local(seconds_from_civil({.year = 2024, .month = 8, .day = 11, .hour = 14}), 0);

LiveProgress at(Seconds watermark, Seconds window_start) {
  return {.watermark = watermark, .window_start = window_start, .window_end = window_start + kHour};
}

class WaitsTest : public ::testing::Test {
 protected:
  std::vector<Wait> waits(const std::map<std::int32_t, LiveProgress>& progress) {
    return waits_of(progress, *Zone::load("Asia/Seoul"), kTwo + 2 * kHour);
  }
};

TEST_F(WaitsTest, AFeedWaitsForItsWatermark) {
  const auto found = waits({{0, at(kTwo + 52 * kMinute + 10, kTwo)}});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].text, "hour 14 open: watermark 14:52:10, needs 15:00:00");
  const auto said = nlohmann::json::parse(wait_json(found[0]));
  EXPECT_EQ(said.at("hour"), "2024-08-11T05:00:00Z");
  EXPECT_EQ(said.at("needs"), "2024-08-11T06:00:00Z");
}

TEST_F(WaitsTest, AnHourNamesThePartitionsThatHoldItTheFurthestBehindFirst) {
  LiveProgress behind = at(kTwo + 10, kTwo);
  behind.lag = 70;
  LiveProgress stopped = at(kTwo + kHour + 10, kTwo + kHour);
  stopped.stopped = "a gap";
  const auto found =
      waits({{0, at(kTwo + kHour + 5, kTwo + kHour)}, {1, behind}, {2, stopped}, {3, {}}});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].text,
            "hour 14 open: partition 3 nothing read yet; partition 1 watermark 14:00:10, needs "
            "15:00:00, lag 70");
  EXPECT_EQ(found[1].parts.size(), 4U);
  EXPECT_EQ(found[1].text,
            "hour 15 open: partition 2 has stopped: a gap; partition 3 nothing read yet; partition "
            "1 watermark 14:00:10, needs 16:00:00, lag 70; and 1 more");
}

TEST_F(WaitsTest, NothingReadIsNoHour) {
  EXPECT_TRUE(waits({{0, {}}}).empty());
  EXPECT_TRUE(waits({}).empty());
}

TEST_F(WaitsTest, OfAPartitionFarBehindTheOldestAreNamed) {
  const auto found = waits({{0, at(kTwo, kTwo)}, {1, at(kTwo + 30 * kDay, kTwo + 30 * kDay)}});
  ASSERT_EQ(found.size(), kMostWaits);
  EXPECT_EQ(found[0].start, kTwo);
}

TEST_F(WaitsTest, AnHourOfAnotherDaySaysWhich) {
  EXPECT_EQ(waits({{0, at(kTwo - kDay + 10, kTwo - kDay)}})[0].text,
            "hour 14 of 2024-08-10 open: watermark 2024-08-10 14:00:10, needs 2024-08-10 15:00:00");
}

}  // namespace
}  // namespace bikeflow
