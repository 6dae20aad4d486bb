#include "io/host_rests.h"

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

const std::string kHost = "https://a.example.org:443";
const std::string kOther = "https://b.example.org:443";
constexpr Now kNow{1'723'383'000, 50'000};  // 2024-08-11T13:30:00Z

TEST(HostRests, AHostRestsForAsLongAsItSays) {
  HostRests rests;
  EXPECT_FALSE(rests.is_resting(kHost, 50'000));
  rests.refused(kHost, "7", kNow);
  EXPECT_TRUE(rests.is_resting(kHost, 50'000));
  EXPECT_TRUE(rests.is_resting(kHost, 56'999));
  EXPECT_FALSE(rests.is_resting(kHost, 57'000));
  EXPECT_FALSE(rests.is_resting(kOther, 50'000));
}

TEST(HostRests, ADateIsATimeToo) {
  HostRests rests;
  rests.refused(kHost, "Sun, 11 Aug 2024 13:30:05 GMT", kNow);
  EXPECT_TRUE(rests.is_resting(kHost, 54'999));
  EXPECT_FALSE(rests.is_resting(kHost, 55'000));
}

TEST(HostRests, ForAMinuteAtMost) {
  HostRests rests;
  rests.refused(kHost, "86400", kNow);
  EXPECT_TRUE(rests.is_resting(kHost, 109'999));
  EXPECT_FALSE(rests.is_resting(kHost, 110'000));
}

TEST(HostRests, ASecondRefusalMakesItNoShorter) {
  HostRests rests;
  rests.refused(kHost, "30", kNow);
  rests.refused(kHost, "1", {kNow.wall + 2, 52'000});
  EXPECT_TRUE(rests.is_resting(kHost, 79'999));
  rests.refused(kOther, "40", {kNow.wall + 20, 70'000});
  rests.refused(kHost, "30", {kNow.wall + 20, 70'000});
  EXPECT_TRUE(rests.is_resting(kHost, 99'999));
  EXPECT_TRUE(rests.is_resting(kOther, 109'999));
  EXPECT_FALSE(rests.is_resting(kHost, 100'000));
}

TEST(HostRests, WhatSaysNothingOfATimeIsOfOneFeedOnly) {
  HostRests rests;
  for (const char* text : {"", "soon", "-5", "0", "Sun, 11 Aug 2024 13:29:00 GMT"}) {
    rests.refused(kHost, text, kNow);
    EXPECT_FALSE(rests.is_resting(kHost, 50'000)) << text;
  }
}

}  // namespace
}  // namespace bikeflow
