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
  std::vector<Wait> waits(const std::map<std::int32_t, LiveProgress>& progress,
                          Seconds slide = kHour) {
    return waits_of(progress, slide, *Zone::load("Asia/Seoul"), kTwo + 2 * kHour);
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

TEST_F(WaitsTest, OfWindowsThatSlideEachIsOneOfItsOwn) {
  // The watermark is in the pane that ends the first of them.
  const Seconds first = kTwo - 40 * kMinute;
  const auto few = waits({{0, at(kTwo + 10 * kMinute, first)}}, 20 * kMinute);
  ASSERT_EQ(few.size(), 3U);
  for (std::size_t i = 0; i < few.size(); ++i) {
    EXPECT_EQ(few[i].start, first + static_cast<Seconds>(i) * 20 * kMinute);
    EXPECT_EQ(few[i].end, few[i].start + kHour);
  }
  EXPECT_EQ(few[1].text, "13:40 open: watermark 14:10:00, needs 14:40:00");

  const Seconds oldest = kTwo - 55 * kMinute;
  const auto many = waits({{0, at(kTwo + 2 * kMinute, oldest)}}, 5 * kMinute);
  ASSERT_EQ(many.size(), kMostWaits);  // of twelve
  EXPECT_EQ(many.front().start, oldest);
  EXPECT_EQ(many.back().start, oldest + 25 * kMinute);

  // What only the slower part has not closed is there as well.
  const auto two = waits(
      {{0, at(kTwo + 10 * kMinute, first)}, {1, at(kTwo + 30 * kMinute, first + 20 * kMinute)}},
      20 * kMinute);
  ASSERT_EQ(two.size(), 4U);
  EXPECT_EQ(two[0].parts.size(), 1U);
  EXPECT_EQ(two[1].parts.size(), 2U);
}

TEST_F(WaitsTest, AnHourOfAnotherDaySaysWhich) {
  EXPECT_EQ(waits({{0, at(kTwo - kDay + 10, kTwo - kDay)}})[0].text,
            "hour 14 of 2024-08-10 open: watermark 2024-08-10 14:00:10, needs 2024-08-10 15:00:00");
}

}  // namespace
}  // namespace bikeflow
