#include "feed/round_guard.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/property.h"

namespace bikeflow {
namespace {

constexpr Seconds kT = 1'723'383'000;
constexpr Seconds kPoll = 30;

// Stations 0 to `stations` - 1 with so many bikes each, the first `empty` of them with none.
Round round_of(Seconds at, int stations, int empty = 0, std::int16_t bikes = 5) {
  Round round;
  round.observed_at = at;
  for (int i = 0; i < stations; ++i) {
    SeenStation& station = round.stations.emplace_back();
    station.id = fmt::format("ST-{}", i);
    station.counts = {i < empty ? std::int16_t{0} : bikes, 10};
  }
  return round;
}

class RoundGuardTest : public testing::Test {
 protected:
  // The next poll's round: the reason's word, or nothing.
  std::string next(int stations, int empty = 0, Seconds after = kPoll) {
    now_ += after;
    const auto rejection = guard_.judge(round_of(now_, stations, empty));
    return rejection ? std::string(reason_word(rejection->reason)) : "";
  }
  void believe(int rounds, int stations) {
    for (int i = 0; i < rounds; ++i) ASSERT_EQ(next(stations), "");
  }

  Seconds now_ = kT;
  RoundGuard guard_;
};

TEST_F(RoundGuardTest, TheFirstRoundIsBelieved) {
  EXPECT_EQ(next(100, 100), "");
  EXPECT_EQ(guard_.stations(), 100);
  EXPECT_EQ(guard_.counts(), (GuardCounts{1, 0, 0, 0, 0, 0}));
}

TEST_F(RoundGuardTest, FewerThanFourFifthsOfTheUsualStationsAreTooFew) {
  believe(5, 100);
  EXPECT_EQ(next(80), "");
  EXPECT_EQ(next(79), "round_too_small");
  now_ += kPoll;
  EXPECT_EQ(guard_.judge(round_of(now_, 50)),
            (Rejection{Reason::kRoundTooSmall,
                       "50 stations, fewer than 80 % of the usual 100; believed if it stays so for "
                       "30m",
                       50, 100}));
  EXPECT_EQ(next(0), "round_too_small");
  EXPECT_EQ(next(100), "");
  EXPECT_EQ(guard_.counts(), (GuardCounts{7, 3, 0, 0, 0, 0}));
}

TEST_F(RoundGuardTest, OneRoundTooManyOrASmallBeginningIsNotTheUsual) {
  EXPECT_EQ(next(40), "");
  believe(4, 100);
  EXPECT_EQ(next(200), "");
  EXPECT_EQ(next(100), "");
  EXPECT_EQ(next(79), "round_too_small");
}

TEST_F(RoundGuardTest, MoreThanThreeTenthsThatFallToZeroAreTooMany) {
  believe(2, 100);
  EXPECT_EQ(next(100, 30), "");
  believe(1, 100);
  EXPECT_EQ(next(100, 31), "round_fell_to_zero");
  now_ += kPoll;
  EXPECT_EQ(guard_.judge(round_of(now_, 100, 100)),
            (Rejection{Reason::kRoundFellToZero,
                       "100 of 100 stations that had bikes have none at once, more than 30 %; "
                       "believed if it stays so for 30m",
                       100, 100}));
  EXPECT_EQ(next(100), "");
  EXPECT_EQ(guard_.counts(), (GuardCounts{5, 0, 2, 0, 0, 0}));
}

TEST_F(RoundGuardTest, OnlyStationsOfBothRoundsThatHadBikesFall) {
  EXPECT_EQ(next(100, 60), "");
  EXPECT_EQ(next(100, 72), "");                    // 12 of 40
  EXPECT_EQ(next(100, 81), "round_fell_to_zero");  // 9 of 28
  // 20 stations had bikes and are not there; of the 8 others that had, 2 have none.
  Round round = round_of(now_ + kPoll, 80, 74);
  EXPECT_FALSE(guard_.judge(round));
}

TEST_F(RoundGuardTest, AFewStationsMayFallTogether) {
  EXPECT_EQ(next(5), "");
  EXPECT_EQ(next(5, 2), "");
  EXPECT_EQ(next(5), "");
  EXPECT_EQ(next(5, 3), "round_fell_to_zero");
}

TEST_F(RoundGuardTest, WhatStaysSoForHalfAnHourIsBelieved) {
  believe(20, 100);
  for (int i = 0; i < 60; ++i) ASSERT_EQ(next(100, 100), "round_fell_to_zero") << i;
  EXPECT_EQ(next(100, 100), "");
  EXPECT_EQ(guard_.counts().believed_again, 1);
  EXPECT_EQ(next(100, 100), "");
  for (int i = 0; i < 60; ++i) ASSERT_EQ(next(50), "round_too_small") << i;
  EXPECT_EQ(next(50), "");
  EXPECT_EQ(next(50), "");
  EXPECT_EQ(next(100), "");
  EXPECT_EQ(guard_.counts().believed_again, 2);
}

// A feed that shows a closed system as empty: what comes back in the morning is no return.
TEST_F(RoundGuardTest, WhatFellTogetherAndComesBackTogetherWaitsAgain) {
  believe(20, 100);
  for (int i = 0; i < 61; ++i) (void)next(100, 95);
  ASSERT_EQ(guard_.counts().believed_again, 1);
  for (int i = 0; i < 500; ++i) ASSERT_EQ(next(100, 95), "");
  for (int i = 0; i < 60; ++i) ASSERT_EQ(next(100), "round_fell_to_zero") << i;
  EXPECT_EQ(next(100), "");
  EXPECT_EQ(guard_.counts().believed_again, 2);
  // Those that come back one by one are believed, and may then fall and rise as any.
  for (int i = 0; i < 61; ++i) (void)next(100, 95);
  for (int empty = 95; empty >= 0; empty -= 5) ASSERT_EQ(next(100, empty), "") << empty;
  EXPECT_EQ(next(100, 29), "");
  EXPECT_EQ(next(100), "");
}

TEST_F(RoundGuardTest, WhatHasAGapBehindItIsNoRentalAndMayHaveFallen) {
  believe(20, 100);
  EXPECT_EQ(next(100, 40, kHour), "round_fell_to_zero");
  RoundGuard other;
  EXPECT_FALSE(other.judge(round_of(kT, 100)));
  EXPECT_FALSE(other.judge(round_of(kT + kHour + 1, 100, 40)));
}

TEST_F(RoundGuardTest, WhatIsBelievedAgainHasTheLongestGapBehindIt) {
  guard_ = RoundGuard(2 * kHour);
  believe(20, 100);
  for (int i = 0; i < 240; ++i) ASSERT_EQ(next(100, 100), "round_fell_to_zero") << i;
  EXPECT_EQ(next(100, 100), "");
}

TEST_F(RoundGuardTest, RoundsThatDisagreeOrAreInterruptedBeginAnew) {
  believe(20, 100);
  for (int i = 0; i < 50; ++i) ASSERT_EQ(next(50), "round_too_small");
  EXPECT_EQ(next(20), "round_too_small");  // does not agree with 50
  for (int i = 0; i < 59; ++i) ASSERT_EQ(next(20), "round_too_small");
  EXPECT_EQ(next(100), "");  // as ever
  for (int i = 0; i < 60; ++i) ASSERT_EQ(next(20), "round_too_small");
  EXPECT_EQ(next(20), "");
}

TEST_F(RoundGuardTest, TwoRoundsAreNotEnoughHoweverFarApart) {
  believe(20, 100);
  EXPECT_EQ(next(50), "round_too_small");
  EXPECT_EQ(next(50, 0, kHour), "round_too_small");
  EXPECT_EQ(next(50), "");
}

TEST_F(RoundGuardTest, AClockThatGoesBackBeginsAnew) {
  believe(20, 100);
  for (int i = 0; i < 10; ++i) ASSERT_EQ(next(50), "round_too_small");
  EXPECT_EQ(next(50, 0, -kHour), "round_too_small");
  for (int i = 0; i < 59; ++i) ASSERT_EQ(next(50), "round_too_small");
  EXPECT_EQ(next(50), "");
}

TEST_F(RoundGuardTest, AStationIsFrozenWhereOthersMove) {
  const auto poll = [&](std::int16_t bikes_of_others) {
    Round round = round_of(now_, 10, 0, bikes_of_others);
    round.stations[0].counts = {7, 10};
    round.stations[1].counts = {0, 10};
    EXPECT_FALSE(guard_.judge(round));
  };
  for (; now_ < kT + kDay; now_ += 10 * kMinute)
    poll(static_cast<std::int16_t>(now_ / 600 % 9 + 1));
  EXPECT_EQ(guard_.frozen(), 0);
  poll(9);
  EXPECT_EQ(guard_.frozen(), 2);
  // What was not seen for long is not known to have stood still.
  now_ += 2 * kHour;
  poll(8);
  EXPECT_EQ(guard_.frozen(), 0);
}

// Each of two servers in turn may be behind the other.
TEST_F(RoundGuardTest, ARoundFromALittleBeforeForgetsNothing) {
  for (int i = 0; now_ <= kT + kDay + kHour; ++i) {
    now_ += i % 2 == 0 ? 10 * kMinute : -kMinute;
    Round round = round_of(now_, 10, 0, static_cast<std::int16_t>(i % 9 + 1));
    round.stations[0].counts = {7, 10};
    EXPECT_FALSE(guard_.judge(round));
  }
  EXPECT_EQ(guard_.frozen(), 1);
}

TEST_F(RoundGuardTest, AFeedThatStandsHasNoFrozenStations) {
  for (int i = 0; i < 300; ++i) ASSERT_EQ(next(10, 0, 10 * kMinute), "");
  EXPECT_EQ(guard_.frozen(), 0);
}

TEST_F(RoundGuardTest, DuplicatesAreSummedUp) {
  Round round = round_of(kT, 10);
  round.duplicates = 3;
  (void)guard_.judge(round);
  (void)guard_.judge(round);
  EXPECT_EQ(guard_.counts().duplicates, 6);
}

TEST_F(RoundGuardTest, StationsThatAreInventedEachTimeCostNoMemory) {
  std::size_t most = 0;
  for (int i = 0; i < 100; ++i) {
    Round round = round_of(kT + i * kPoll, 1000);
    for (SeenStation& station : round.stations) station.id += fmt::format("-{}", i);
    EXPECT_EQ(guard_.judge(round).has_value(), i >= 3) << i;
    Writer out;
    guard_.save(out);
    most = std::max(most, out.bytes().size());
  }
  EXPECT_LT(most, 4u * 1000 * 40);
}

class StrangersTest : public RoundGuardTest {
 protected:
  // 1000 stations, of which so many have ids that end with `mark`.
  std::string next_with(int strangers, const std::string& mark, Seconds after = kPoll,
                        int stations = 1000) {
    now_ += after;
    Round round = round_of(now_, stations);
    for (int i = 0; i < strangers; ++i) round.stations[i].id += mark;
    const auto rejection = guard_.judge(round);
    return rejection ? std::string(reason_word(rejection->reason)) : "";
  }
};

TEST_F(StrangersTest, MoreThanHalfOfTheStationsAreTooMany) {
  believe(3, 1000);
  EXPECT_EQ(next_with(500, "a"), "");
  now_ += kPoll;
  Round round = round_of(now_, 1000);
  for (int i = 0; i < 501; ++i) round.stations[i].id += "b";
  EXPECT_EQ(guard_.judge(round),
            (Rejection{Reason::kRoundOfStrangers,
                       "501 of 1000 stations were not there before, more than half: has the feed "
                       "given its stations other ids? Believed if they stay for 30m",
                       501, 1000}));
  EXPECT_EQ(next_with(500, "a"), "");
  EXPECT_EQ(guard_.counts(), (GuardCounts{5, 0, 0, 1, 0, 0}));
}

TEST_F(StrangersTest, ASystemThatGetsOtherIdsIsBelievedAfterHalfAnHour) {
  believe(20, 1000);
  for (int i = 0; i < 60; ++i) ASSERT_EQ(next_with(1000, "-new"), "round_of_strangers") << i;
  EXPECT_EQ(next_with(1000, "-new"), "");
  EXPECT_EQ(guard_.counts().believed_again, 1);
  for (int i = 0; i < 10; ++i) ASSERT_EQ(next_with(1000, "-new"), "") << i;
}

// Not after an hour without one that was believed either.
TEST_F(StrangersTest, InventedIdsNeverAgree) {
  believe(20, 1000);
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(next_with(1000, fmt::format("-{}", i)), "round_of_strangers") << i;
  }
  believe(1, 1000);
  // Nor do they where all of them are empty.
  for (int i = 0; i < 500; ++i) {
    now_ += kPoll;
    Round round = round_of(now_, 1000, 1000);
    for (SeenStation& station : round.stations) station.id += fmt::format("-{}", i);
    ASSERT_TRUE(guard_.judge(round)) << i;
  }
}

TEST_F(StrangersTest, AFeedThatBeginsAndAKeyForTryingOutMayGrow) {
  EXPECT_EQ(next(20), "");
  EXPECT_EQ(next(60), "");
  EXPECT_EQ(next(200), "");
  EXPECT_EQ(next(500), "round_of_strangers");  // three rounds: from now on it is known
  guard_ = RoundGuard();
  believe(100, 5);
  EXPECT_EQ(next(1000), "");
  guard_ = RoundGuard();
  believe(3, 20);
  EXPECT_EQ(next_with(19, "a", kPoll, 20), "");
  EXPECT_EQ(next_with(20, "b", kPoll, 20), "round_of_strangers");
}

// A guard that was stored and restored after any round judges all that follow as the other does.
TEST(RoundGuard, OutlivesARestartAnywhere) {
  check(100, [] {
    RoundGuard guard;
    RoundGuard restored;
    Seconds now = kT;
    const std::vector<Seconds> steps = {kPoll, kPoll, 10 * kMinute, 2 * kHour, -kPoll};
    const auto rounds = *rc::gen::inRange(1, 200);
    int stations = 100;
    int empty = 0;
    int mark = 0;
    for (int i = 0; i < rounds; ++i) {
      if (*rc::gen::inRange(0, 8) == 0) {
        stations = *rc::gen::inRange(0, 150);
        empty = *rc::gen::inRange(0, stations + 1);
        mark = *rc::gen::inRange(0, 3);
      }
      now += *rc::gen::elementOf(steps);
      Round round = round_of(now, stations, empty);
      for (SeenStation& station : round.stations) station.id += fmt::format("-{}", mark);
      Writer out;
      restored.save(out);
      RoundGuard next;
      Reader in(out.bytes());
      RC_ASSERT(next.load(in));
      RC_ASSERT(in.at_end());
      restored = std::move(next);
      RC_ASSERT(restored.judge(round) == guard.judge(round));
      RC_ASSERT(restored.counts() == guard.counts());
      RC_ASSERT(restored.frozen() == guard.frozen());
      RC_ASSERT(restored.stations() == guard.stations());
    }
  });
}

TEST(RoundGuard, TakesNothingFromBytesThatAreCut) {
  RoundGuard guard;
  (void)guard.judge(round_of(kT, 20));
  (void)guard.judge(round_of(kT + 30, 10));
  Writer out;
  guard.save(out);
  for (std::size_t size = 0; size < out.bytes().size(); ++size) {
    Reader in(std::string_view(out.bytes()).substr(0, size));
    EXPECT_FALSE(guard.load(in)) << size;
  }
  EXPECT_EQ(guard.counts(), (GuardCounts{1, 1, 0, 0, 0, 0}));
}

// They are counted on, and must not overflow.
TEST(RoundGuard, RefusesCountsThatNobodyCanHaveCounted) {
  Writer out;
  RoundGuard guard;
  guard.save(out);
  std::string bytes(out.bytes());
  bytes.pop_back();  // the duplicates: 0
  const auto with = [&](std::int64_t count) {
    Writer more;
    more.varint(static_cast<std::uint64_t>(count));
    return bytes + std::string(more.bytes());
  };
  const std::string most = with(GuardCounts::kMost);
  Reader in(most);
  EXPECT_TRUE(guard.load(in));
  const std::string absurd = with(GuardCounts::kMost + 1);
  Reader other(absurd);
  EXPECT_FALSE(guard.load(other));
}

}  // namespace
}  // namespace bikeflow
