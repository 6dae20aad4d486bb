#include "io/outage.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace bikeflow {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr Seconds kNoon = 1'723'377'600;  // 2024-08-11T12:00:00Z

class OutageTest : public ::testing::Test {
 protected:
  static Now at(std::int64_t ms) { return {kNoon + ms / 1000, ms}; }
  void listen(std::int64_t ms, const std::string& meanwhile = "reading goes on") {
    if (auto news = outage_.take_news(meanwhile, at(ms))) said_.push_back(std::move(news->text));
  }

  Outage outage_{"the store is gone", "the store is back"};
  std::vector<std::string> said_;
};

TEST_F(OutageTest, ItsBeginningEachMinuteOfItAndItsEndAreTold) {
  for (std::int64_t ms = 0; ms < 150'000; ms += 100) {
    outage_.failed("refused", at(ms));
    listen(ms);
  }
  outage_.worked(at(150'000));
  listen(150'000);
  listen(150'100);
  EXPECT_THAT(
      said_,
      ElementsAre("the store is gone since 2024-08-11T12:00:00Z (0s): refused; reading goes on",
                  "the store is gone since 2024-08-11T12:00:00Z (1m): refused; reading goes on",
                  "the store is gone since 2024-08-11T12:00:00Z (2m): refused; reading goes on",
                  "the store is back, after 150s"));
}

TEST_F(OutageTest, AChangeIsToldWithoutWaitingForTheMinute) {
  outage_.failed("refused", at(0));
  listen(0);
  listen(9'000, "reading waits");
  EXPECT_THAT(said_, SizeIs(1));
  listen(10'000, "reading waits");
  listen(30'000, "reading waits");
  EXPECT_THAT(said_, SizeIs(2));
}

TEST_F(OutageTest, WhatComesAndGoesMakesNoFlood) {
  for (std::int64_t ms = 0; ms < 600'000; ms += 100) {
    if (ms % 200 == 0) {
      outage_.failed("refused", at(ms));
    } else {
      outage_.worked(at(ms));
    }
    listen(ms);
  }
  EXPECT_THAT(said_, SizeIs(20));  // each minute that it had begun, and that it was over
}

TEST_F(OutageTest, AnotherOneThatLastsIsToldSoon) {
  outage_.failed("refused", at(0));
  listen(0);
  outage_.worked(at(500));
  listen(500);
  outage_.failed("refused again", at(2'000));
  listen(11'900);
  EXPECT_THAT(said_, SizeIs(2));
  listen(12'000);
  EXPECT_EQ(said_.back(),
            "the store is gone since 2024-08-11T12:00:02Z (10s): refused again; reading goes on");
}

TEST_F(OutageTest, WhatWasNotToldHasNoEndThatIs) {
  outage_.failed("refused", at(0));
  EXPECT_TRUE(outage_.is_on());
  outage_.worked(at(10));
  EXPECT_FALSE(outage_.is_on());
  listen(20);
  EXPECT_THAT(said_, IsEmpty());
}

}  // namespace
}  // namespace bikeflow
