#include "live/open_hour.h"

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

const Zone kSeoul = *Zone::load("Asia/Seoul");
const Seconds kTwo =
    *kSeoul.from_local(seconds_from_civil({.year = 2024, .month = 8, .day = 11, .hour = 14}), 0);

TEST(OpenHour, IsNamedByTheClockOfTheSystem) {
  EXPECT_EQ(hour_words(kTwo, kTwo + kHour, kSeoul, kTwo + kHour), "hour 14");
  EXPECT_EQ(hour_words(kTwo + 900, kTwo + 1800, kSeoul, kTwo + kHour), "14:15");
  EXPECT_EQ(hour_words(kTwo + 10, kTwo + 20, kSeoul, kTwo + kHour), "14:00:10");
  EXPECT_EQ(wait_words(kTwo + 3130, kTwo + kHour, kSeoul, kTwo + kHour),
            "watermark 14:52:10, needs 15:00:00");
}

TEST(OpenHour, SaysWhichDayIfItIsAnother) {
  const Seconds now = kTwo + 10 * kHour;
  EXPECT_EQ(hour_words(kTwo, kTwo + kHour, kSeoul, now), "hour 14 of 2024-08-11");
  EXPECT_EQ(hour_words(kTwo + 900, kTwo + 1800, kSeoul, now), "14:15 of 2024-08-11");
  EXPECT_EQ(wait_words(now - 1, now + kHour, kSeoul, now),
            "watermark 2024-08-11 23:59:59, needs 01:00:00");
}

}  // namespace
}  // namespace bikeflow
