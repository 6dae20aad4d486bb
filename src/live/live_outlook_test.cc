#include "live/live_outlook.h"

#include <gtest/gtest.h>

#include "live/live_view.h"

namespace bikeflow {
namespace {

constexpr Seconds kMaxGap = 10 * kMinute;
constexpr Seconds kStart = 1'700'000'000;

// Seen each minute from kStart on, the counts in their order.
LiveTrail trail_of(const std::vector<int>& counts, Seconds start = kStart) {
  LiveTrail trail;
  for (const int count : counts) {
    trail.add(start, static_cast<std::int16_t>(count), kMaxGap);
    start += kMinute;
  }
  return trail;
}

// From `from` to `to` bikes, evenly, in so many minutes.
std::vector<int> line(int from, int to, int minutes) {
  std::vector<int> counts;
  for (int n = 0; n <= minutes; ++n) counts.push_back(from + (to - from) * n / minutes);
  return counts;
}

std::vector<int> operator+(std::vector<int> a, const std::vector<int>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::vector<int> alternating(int a, int b, int changes, int minutes) {
  std::vector<int> counts(1, a);
  for (int n = 1; n <= changes; ++n) {
    counts =
        std::move(counts) + std::vector<int>(static_cast<std::size_t>(minutes), n % 2 == 1 ? b : a);
  }
  return counts;
}

std::optional<LiveForecast> forecast_of(const std::vector<int>& counts, int racks = 20) {
  const Counts now{static_cast<std::int16_t>(counts.back()), static_cast<std::int16_t>(racks)};
  return forecast(trail_of(counts), now, kMaxGap);
}

TEST(Forecast, GoesOnAsTheLastHourWent) {
  const Seconds now = kStart + kHour;
  // 6 fewer in an hour, and 3 are left: half an hour.
  EXPECT_EQ(forecast_of(line(9, 3, 60)),
            (LiveForecast{Fill::kEmpty, now + 30 * kMinute, -6, kHour}));
  EXPECT_EQ(forecast_of(line(14, 18, 60)),
            (LiveForecast{Fill::kFull, now + 30 * kMinute, 4, kHour}));
  // What was before that hour says nothing.
  EXPECT_EQ(forecast_of(line(0, 9, 30) + line(9, 3, 60)),
            (LiveForecast{Fill::kEmpty, now + 61 * kMinute, -6, kHour}));
}

TEST(Forecast, SaysNothingOfWhatIsFarOffOrAlreadySo) {
  EXPECT_TRUE(forecast_of(line(9, 3, 60)));            // in half an hour
  EXPECT_FALSE(forecast_of(line(10, 4, 60)));          // later
  EXPECT_FALSE(forecast_of(line(6, 0, 60)));           // empty
  EXPECT_FALSE(forecast_of(line(15, 20, 60)));         // full
  EXPECT_FALSE(forecast_of(line(15, 21, 60)));         // more than full
  EXPECT_FALSE(forecast_of(line(15, 19, 60), 0));      // racks are unknown
  EXPECT_TRUE(forecast_of(line(6, 1, 60), 0));         // which is nothing to an empty one
  EXPECT_FALSE(forecast_of(std::vector<int>(61, 3)));  // nothing moves
}

TEST(Forecast, NeedsEnoughToBeToldFrom) {
  EXPECT_FALSE(forecast_of(line(3, 1, 60)));  // 2 bikes are chance
  EXPECT_TRUE(forecast_of(line(4, 1, 60)));
  EXPECT_FALSE(forecast_of(line(9, 3, 29)));  // for less than half an hour
  EXPECT_TRUE(forecast_of(line(9, 3, 30)));
  EXPECT_FALSE(forecast(LiveTrail{}, {3, 20}, kMaxGap));

  // What changed unseen, before a gap of 11 minutes, is no flow.
  LiveTrail trail = trail_of(line(20, 9, 20));
  const Seconds after = kStart + 20 * kMinute + 11 * kMinute;
  for (Seconds t = 0; t < 29 * kMinute; t += kMinute) trail.add(after + t, 5, kMaxGap);
  trail.add(after + 29 * kMinute, 2, kMaxGap);
  EXPECT_FALSE(forecast(trail, {2, 20}, kMaxGap));
  trail.add(after + 30 * kMinute, 2, kMaxGap);
  EXPECT_EQ(forecast(trail, {2, 20}, kMaxGap),
            (LiveForecast{Fill::kEmpty, after + 50 * kMinute, -3, 30 * kMinute}));
}

TEST(Flapping, IsBackAndForthBetweenTheSameTwoUntilNow) {
  // After 20 minutes of riders' changes: 5 and 6 in turn, for 5 minutes each.
  const auto counts = line(0, 5, 20) + alternating(5, 6, 8, 5);
  EXPECT_EQ(find_flapping(trail_of(counts), kMaxGap),
            (LiveFlapping{5, 6, 8, kStart + 22 * kMinute}));
  EXPECT_FALSE(find_flapping(trail_of(line(0, 5, 20) + alternating(5, 6, 7, 5)), kMaxGap));
  EXPECT_FALSE(find_flapping(trail_of(alternating(5, 8, 12, 5)), kMaxGap));  // that is no sensor
  EXPECT_TRUE(find_flapping(trail_of(alternating(5, 7, 12, 5)), kMaxGap));
  EXPECT_FALSE(find_flapping(trail_of(alternating(5, 6, 12, 31)), kMaxGap));
  EXPECT_FALSE(find_flapping(trail_of(alternating(5, 6, 8, 5) + std::vector<int>{7}), kMaxGap));
  EXPECT_FALSE(
      find_flapping(trail_of(alternating(5, 6, 12, 5) + std::vector<int>(30, 5)), kMaxGap));
  EXPECT_FALSE(find_flapping(LiveTrail{}, kMaxGap));
}

TEST(Frozen, IsADayWithoutAChangeWhereOneWouldBeExpected) {
  const auto day = trail_of(std::vector<int>(24 * 60 + 1, 5));
  EXPECT_EQ(frozen_since(day, {5, 20}), kStart);
  EXPECT_EQ(frozen_since(day, {5, Counts::kNoRacks}), kStart);
  EXPECT_FALSE(frozen_since(day, {5, 5}));  // nobody can return
  EXPECT_FALSE(frozen_since(trail_of(std::vector<int>(24 * 60 + 1, 0)), {0, 20}));
  EXPECT_FALSE(frozen_since(trail_of(std::vector<int>(24 * 60, 5)), {5, 20}));
  EXPECT_FALSE(frozen_since(trail_of({4, 5}), {5, 20}));
}

class Outlook : public ::testing::Test {
 protected:
  Outlook() {
    for (const char* name : {"b", "a", "c", "old"}) names_.intern(name);
    view_.introduce("seoul", {.max_gap = kMaxGap});
  }

  void tell(StationIndex station, const std::vector<int>& counts) {
    for (std::size_t n = 0; n < counts.size(); ++n) {
      const Seconds at = kStart + static_cast<Seconds>(n) * kMinute;
      const Counts now{static_cast<std::int16_t>(counts[n]), 20};
      view_.tell({0, "seoul"}, names_, {{{station, {.observed_at = at, .counts = now}}}, {}});
    }
  }

  LiveView view_;
  Names names_;
};

TEST_F(Outlook, IsOfStationsThatAreNotStale) {
  tell(0, line(9, 3, 60));
  tell(1, line(8, 2, 60));
  tell(2, alternating(5, 6, 12, 5));
  tell(3, line(9, 3, 40));
  const LiveOutlook outlook = view_.outlook("seoul", kStart + kHour);
  ASSERT_EQ(outlook.soon.size(), 2U);
  EXPECT_EQ(outlook.soon[0].id, "a");
  EXPECT_EQ(outlook.soon[1].id, "b");
  ASSERT_EQ(outlook.flapping.size(), 1U);
  EXPECT_EQ(outlook.flapping[0].id, "c");
  EXPECT_TRUE(outlook.frozen.empty());
  EXPECT_TRUE(view_.outlook("seoul", kStart + kHour + kMaxGap + 1).soon.empty());
}

// Whether it came true is not known before the station is seen again.
TEST_F(Outlook, ATimeThatHasGoneIsNoForecast) {
  tell(0, line(9, 1, 60));  // one left, eight an hour: seven and a half minutes
  EXPECT_EQ(view_.outlook("seoul", kStart + 67 * kMinute).soon.size(), 1U);
  EXPECT_EQ(view_.outlook("seoul", kStart + 68 * kMinute).soon.size(), 0U);
}

}  // namespace
}  // namespace bikeflow
