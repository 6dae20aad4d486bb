#include "io/live_hub.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace bikeflow {
namespace {

using std::chrono_literals::operator""ms;

LiveChange change(StationIndex station, Seconds at, std::int16_t bikes) {
  return {station, {.observed_at = at, .counts = {bikes, 10}}};
}

class LiveHubTest : public ::testing::Test {
 protected:
  LiveHubTest() {
    for (const char* name : {"a", "b", "c"}) names_.intern(name);
  }
  // "a=5 b=3"
  static std::string text(const LiveHub::Changes& changes) {
    std::string out;
    for (const LiveSeen& seen : changes.stations) {
      out += (out.empty() ? "" : " ") + seen.station_id + (seen.is_here ? "=" : "?") +
             std::to_string(seen.now.counts.bikes);
    }
    return out;
  }
  LiveHub hub_;
  Names names_;
};

TEST_F(LiveHubTest, WhoeverWasAwayGetsWhatIsDifferentNow) {
  hub_.tell({0, "seoul"}, names_, std::vector{change(0, 1, 5), change(1, 1, 3)});
  const LiveHub::Changes first = hub_.since(0);
  EXPECT_EQ(text(first), "a=5 b=3");
  hub_.tell({0, "seoul"}, names_, std::vector{change(1, 2, 4)});
  hub_.tell({1, "seoul"}, names_, std::vector{change(2, 2, 9)});
  hub_.tell({0, "seoul"}, names_, std::vector{change(1, 3, 2)});
  const LiveHub::Changes later = hub_.since(first.version);
  EXPECT_EQ(text(later), "b=2 c=9");
  EXPECT_EQ(text(hub_.since(later.version)), "");
}

TEST_F(LiveHubTest, WhatIsReadElsewhereIsSaidToBe) {
  hub_.tell({0, "seoul"}, names_, std::vector{change(0, 1, 5), change(1, 1, 3)});
  const std::uint64_t before = hub_.version();
  hub_.lost_all();
  EXPECT_EQ(text(hub_.since(before)), "a?5 b?3");
  const std::uint64_t lost = hub_.version();
  hub_.tell({0, "seoul"}, names_, std::vector{change(0, 2, 6), change(1, 1, 3)});
  EXPECT_EQ(text(hub_.since(lost)), "a=6 b=3");
}

TEST_F(LiveHubTest, AnotherOwnerMayNumberThemOtherwise) {
  hub_.tell({0, "seoul"}, names_, std::vector{change(0, 1, 5), change(2, 1, 3)});
  hub_.lost_all();
  Names others;
  for (const char* name : {"c", "a"}) others.intern(name);
  const std::uint64_t before = hub_.version();
  hub_.tell({0, "seoul"}, others, std::vector{change(0, 2, 7), change(1, 2, 8)});
  EXPECT_EQ(text(hub_.since(before)), "c=7 a=8");
}

TEST_F(LiveHubTest, AWaitEndsWithAChangeOrWithItsTime) {
  EXPECT_EQ(hub_.wait(0, 1), 0U);
  std::thread teller([&] {
    std::this_thread::sleep_for(20ms);
    hub_.tell({0, "seoul"}, names_, std::vector{change(0, 1, 5)});
  });
  EXPECT_EQ(hub_.wait(0, 60'000), 1U);
  teller.join();
  EXPECT_EQ(hub_.wait(0, 60'000), 1U);
}

}  // namespace
}  // namespace bikeflow
