#include "feed/clock_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bikeflow {
namespace {

using testing::HasSubstr;

constexpr Seconds kT = 1'723'383'000;

class ClockWatchTest : public testing::Test {
 protected:
  // A poll each 30 s; the wall clock is `ahead_s` ahead of where it was at the start.
  ClockWatch::Verdict poll(Seconds ahead_s) {
    monotonic_ms_ += 30'000;
    return watch_.poll_ended(kT + monotonic_ms_ / 1000 + ahead_s, monotonic_ms_);
  }

  std::int64_t monotonic_ms_ = 77'000;
  ClockWatch watch_{10 * kMinute};
};

TEST_F(ClockWatchTest, ClocksThatGoTogetherNeedNoWord) {
  for (int i = 0; i < 100; ++i) {
    const auto verdict = poll(0);
    EXPECT_FALSE(verdict.is_held);
    EXPECT_EQ(verdict.report, "");
  }
}

TEST_F(ClockWatchTest, AJumpWithinTheDelayIsWhatTheDelayIsFor) {
  (void)poll(0);
  EXPECT_FALSE(poll(600).is_held);
  EXPECT_FALSE(poll(0).is_held);
  EXPECT_FALSE(poll(-600).is_held);
}

TEST_F(ClockWatchTest, AJumpIsReportedAndHeldUntilTwoPollsAgree) {
  (void)poll(0);
  const auto jumped = poll(3600);
  EXPECT_TRUE(jumped.is_held);
  EXPECT_THAT(jumped.report, HasSubstr("jumped 1h forward"));
  EXPECT_TRUE(watch_.is_holding());
  const auto agreed = poll(3600);
  EXPECT_FALSE(agreed.is_held);
  EXPECT_THAT(agreed.report, HasSubstr("two polls agree that the wall clock was set 1h forward"));
  EXPECT_FALSE(watch_.is_holding());
  EXPECT_EQ(poll(3600).report, "");
  EXPECT_THAT(poll(-3600).report, HasSubstr("jumped 2h back"));
}

TEST_F(ClockWatchTest, AClockThatIsBackAgreesWithThePollsBefore) {
  (void)poll(0);
  EXPECT_TRUE(poll(kDay).is_held);
  const auto back = poll(1);
  EXPECT_FALSE(back.is_held);
  EXPECT_THAT(back.report, HasSubstr("back where it was"));
}

TEST_F(ClockWatchTest, AClockThatGoesOnJumpingIsHeldOn) {
  (void)poll(0);
  for (int i = 1; i < 10; ++i) EXPECT_TRUE(poll(i * kHour).is_held);
  EXPECT_FALSE(poll(9 * kHour).is_held);
}

TEST_F(ClockWatchTest, ASlowDriftIsFollowed) {
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(poll(i * 60).is_held);
}

}  // namespace
}  // namespace bikeflow
