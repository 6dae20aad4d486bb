#include "feed/poller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace bikeflow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Seconds kStart = 1'700'000'000;

// Asks once a poll, and ends with what the test has laid ready.
class LaidReady : public FeedSource {
 public:
  explicit LaidReady(std::deque<PollEnd>& ends) : ends_(ends) {}
  FeedStep begin(Seconds) override { return HttpRequest(); }
  FeedStep answered(HttpOutcome, Seconds) override {
    PollEnd end = std::move(ends_.front());
    ends_.pop_front();
    return end;
  }
  void save(Writer& out) const override { out.varint(memory); }
  bool load(Reader& in) override {
    memory = in.varint();
    return in.ok();
  }
  [[nodiscard]] std::string budget(Seconds) const override { return "all of it"; }

  std::uint64_t memory = 7;

 private:
  std::deque<PollEnd>& ends_;
};

class PollerTest : public ::testing::Test {
 protected:
  static Round round(Seconds at, int stations, std::int16_t bikes = 5) {
    Round round{.observed_at = at};
    for (int i = 0; i < stations; ++i) {
      round.stations.push_back({"S" + std::to_string(i), "", {}, {bikes, 10}});
    }
    return round;
  }
  FeedPoller make(const Now& now = {kStart, 0}) {
    return {std::make_unique<LaidReady>(ends_),
            {.system = "a", .beat = {.every_ms = 30'000, .spread_ms = 0}},
            now};
  }
  PollResult poll(FeedPoller& poller, PollEnd end, Seconds passed, Seconds jump = 0) {
    ends_.push_back(std::move(end));
    const Now now{kStart + passed + jump, passed * 1000};
    EXPECT_LE(poller.due_ms(), now.monotonic_ms);
    auto request = poller.begin(now, 0);
    EXPECT_TRUE(request.has_value());
    EXPECT_EQ(poller.due_ms(), FeedPoller::kUnderWay);
    EXPECT_FALSE(poller.answered(HttpAnswer{}, now).has_value());
    return poller.take_result();
  }
  template <class What>
  static PollEnd end_of(What what) {
    PollEnd end;
    end.what = std::move(what);
    return end;
  }
  static PollEnd failure(std::string reason) {
    return end_of(PollFailure{std::move(reason), "so it was"});
  }
  std::deque<PollEnd> ends_;
};

TEST_F(PollerTest, ARoundIsBelievedAndTheNextPollIsOnTheBeat) {
  FeedPoller poller = make();
  const PollResult result = poll(poller, end_of(round(kStart, 10)), 0);
  ASSERT_TRUE(result.believed.has_value());
  EXPECT_EQ(result.believed->stations.size(), 10U);
  EXPECT_EQ(poller.due_ms(), 30'000);
  EXPECT_EQ(poller.health().stations, 10);
  EXPECT_EQ(poller.health().budget, "all of it");
}

TEST_F(PollerTest, ARoundThatIsNotBelievedIsHandedOverAsRejected) {
  FeedPoller poller = make();
  poll(poller, end_of(round(kStart, 10)), 0);
  const PollResult result = poll(poller, end_of(round(kStart + 30, 3)), 30);
  EXPECT_FALSE(result.believed.has_value());
  ASSERT_TRUE(result.rejected.has_value());
  EXPECT_EQ(result.rejected->why.reason, Reason::kRoundTooSmall);
  EXPECT_EQ(result.rejected->round.stations.size(), 3U);
  EXPECT_EQ(poller.health().failures_in_a_row, 1);
}

TEST_F(PollerTest, NothingNewIsSaidSo) {
  FeedPoller poller = make();
  const PollResult result = poll(poller, end_of(Unchanged{kStart}), 0);
  EXPECT_TRUE(result.is_nothing_new);
  EXPECT_FALSE(result.believed || result.rejected);
}

// Else a feed that says "not modified" of a round that was rejected would look well.
TEST_F(PollerTest, NothingNewSinceARejectedRoundIsNoSuccess) {
  FeedPoller poller = make();
  poll(poller, end_of(round(kStart, 10)), 0);
  poll(poller, end_of(round(kStart + 30, 3)), 30);
  const PollResult result = poll(poller, end_of(Unchanged{kStart + 30}), 60);
  EXPECT_TRUE(result.is_nothing_new);
  EXPECT_THAT(result.notices, IsEmpty());
  EXPECT_EQ(poller.health().failures_in_a_row, 2);
  EXPECT_EQ(poller.health().reason, "round_too_small");
  EXPECT_EQ(poller.health().data_at, kStart);
  poll(poller, end_of(round(kStart + 90, 10)), 90);
  poll(poller, end_of(Unchanged{kStart + 90}), 120);
  EXPECT_EQ(poller.health().failures_in_a_row, 0);
}

// What could not be committed was never seen: the same round is judged as if it were the first.
TEST_F(PollerTest, ItGoesBackToWhatItSavedAndStaysOnItsBeat) {
  FeedPoller poller = make();
  poll(poller, end_of(round(kStart, 10)), 0);
  const std::string saved = poller.save();
  poll(poller, end_of(round(kStart + 30, 20)), 30);
  poll(poller, end_of(round(kStart + 60, 10)), 60);  // too small by now
  ASSERT_TRUE(poller.load(saved));
  EXPECT_EQ(poller.save(), saved);
  EXPECT_EQ(poller.due_ms(), 90'000);
  EXPECT_TRUE(poll(poller, end_of(Unchanged{kStart + 60}), 90).is_nothing_new);
  EXPECT_EQ(poller.health().failures_in_a_row, 0);
  EXPECT_TRUE(poll(poller, end_of(round(kStart + 120, 10)), 120).believed.has_value());
}

TEST_F(PollerTest, AFeedThatMayNotBePolledOftenEnoughIsToldOfOnce) {
  FeedPoller poller = make();
  PollEnd slow = end_of(round(kStart, 10));
  slow.wait_s = 599;
  EXPECT_THAT(poll(poller, slow, 0).notices, IsEmpty());
  slow.wait_s = 600;
  EXPECT_THAT(poll(poller, slow, 600).notices, ElementsAre(HasSubstr("not to be polled for 10m")));
  EXPECT_THAT(poll(poller, slow, 1230).notices, IsEmpty());
}

TEST_F(PollerTest, RoundsInARowThatComeTooLateAreSaidOnceAndWhenItIsOver) {
  FeedPoller poller = make();
  const auto took = [&](std::int64_t rows, Seconds passed) {
    poll(poller, end_of(round(kStart + passed, 10)), passed);
    poller.took(rows, {kStart + passed, passed * 1000});
    return poller.take_result();
  };
  EXPECT_THAT(took(10, 0).warnings, IsEmpty());  // one server of several is behind
  EXPECT_THAT(took(0, 30).notices, IsEmpty());
  EXPECT_THAT(took(10, 60).warnings, IsEmpty());
  EXPECT_THAT(took(10, 90).warnings,
              ElementsAre(HasSubstr("20 rows since 2023-11-14T22:14:20Z are of windows that")));
  EXPECT_THAT(took(10, 120).warnings, IsEmpty());
  EXPECT_EQ(poller.health().late, 30);
  EXPECT_THAT(took(0, 150).notices, ElementsAre(HasSubstr("in time again; 30 rows since")));
  EXPECT_THAT(took(0, 180).notices, IsEmpty());
}

TEST_F(PollerTest, AFeedThatWasNotAskedSaysNothing) {
  FeedPoller poller = make();
  poll(poller, failure("timeout"), 0);
  const FeedHealth before = poller.health();
  PollEnd not_asked = end_of(Unchanged{0, false});
  not_asked.wait_s = 40;
  const PollResult result = poll(poller, not_asked, 30);
  EXPECT_FALSE(result.is_nothing_new);
  EXPECT_EQ(result.not_asked_s, 40);
  EXPECT_EQ(poller.health(), before);
}

TEST_F(PollerTest, AFailureIsSaidWhenItBeginsWhenItsReasonChangesAndWhenItIsOver) {
  FeedPoller poller = make();
  poll(poller, end_of(round(kStart, 10)), 0);
  EXPECT_THAT(poll(poller, failure("timeout"), 30).warnings, ElementsAre("timeout: so it was"));
  EXPECT_THAT(poll(poller, failure("timeout"), 60).warnings, IsEmpty());
  EXPECT_THAT(poll(poller, failure("no_host"), 90).warnings, ElementsAre("no_host: so it was"));
  const PollResult back = poll(poller, end_of(round(kStart + 150, 10)), 150);
  EXPECT_THAT(back.notices, ElementsAre(HasSubstr("answers again after 2m (3 polls)")));
  EXPECT_THAT(back.warnings, IsEmpty());
}

TEST_F(PollerTest, RoundsOfAClockThatJumpedAreHeld) {
  FeedPoller poller = make();
  poll(poller, end_of(round(kStart, 10)), 0);
  const PollResult held = poll(poller, end_of(round(kStart + 30 + kDay, 10)), 30, kDay);
  EXPECT_FALSE(held.believed.has_value());
  EXPECT_THAT(held.warnings.at(0), HasSubstr("the wall clock jumped 1d forward"));
  EXPECT_EQ(poller.health().reason, "clock_jump");
  const PollResult agreed = poll(poller, end_of(round(kStart + 60 + kDay, 10)), 60, kDay);
  EXPECT_TRUE(agreed.believed.has_value());
}

TEST_F(PollerTest, WhatItKnowsOutlivesTheProcess) {
  FeedPoller poller = make();
  for (Seconds t = 0; t < 300; t += 30) poll(poller, end_of(round(kStart + t, 10)), t);
  const std::string saved = poller.save();
  FeedPoller other = make();
  ASSERT_TRUE(other.load(saved));
  EXPECT_EQ(other.save(), saved);
  EXPECT_TRUE(poll(other, end_of(round(kStart + 330, 3)), 330).rejected.has_value());
  EXPECT_EQ(FeedPoller::health_in(saved), poller.health());
  EXPECT_EQ(FeedPoller::health_in(saved + "x"), std::nullopt);
  EXPECT_EQ(FeedPoller::health_in("what is this"), std::nullopt);
  FeedPoller stranger = make();
  EXPECT_FALSE(stranger.load(saved.substr(0, saved.size() / 2)));
  EXPECT_FALSE(stranger.load("what is this"));
  EXPECT_TRUE(poll(stranger, end_of(round(kStart, 10)), 0).believed.has_value());
}

}  // namespace
}  // namespace bikeflow
