#include "pipeline/feed_task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "feed/json_record.h"
#include "feed/round_guard.h"

namespace bikeflow {
namespace {

using ::testing::HasSubstr;

const Seconds kTen = parse_time("2024-08-11T22:00:00+09:00")->utc();

class FeedTaskTest : public ::testing::Test {
 protected:
  static FeedTaskSettings settings() {
    return {.system = "seoul",
            .zone = *Zone::load("Asia/Seoul"),
            .task = {},
            .lake = {},
            .lake_id = "1a4e",
            .has_live_view = true};
  }
  static Round round(Seconds at, std::vector<std::int16_t> bikes) {
    Round round{.observed_at = at};
    for (std::size_t i = 0; i < bikes.size(); ++i) {
      round.stations.push_back({fmt::format("ST-{}", i), "", {}, {bikes[i], 10}});
    }
    return round;
  }
  static Now at(Seconds wall) { return {wall, (wall - kTen) * 1000}; }

  void see(Seconds t, std::vector<std::int16_t> bikes) {
    task_.observe(round(t, std::move(bikes)), at(t));
  }
  // Commits, and begins a new life from what was stored.
  void restart() {
    const auto effects =
        task_.job().commit(fmt::format("{}-a", task_.job().sequence() + 1), task_.waiting());
    stored_ = std::get<WriteCheckpoint>(effects->at(0)).bytes;
    auto job = Job::restore(stored_);
    job->published();
    task_ = *FeedTask::open(settings(), *std::move(job));
  }
  std::vector<std::string> due_paths() {
    std::vector<std::string> paths;
    for (const DueFile& file : task_.job().due()) paths.push_back(file.path);
    return paths;
  }
  FeedTask task_ = *FeedTask::open(settings(), {});
  std::string stored_;
};

TEST_F(FeedTaskTest, RoundsBecomeRowsOfTheHour) {
  for (Seconds t = 0; t <= kHour + 11 * kMinute; t += kMinute) {
    see(kTen + t, {static_cast<std::int16_t>(t / kMinute % 2), 5});
  }
  ASSERT_EQ(due_paths(), std::vector<std::string>{
                             "hourly_summary/system=seoul/year=2024/month=08/day=11/hour=22/"
                             "seoul-0-20240811T130000Z-1h.parquet"});
  EXPECT_EQ(task_.task().counters().rentals, 29);
  EXPECT_EQ(task_.live()->at(0).rentals, 6);  // of the next hour, so far
  EXPECT_EQ(task_.job().feed()->next_offset, 2 * 72);
}

// Each station has a state for good.
TEST_F(FeedTaskTest, BeyondTheMostStationsNewOnesAreDeadLetters) {
  FeedTaskSettings few = settings();
  few.most_stations = 3;
  task_ = *FeedTask::open(few, {});
  see(kTen, {5, 5});
  see(kTen + 60, {4, 5, 6, 7, 8});
  EXPECT_EQ(task_.task().names().size(), 3U);
  EXPECT_EQ(task_.task().counters().accepted, 5);
  EXPECT_EQ(task_.job().dead_letters(Reason::kTooManyStations), 2);
  EXPECT_EQ(task_.job().feed()->next_offset, 7);
  Round strangers_first = round(kTen + 120, {5, 5, 5});
  strangers_first.stations[0].id = "ST-9";
  strangers_first.stations[1].name = "one";
  (void)task_.live()->take_news();
  task_.observe(strangers_first, at(kTen + 120));
  EXPECT_EQ(task_.task().counters().accepted, 7);
  const LiveNews news = task_.live()->take_news();
  ASSERT_EQ(news.changes.size(), 2U);
  EXPECT_EQ(news.changes[0].station, 1U);
  EXPECT_EQ(news.changes[0].about->name, "one");
}

TEST_F(FeedTaskTest, ARestartGoesOnWhereItWas) {
  see(kTen, {5, 5});
  task_.remember("what the source knows");
  restart();
  EXPECT_EQ(task_.memory(), "what the source knows");
  see(kTen + 60, {3, 5, 8});  // its net change, and a station that is new
  restart();
  EXPECT_EQ(task_.task().counters().accepted, 5);
  EXPECT_EQ(task_.job().feed()->next_offset, 5);
  EXPECT_EQ(task_.live()->at(0).rentals, 2);
  see(kTen + 60, {3, 5, 8});  // polled again: nothing new
  EXPECT_EQ(task_.task().counters().duplicates, 3);
}

TEST_F(FeedTaskTest, OtherSettingsThanBeforeAreRefused) {
  see(kTen, {5});
  restart();
  FeedTaskSettings other = settings();
  other.task.delay = 5 * kMinute;
  const auto refused = FeedTask::open(other, *Job::restore(stored_));
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message,
              HasSubstr("delay is 10m in what is already written, and 5m"));
}

// Nor is it told how to be removed: it is another's.
TEST_F(FeedTaskTest, WhatABackfillKeepsUnderTheNameIsRefused) {
  Job job({"seoul", "seoul", "1a4e", {}});
  TaskSettings task;
  task.delay = 5 * kMinute;
  job.add("seoul", *Zone::load("Asia/Seoul"), task);
  const auto refused = FeedTask::open(settings(), std::move(job));
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("give the feed another id"));
}

