#include "live/live_trail.h"

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

using Stretches = std::vector<LiveTrail::Stretch>;

TEST(LiveTrail, IsOfStretchesWithoutAChangeOrAGap) {
  LiveTrail trail;
  for (const auto& [at, bikes] : std::vector<std::pair<Seconds, std::int16_t>>{
           {100, 5}, {130, 5}, {160, 4}, {160, 9}, {150, 9}, {190, 4}, {791, 4}, {820, 4}}) {
    trail.add(at, bikes, 600);
  }
  EXPECT_EQ(trail.stretches(), (Stretches{{100, 130, 5}, {160, 190, 4}, {791, 820, 4}}));
}

TEST(LiveTrail, KeepsADayAndLittleMore) {
  LiveTrail trail;
  constexpr Seconds kEnd = 4 * kDay;
  for (Seconds t = kMinute; t <= kEnd; t += kMinute) {
    trail.add(t, static_cast<std::int16_t>(t / kMinute % 2), 600);
  }
  const Stretches& kept = trail.stretches();
  EXPECT_LE(kept.front().at, kEnd - LiveTrail::kKept);
  EXPECT_EQ(kept.back().until, kEnd);
  EXPECT_LT(kept.size(), static_cast<std::size_t>(LiveTrail::kKept / kMinute * 5 / 4));
}

}  // namespace
}  // namespace bikeflow
