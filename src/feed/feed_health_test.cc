#include "feed/feed_health.h"

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

constexpr Seconds kT = 1'723'383'000;

class FeedHealthTest : public testing::Test {
 protected:
  void round(Seconds at, int stations, std::int64_t duplicates = 0) {
    Round round;
    round.observed_at = at;
    round.duplicates = duplicates;
    for (int i = 0; i < stations; ++i) {
      round.stations.emplace_back().id = std::to_string(i);
      round.stations.back().counts = {3, 10};
    }
    const auto rejection = guard_.judge(round);
    health_.poll_ended({std::move(round), 0, {}}, rejection, guard_, at);
  }
  void failure(Seconds at, bool is_permanent = false) {
    health_.poll_ended({PollFailure{"timeout", "no answer in 10 s", is_permanent}, 0, {}},
                       std::nullopt, guard_, at);
  }

  RoundGuard guard_;
  FeedHealth health_;
};

TEST_F(FeedHealthTest, KnowsNothingAtFirst) {
  EXPECT_EQ(health_.line(kT), "no data yet");
  EXPECT_FALSE(health_.data_age_s(kT));
  failure(kT);
  EXPECT_EQ(health_.line(kT + 60),
            "failing for 1m (1 poll): timeout: no answer in 10 s; no data yet");
}

TEST_F(FeedHealthTest, ARoundIsASuccess) {
  round(kT, 10, 2);
  health_.budget = "3 of 10 calls left today";
  EXPECT_EQ(health_.line(kT + 12), "10 stations, 12s old, 2 duplicates, 3 of 10 calls left today");
  EXPECT_EQ(health_.succeeded_at, kT);
  EXPECT_EQ(health_.data_age_s(kT - 5), 0);
}

TEST_F(FeedHealthTest, FailuresAreCountedUntilASuccess) {
  round(kT, 10);
  failure(kT + 30);
  failure(kT + 60, true);
  EXPECT_EQ(health_.failures_in_a_row, 2);
  EXPECT_EQ(health_.line(kT + 90),
            "failing for 1m (2 polls): timeout: no answer in 10 s (it will not mend itself); "
            "10 stations, 90s old");
  EXPECT_EQ(health_.succeeded_at, kT);
  round(kT + 120, 11);
  EXPECT_EQ(health_.line(kT + 120), "11 stations, 0s old");
  EXPECT_EQ(health_.polls, 4);
  EXPECT_EQ(health_.failures, 2);
}

TEST_F(FeedHealthTest, ARejectedRoundIsNoData) {
  round(kT, 10);
  round(kT + 30, 2);
  EXPECT_EQ(health_.reason, "round_too_small");
  EXPECT_EQ(health_.rounds_rejected(), 1);
  EXPECT_EQ(health_.stations, 10);
  EXPECT_EQ(health_.data_at, kT);
  EXPECT_EQ(health_.succeeded_at, kT);
}

TEST_F(FeedHealthTest, AHeldRoundIsNoData) {
  round(kT, 10);
  health_.round_held("clock_jump", "the clock jumped", kT + 30);
  EXPECT_EQ(health_.line(kT + 30),
            "failing for 0s (1 poll): clock_jump: the clock jumped; 10 stations, 30s old");
}

TEST_F(FeedHealthTest, AnUnchangedDocumentIsASuccessWithOldData) {
  round(kT, 10);
  failure(kT + 30);
  health_.poll_ended({Unchanged{kT}, 0, {}}, std::nullopt, guard_, kT + 60);
  EXPECT_EQ(health_.succeeded_at, kT + 60);
  EXPECT_EQ(health_.data_age_s(kT + 60), 60);
  EXPECT_EQ(health_.failures_in_a_row, 0);
  health_.poll_ended({Unchanged{0}, 0, {}}, std::nullopt, guard_, kT + 90);
  EXPECT_EQ(health_.data_at, kT);
}

// A clock that was set back puts all that is seen into windows that are closed.
TEST_F(FeedHealthTest, RowsThatComeTooLateAreCountedUntilARoundIsInTime) {
  round(kT, 10);
  health_.took(0, kT);
  EXPECT_EQ(health_.line(kT), "10 stations, 0s old");
  health_.took(10, kT + 30);
  health_.took(9, kT + 60);
  EXPECT_EQ(health_.line(kT + 60),
            "10 stations, 1m old, 19 rows late since 2024-08-11T13:30:30Z: is the clock right?");
  health_.took(0, kT + 90);
  EXPECT_EQ(health_.late, 0);
  EXPECT_EQ(health_.late_since, 0);
}

TEST_F(FeedHealthTest, RefusesCountsThatNobodyCanHaveCounted) {
  health_.late = GuardCounts::kMost;
  Writer out;
  health_.save(out);
  Reader in(out.bytes());
  EXPECT_TRUE(FeedHealth().load(in));
  ++health_.late;
  Writer more;
  health_.save(more);
  Reader absurd(more.bytes());
  EXPECT_FALSE(FeedHealth().load(absurd));
}

TEST_F(FeedHealthTest, OutlivesTheProcess) {
  round(kT, 10);
  round(kT + 30, 1);
  failure(kT + 60, true);
  health_.budget = "3 of 1000 calls left today";
  health_.took(4, kT + 60);
  Writer out;
  health_.save(out);
  FeedHealth read;
  Reader in(out.bytes());
  ASSERT_TRUE(read.load(in));
  EXPECT_TRUE(in.at_end());
  EXPECT_EQ(read, health_);
  for (std::size_t size = 0; size < out.bytes().size(); ++size) {
    Reader cut(std::string_view(out.bytes()).substr(0, size));
    EXPECT_FALSE(read.load(cut)) << size;
  }
  EXPECT_EQ(read, health_);
}

}  // namespace
}  // namespace bikeflow
