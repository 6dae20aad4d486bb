#include "sim/truth.h"

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

constexpr Seconds kStart = 1'401'634'800;

class TruthTest : public ::testing::Test {
 protected:
  void fall(Seconds at, Cause cause = Cause::kRider) {
    truth_.happened({.at = kStart + at, .station = 0, .trip = 1, .change = -1, .cause = cause});
  }
  void rise(Seconds at) {
    truth_.happened({.at = kStart + at, .station = 0, .trip = 1, .change = 1});
  }
  void poll(Seconds at) {
    truth_.tick();
    truth_.observed(0, kStart + at);
  }
  StationTruth only() {
    const std::vector<HourTruth> hours = truth_.take_until(kStart + kDay);
    EXPECT_EQ(hours.size(), 1U);
    return hours.at(0).stations.at(0);
  }

  Truth truth_{2, 10 * kMinute, 0};
};

TEST_F(TruthTest, CountsByCauseAndShowsTheNetChange) {
  poll(0);
  fall(10);
  fall(11, Cause::kTruck);
  fall(12, Cause::kSensor);
  rise(13);
  poll(30);
  const StationTruth truth = only();
  EXPECT_EQ(truth.rentals.by(Cause::kRider), 1U);
  EXPECT_EQ(truth.rentals.by(Cause::kTruck), 1U);
  EXPECT_EQ(truth.rentals.by(Cause::kSensor), 1U);
  EXPECT_EQ(truth.rentals.shown, 2U);
  EXPECT_EQ(truth.rentals.cancelled, 1U);
  EXPECT_EQ(truth.rentals.missed, 0);
  EXPECT_EQ(truth.returns.by(Cause::kRider), 1U);
  EXPECT_EQ(truth.returns.shown, 0U);
  EXPECT_EQ(truth.returns.cancelled, 1U);
}

TEST_F(TruthTest, WhatAMissingPollCancelsIsMissed) {
  poll(0);
  fall(10);
  truth_.tick();  // the poll at 30 did not come
  rise(40);
  poll(60);
  const StationTruth truth = only();
  EXPECT_EQ(truth.rentals.shown, 0U);
  EXPECT_EQ(truth.rentals.cancelled, 0U);
  EXPECT_EQ(truth.rentals.missed, 1);
  EXPECT_EQ(truth.returns.missed, 1);
}

TEST_F(TruthTest, WhatAPollWouldHaveCancelledAnywayIsNotMissed) {
  poll(0);
  fall(10);
  truth_.tick();  // the poll at 30 did not come
  fall(40);
  rise(50);
  poll(60);
  const StationTruth truth = only();
  EXPECT_EQ(truth.rentals.shown, 1U);
  EXPECT_EQ(truth.rentals.cancelled, 1U);
  EXPECT_EQ(truth.rentals.missed, 0);
}

TEST_F(TruthTest, AGapLosesAll) {
  poll(0);
  fall(10);
  fall(20);
  poll(10 * kMinute);  // not longer than max_gap
  fall(11 * kMinute);
  poll(20 * kMinute + 1);
  const StationTruth truth = only();
  EXPECT_EQ(truth.rentals.shown, 2U);
  EXPECT_EQ(truth.rentals.missed, 1);
}

TEST_F(TruthTest, BeforeTheFirstSightNothingIsShown) {
  fall(10);
  poll(30);
  EXPECT_EQ(only().rentals.missed, 1);
}

TEST_F(TruthTest, EventsAreOfTheirHourAndWhatIsShownOfThePollsHour) {
  poll(kHour - 30);
  fall(kHour - 10);
  poll(kHour);
  const std::vector<HourTruth> hours = truth_.take_until(kStart + 2 * kHour);
  ASSERT_EQ(hours.size(), 2U);
  EXPECT_EQ(hours[0].start, kStart);
  EXPECT_EQ(hours[0].stations[0].rentals.by(Cause::kRider), 1U);
  EXPECT_EQ(hours[0].stations[0].rentals.shown, 0U);
  EXPECT_EQ(hours[1].stations[0].rentals.by(Cause::kRider), 0U);
  EXPECT_EQ(hours[1].stations[0].rentals.shown, 1U);
}

TEST_F(TruthTest, HandsOverOnlyWholeHours) {
  fall(10);
  EXPECT_TRUE(truth_.take_until(kStart + kHour - 1).empty());
  EXPECT_EQ(truth_.take_until(kStart + kHour).size(), 1U);
  EXPECT_TRUE(truth_.take_until(kStart + kHour).empty());
}

TEST(Truth, HoursFollowTheZone) {
  Truth truth(1, 600, 1800);  // such as +5:30
  truth.happened({.at = kStart + 45 * kMinute, .station = 0, .trip = 1, .change = -1});
  EXPECT_EQ(truth.take_until(kStart + kDay).at(0).start, kStart + 30 * kMinute);
}

}  // namespace
}  // namespace bikeflow
