#include "io/live_hub.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace bikeflow {
namespace {

using std::chrono_literals::operator""ms;

class LiveHubTest : public ::testing::Test {
 protected:
  LiveHubTest() { names_.intern("a"); }
  void tell(Seconds at, std::int16_t bikes) {
    hub_.tell({0, "seoul"}, names_, {{{0, {.observed_at = at, .counts = {bikes, 10}}}}, {}});
  }
  LiveHub hub_;
  Names names_;
};

TEST_F(LiveHubTest, AWaitEndsWithAChangeOrWithItsTime) {
  EXPECT_EQ(hub_.wait(0, 1), 0U);
  std::thread teller([&] {
    std::this_thread::sleep_for(20ms);
    tell(1, 5);
  });
  EXPECT_EQ(hub_.wait(0, 60'000), 1U);
  teller.join();
  EXPECT_EQ(hub_.wait(0, 60'000), 1U);
}

TEST_F(LiveHubTest, WhoListensIsToldOfEachChangeUntilNoMore) {
  int told = 0;
  hub_.on_change([&] { ++told; });
  tell(1, 5);
  hub_.lost_all();
  EXPECT_EQ(told, 2);
  hub_.on_change({});
  tell(2, 5);
  EXPECT_EQ(told, 2);
  EXPECT_EQ(hub_.read([](const LiveView& view) { return view.station_count("seoul"); }), 1U);
}

TEST_F(LiveHubTest, ManyChangesAreToldAsOneAndNoneIsNot) {
  int told = 0;
  hub_.on_change([&] { ++told; });
  hub_.change_all([&](LiveView& view) {
    view.tell({0, "seoul"}, names_, {{{0, {.observed_at = 1, .counts = {5, 10}}}}, {}});
    view.tell_progress({0, "seoul"}, {.watermark = 1});
    EXPECT_EQ(told, 0);
  });
  EXPECT_EQ(told, 1);
  hub_.change_all([&](LiveView& view) { view.tell_progress({0, "seoul"}, {.watermark = 1}); });
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace bikeflow
