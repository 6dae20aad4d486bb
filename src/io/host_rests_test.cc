#include "io/host_rests.h"

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

const std::string kHost = "https://a.example.org:443";
const std::string kOther = "https://b.example.org:443";
constexpr HostRests::Feed kFeed = 7, kNeighbour = 8;
constexpr Now kNow{1'723'383'000, 50'000};  // 2024-08-11T13:30:00Z

TEST(HostRests, AHostRestsForAsLongAsItSays) {
  HostRests rests;
  EXPECT_FALSE(rests.is_resting(kHost, 50'000));
  rests.refused(kHost, kFeed, "7", kNow);
  EXPECT_TRUE(rests.is_resting(kHost, 50'000));
  EXPECT_TRUE(rests.is_resting(kHost, 56'999));
  EXPECT_FALSE(rests.is_resting(kHost, 57'000));
  EXPECT_FALSE(rests.is_resting(kOther, 50'000));
}

TEST(HostRests, ADateIsATimeToo) {
  HostRests rests;
  rests.refused(kHost, kFeed, "Sun, 11 Aug 2024 13:30:05 GMT", kNow);
  EXPECT_TRUE(rests.is_resting(kHost, 54'999));
  EXPECT_FALSE(rests.is_resting(kHost, 55'000));
}

TEST(HostRests, ForAMinuteAtMost) {
  HostRests rests;
  rests.refused(kHost, kFeed, "86400", kNow);
  EXPECT_TRUE(rests.is_resting(kHost, 109'999));
  EXPECT_FALSE(rests.is_resting(kHost, 110'000));
}

TEST(HostRests, ASecondRefusalMakesItNoShorter) {
  HostRests rests;
  rests.refused(kHost, kFeed, "30", kNow);
  rests.refused(kHost, kFeed, "1", {kNow.wall + 2, 52'000});
  EXPECT_TRUE(rests.is_resting(kHost, 79'999));
  rests.refused(kOther, kFeed, "40", {kNow.wall + 20, 70'000});
  rests.refused(kHost, kFeed, "30", {kNow.wall + 20, 70'000});
  EXPECT_TRUE(rests.is_resting(kHost, 99'999));
  EXPECT_TRUE(rests.is_resting(kOther, 109'999));
  EXPECT_FALSE(rests.is_resting(kHost, 100'000));
}

TEST(HostRests, WhatSaysNothingOfATimeIsOfOneFeedOnly) {
  HostRests rests;
  for (const char* text : {"", "soon", "-5", "0", "Sun, 11 Aug 2024 13:29:00 GMT"}) {
    rests.refused(kHost, kFeed, text, kNow);
    EXPECT_FALSE(rests.is_resting(kHost, 50'000)) << text;
  }
}

TEST(HostRests, AFeedThatIsRefusedAgainWhileOthersAreAnsweredWaitsAlone) {
  HostRests rests;
  rests.refused(kHost, kFeed, "30", kNow);
  EXPECT_TRUE(rests.is_resting(kHost, 50'000));
  rests.answered(kHost, kNeighbour);
  for (std::int64_t ms = 80'000; ms < 200'000; ms += 30'000) {
    rests.refused(kHost, kFeed, "30", {kNow.wall, ms});
    EXPECT_FALSE(rests.is_resting(kHost, ms)) << ms;
    rests.answered(kHost, kNeighbour);
  }
  // Another feed's refusal is news, and so is that of one that was answered since.
  rests.refused(kHost, kNeighbour, "30", {kNow.wall, 200'000});
  EXPECT_TRUE(rests.is_resting(kHost, 229'999));
  rests.answered(kHost, kFeed);
  rests.refused(kHost, kFeed, "30", {kNow.wall, 230'000});
  EXPECT_TRUE(rests.is_resting(kHost, 230'000));
}

TEST(HostRests, AHostThatAnswersNobodyRestsEachTime) {
  HostRests rests;
  rests.refused(kHost, kFeed, "30", kNow);
  rests.answered(kOther, kNeighbour);
  rests.refused(kHost, kFeed, "30", {kNow.wall, 80'000});
  EXPECT_TRUE(rests.is_resting(kHost, 80'000));
}

}  // namespace
}  // namespace bikeflow