TEST_F(FeedTaskTest, LongDeadLettersDoNotWaitForTheHour) {
  Round first = round(kTen, {5});
  for (int i = 0; i < 300; ++i) {
    first.refused.push_back({{Reason::kBadBikes, "no number", {}}, std::string(4000, 'x')});
  }
  task_.observe(first, at(kTen));
  EXPECT_EQ(task_.waiting(), Waiting::kPublish);
}

TEST_F(FeedTaskTest, StationsOfARejectedRoundAreKeptAndCanBeReadAgain) {
  see(kTen, {5, 6});
  task_.reject(round(kTen + 30, {0, 0}), {Reason::kFuture, "all at once", {}}, at(kTen + 30));
  EXPECT_EQ(task_.job().waiting(), 2U);
  EXPECT_EQ(task_.waiting(), Waiting::kKeep);
  restart();
  EXPECT_EQ(task_.job().waiting(), 2U);
  task_.finish();
  EXPECT_EQ(task_.waiting(), Waiting::kPublish);
  ASSERT_TRUE(task_.job().commit("9-a", task_.waiting()).has_value());
  EXPECT_EQ(due_paths(),
            std::vector<std::string>{"dead_letter/year=2024/month=08/day=11/seoul-0-2.parquet"});
  EXPECT_EQ(task_.task().counters().accepted, 2);
}

TEST_F(FeedTaskTest, WhatIsNoStationIsADeadLetterWithTheHour) {
  Round first = round(kTen, {5});
  first.refused.push_back({{Reason::kBadBikes, "no number", {}}, std::string(9000, 'x')});
  task_.observe(first, at(kTen));
  EXPECT_EQ(task_.waiting(), Waiting::kKeep);
  see(kTen + kHour + 11 * kMinute, {5});
  EXPECT_EQ(task_.waiting(), Waiting::kPublish);
  EXPECT_EQ(task_.job().dead_letters(Reason::kBadBikes), 1);
}

TEST_F(FeedTaskTest, AFrozenFeedClosesItsHourAndAnOutageDoesNot) {
  see(kTen + 59 * kMinute, {5});
  const Seconds late = kTen + kHour + 10 * kMinute;
  for (Seconds t = kTen + kHour; t < late; t += 30) task_.nothing_new(at(t));
  EXPECT_TRUE(due_paths().empty());  // the clock has not passed the end by the delay
  task_.nothing_new(at(late));
  EXPECT_EQ(due_paths().size(), 1U);
  restart();
  task_.nothing_new(at(late + 3 * kHour));  // the first answer after an outage
  EXPECT_TRUE(due_paths().empty());
  see(late + 3 * kHour + 30, {4});
  task_.nothing_new(at(late + 3 * kHour + 60));
  task_.nothing_new(at(late + 4 * kHour));
  EXPECT_TRUE(due_paths().empty());
}

