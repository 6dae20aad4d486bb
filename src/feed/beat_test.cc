#include "feed/beat.h"

#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "test/property.h"

namespace bikeflow {
namespace {

constexpr std::int64_t kStart = 5'000'000;
constexpr BeatSettings kAlone = {30'000, 0};

PollEnd round_after(Seconds wait_s = 0) { return {Round{}, wait_s, {}}; }
PollEnd failure(bool is_permanent, Seconds wait_s = 0) {
  return {PollFailure{"timeout", "", is_permanent}, wait_s, {}};
}

TEST(Beat, BeatsAreSteadyWhateverPollsTake) {
  Beat beat(kAlone, "seoul", kStart);
  EXPECT_EQ(beat.due_ms(), kStart);
  for (int i = 1; i < 100; ++i) {
    beat.ended(round_after(), beat.due_ms() + 3'000 + i, 0);
    EXPECT_EQ(beat.due_ms(), kStart + i * 30'000);
  }
}

TEST(Beat, MissedBeatsAreLeftOut) {
  Beat beat(kAlone, "seoul", kStart);
  beat.ended(round_after(), kStart + 95'000, 0);
  EXPECT_EQ(beat.due_ms(), kStart + 120'000);
  beat.ended(round_after(), kStart + 150'000, 0);
  EXPECT_EQ(beat.due_ms(), kStart + 150'000);
}

TEST(Beat, AFeedMayAskForMoreTime) {
  Beat beat(kAlone, "seoul", kStart);
  beat.ended(round_after(70), kStart + 1'000, 0);
  EXPECT_EQ(beat.due_ms(), kStart + 90'000);
  beat.ended(round_after(INT64_MAX), kStart + 91'000, 0);
  EXPECT_LE(beat.due_ms(), kStart + 8 * kDay * 1000);
}

// For days: answers that come late, and jitter, must not add up to a beat that is left out.
TEST(Beat, AFeedThatAsksForABeatIsPolledEachTimeThatItAllows) {
  constexpr std::int64_t kLatencyMs = 40;
  Beat beat({60'000, 60'000}, "oslo", kStart);
  int polls = 0;
  const std::int64_t first = beat.due_ms();
  for (double jitter = 0; beat.due_ms() < first + 3 * kDay * 1000; ++polls) {
    const std::int64_t before = beat.due_ms();
    jitter = jitter > 0.9 ? 0 : jitter + 0.07;
    beat.ended(round_after(60), before + kLatencyMs, jitter);
    ASSERT_GE(beat.due_ms(), before + kLatencyMs + 60'000);
    ASSERT_LE(beat.due_ms(), before + kLatencyMs + 61'000);
  }
  EXPECT_GE(polls, 3 * kDay / 60 - 4);
}

// A feed's ttl counts from its answer, which comes behind the beat: it must not cost a beat more.
TEST(Beat, AWaitOfWholeBeatsIsNotABeatLonger) {
  for (const Seconds wait_s : {30, 60, 300}) {
    Beat beat(kAlone, "oslo", kStart);
    int polls = 0;
    for (; beat.due_ms() < kStart + kHour * 1000; ++polls) {
      const std::int64_t answered = beat.due_ms() + 300;
      beat.ended(round_after(wait_s), answered, 0);
      ASSERT_GE(beat.due_ms(), answered + wait_s * 1000);
    }
    EXPECT_GE(polls, kHour / wait_s * 98 / 100) << wait_s;
  }
  // Only a wait: a poll that took longer than the beat leaves the next out.
  Beat beat(kAlone, "oslo", kStart);
  beat.ended(round_after(), kStart + 31'000, 0);
  EXPECT_EQ(beat.due_ms(), kStart + 60'000);
}

TEST(Beat, FailuresThatMayPassAreTriedAgainWithinAMinute) {
  Beat beat({1'000, 0}, "seoul", kStart);
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 9; ++i) {
    const std::int64_t now = beat.due_ms();
    beat.ended(failure(false), now, 0);
    waits.push_back((beat.due_ms() - now) / 1000);
  }
  EXPECT_EQ(waits, (std::vector<std::int64_t>{1, 2, 4, 8, 16, 32, 60, 60, 60}));
  beat.ended(round_after(), beat.due_ms(), 0);
  const std::int64_t now = beat.due_ms();
  beat.ended(failure(false), now, 0);
  EXPECT_EQ(beat.due_ms(), now + 1'000);
  beat.ended(failure(false, 3600), now, 0);
  EXPECT_EQ(beat.due_ms(), now + 3'600'000);
}

TEST(Beat, FailuresThatSomeoneMustMendAreTriedEachTenMinutes) {
  Beat beat(kAlone, "seoul", kStart);
  beat.ended(failure(true), kStart + 100, 0);
  EXPECT_EQ(beat.due_ms(), kStart + 630'000);
}

TEST(Beat, JitterComesOnTopAndDoesNotAddUp) {
  Beat beat({10'000, 0}, "seoul", kStart);
  for (int i = 1; i < 20; ++i) {
    beat.ended(round_after(), beat.due_ms(), 0.5);
    EXPECT_EQ(beat.due_ms(), kStart + i * 10'000 + 250);
  }
}

TEST(Beat, ManyFeedsAreSpreadOverTheInterval) {
  std::vector<int> seconds(30);
  for (int i = 0; i < 1500; ++i) {
    const Beat beat({}, fmt::format("system-{}", i), kStart);
    ASSERT_GE(beat.due_ms(), kStart);
    ++seconds.at(static_cast<std::size_t>((beat.due_ms() - kStart) / 1000));
  }
  for (const int feeds : seconds) EXPECT_NEAR(feeds, 50, 30);
  EXPECT_EQ(Beat({}, "oslo", kStart).due_ms(), Beat({}, "oslo", kStart).due_ms());
}

TEST(Beat, IsNeverBehindNorMoreThanABeatLate) {
  check(500, [] {
    const auto every_ms = *rc::gen::inRange<std::int64_t>(1, 100'000);
    Beat beat({every_ms, every_ms}, *rc::gen::arbitrary<std::string>(), kStart);
    const std::int64_t first = beat.due_ms();
    bool is_moved = false;
    for (int i = 0; i < 20; ++i) {
      const std::int64_t before = beat.due_ms();
      const std::int64_t now = before + *rc::gen::inRange<std::int64_t>(0, 300'000);
      const auto wait_s = *rc::gen::inRange<Seconds>(0, 100);
      beat.ended(round_after(wait_s), now, 0);
      RC_ASSERT(beat.due_ms() > before);
      RC_ASSERT(beat.due_ms() >= now + wait_s * 1000);
      RC_ASSERT(beat.due_ms() <= std::max(now + wait_s * 1000, before + 1) + every_ms);
      const std::int64_t behind_ms = (beat.due_ms() - first) % every_ms;
      if (is_moved) continue;  // from here on its beats are others
      is_moved = wait_s > 0 && wait_s * 1000 <= every_ms;
      RC_ASSERT(is_moved || behind_ms <= (wait_s > 0 ? every_ms / 4 : 0));
    }
  });
}

}  // namespace
}  // namespace bikeflow