// One that closes for the night may list no station until the morning.
TEST_F(FeedTaskTest, AFeedThatListsNoStationClosesItsHour) {
  see(kTen + 59 * kMinute, {5});
  const Seconds late = kTen + kHour + 10 * kMinute;
  for (Seconds t = kTen + kHour; t < late; t += 30) see(t, {});
  EXPECT_TRUE(due_paths().empty());
  see(late, {});
  EXPECT_EQ(due_paths().size(), 1U);
}

// The feed may ask to be polled more seldom than it is set.
TEST_F(FeedTaskTest, ASlowFeedThatStandsClosesItsHour) {
  const Seconds last = kTen + 59 * kMinute;
  see(last, {5});
  task_.nothing_new(at(last + 5 * kMinute));  // an outage, or its pace?
  task_.nothing_new(at(last + 10 * kMinute));
  task_.nothing_new(at(last + 15 * kMinute));
  EXPECT_TRUE(due_paths().empty());  // three intervals
  task_.nothing_new(at(last + 20 * kMinute));
  EXPECT_EQ(due_paths().size(), 1U);
}

TEST_F(FeedTaskTest, AnHourIsOverdueWhereEvenTheFeedsSilenceShouldHaveClosedIt) {
  EXPECT_FALSE(task_.is_overdue(kTen + kDay));  // nothing was seen
  see(kTen + 20 * kMinute, {5});
  see(kTen + 21 * kMinute, {5});
  const Seconds due = kTen + kHour + settings().task.delay;
  EXPECT_FALSE(task_.is_overdue(due + settings().idle_close - 1));
  EXPECT_TRUE(task_.is_overdue(due + settings().idle_close));
}

TEST_F(FeedTaskTest, TheHourOfAFeedThatAsksToBePolledSeldomIsNotOverdueAtItsNextPoll) {
  see(kTen + 5 * kMinute, {5});
  see(kTen + 35 * kMinute, {5});
  see(kTen + 65 * kMinute, {5});  // with the delay, the hour has not ended yet
  ASSERT_TRUE(due_paths().empty());
  const Seconds due = kTen + kHour + settings().task.delay;
  EXPECT_FALSE(task_.is_overdue(kTen + 95 * kMinute));
  EXPECT_FALSE(task_.is_overdue(due + 90 * kMinute - 1));
  EXPECT_TRUE(task_.is_overdue(due + 90 * kMinute));
}

// Shown as empty while it is closed, whatever its flags say: nobody rents or returns anything.
TEST_F(FeedTaskTest, ANightOfZerosIsNoRentalAndNoReturn) {
  RoundGuard guard(settings().task.max_gap);
  const auto day = [&](Seconds from, Seconds to, std::int16_t bikes) {
    for (Seconds t = kTen + from; t < kTen + to; t += 30) {
      const Round seen = round(t, std::vector<std::int16_t>(10, bikes));
      if (guard.judge(seen)) {
        task_.reject(seen, {Reason::kRoundFellToZero, "", {}}, at(t));
      } else {
        task_.observe(seen, at(t));
      }
    }
  };
  day(0, kHour, 5);
  day(kHour, 7 * kHour, 0);
  day(7 * kHour, 9 * kHour, 7);
  EXPECT_EQ(task_.task().counters().rentals, 0);
  EXPECT_EQ(task_.task().counters().returns, 0);
  EXPECT_GE(due_paths().size(), 5U);
}

TEST_F(FeedTaskTest, ASilentFeedDoesNotBelieveAClockThatWasJustSet) {
  see(kTen + 59 * kMinute, {5});
  for (Seconds t = kTen + kHour; t < kTen + kHour + 9 * kMinute; t += 30) task_.nothing_new(at(t));
  Now set = at(kTen + kHour + 9 * kMinute);
  set.wall += kDay;
  task_.nothing_new(set);
  EXPECT_TRUE(due_paths().empty());
}

}  // namespace
}  // namespace bikeflow
