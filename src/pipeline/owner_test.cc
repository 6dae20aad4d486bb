#include "pipeline/owner.h"

#include <gmock/gmock.h>

#include "lake/metadata_keys.h"
#include "lake/parquet.h"
#include "test/log_world.h"

namespace bikeflow {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Phase = Owner::Phase;

constexpr Seconds kDelay = 10 * kMinute;

std::string closed_by(const std::string& bytes) {
  const auto file = *decode_hourly(bytes);
  for (const auto& [key, value] : file.metadata) {
    if (key == metadata::kClosedBy) return value;
  }
  return "absent";
}

TEST(OwnerTest, AFirstStartReadsFromTheOldestRecord) {
  OwnerWorld world;
  world.see_from_to(kTen, kTen + kHour);
  world.part().low = 2;
  world.start();
  EXPECT_THAT(world.story, ElementsAre("ask the group", "list _bikeflow/state/feed/0", "list ",
                                       "look at -1", "read from 2"));
  EXPECT_EQ(world.owner().phase(), Phase::kReading);
}

TEST(OwnerTest, ACheckpointIsPutThenCommittedThenWhatIsDueIsPut) {
  OwnerWorld world;
  world.start();
  world.story.clear();
  world.read(kTen, kTen + kHour + kDelay);
  EXPECT_THAT(world.story,
              ElementsAre("put checkpoint 1", "commit 8 checkpoint 1", "put " + hour_path(kTen)));
  const Job first = world.checkpoint(1);
  ASSERT_EQ(first.due().size(), 1u);
  EXPECT_EQ(first.due()[0].since, 1u);
  EXPECT_EQ(first.due()[0].bytes, world.state.files.at(hour_path(kTen)));
  EXPECT_EQ(first.log()->next_offset, 8);
  EXPECT_EQ(closed_by(first.due()[0].bytes), "data");
}

TEST(OwnerTest, NothingIsCommittedBeforeTheCheckpointIsStoredAndNothingPutBeforeItIsCommitted) {
  OwnerWorld world;
  world.start();
  world.holds = is_put_of_checkpoint;
  world.story.clear();
  world.read(kTen, kTen + kHour + kDelay);
  EXPECT_THAT(world.story, IsEmpty());
  world.release();
  EXPECT_EQ(world.story[1], "commit 8 checkpoint 1");

  world.holds = [](const Request& r) { return std::holds_alternative<CommitOffset>(r.what); };
  world.read(kTen + kHour + 2 * kDelay, kTen + 2 * kHour + kDelay);
  EXPECT_THAT(world.rows_in_the_lake(), ElementsAre(hour_path(kTen)));
  world.release();
  EXPECT_THAT(world.rows_in_the_lake(), ElementsAre(hour_path(kTen), hour_path(kTen + kHour)));
}

TEST(OwnerTest, OnlyWhatWasAcknowledgedIsLeftOutOfTheNextCheckpoint) {
  OwnerWorld world;
  world.start();
  world.holds = [](const Request& r) {
    return is_put_of_data(r) && std::get<PutFile>(r.what).path == hour_path(kTen);
  };
  world.read(kTen, kTen + 3 * kHour + kDelay);
  const Job third = world.checkpoint(3);
  ASSERT_EQ(third.due().size(), 2u);  // the first was never acknowledged, the second was
  EXPECT_EQ(third.due()[0].path, hour_path(kTen));
  EXPECT_EQ(third.due()[0].since, 1u);
  EXPECT_EQ(third.due()[1].path, hour_path(kTen + 2 * kHour));
  EXPECT_EQ(third.due()[1].since, 3u);
  // It is on its way since the first commit, and is not given out again.
  EXPECT_EQ(world.held.size(), 1u);
}

TEST(OwnerTest, CheckpointsThreeBelowTheCommittedOneAreRemovedAndNoOthers) {
  OwnerWorld world;
  world.see(kTen, 1);
  const std::string left_over = state_folder_of("feed", 0) + "/" + checkpoint_name(1, 99);
  const std::string foreign = state_folder_of("feed", 0) + "/notes.txt";
  world.state.files[left_over] = "of one that died before its commit";
  world.state.files[foreign] = "of somebody";
  world.start();
  for (int hour = 1; hour <= 3; ++hour) {
    world.read(kTen + (hour - 1) * kHour + 2 * kDelay, kTen + hour * kHour + kDelay);
  }
  EXPECT_TRUE(world.state.files.contains(world.state_path(1)));
  world.story.clear();
  world.read(kTen + 3 * kHour + 2 * kDelay, kTen + 4 * kHour + kDelay);
  EXPECT_EQ(world.times_told("remove checkpoint 1"), 2);
  EXPECT_FALSE(world.state.files.contains(left_over));
  for (const std::uint64_t kept : {2, 3, 4}) {
    EXPECT_TRUE(world.state.files.contains(world.state_path(kept))) << kept;
  }
  EXPECT_TRUE(world.state.files.contains(foreign));
  world.read(kTen + 4 * kHour + 2 * kDelay, kTen + 5 * kHour + kDelay);
  EXPECT_FALSE(world.state.files.contains(world.state_path(2)));
  EXPECT_TRUE(world.state.files.contains(world.state_path(3)));
}

TEST(OwnerTest, ReadingGoesOnDuringACheckpointAndWhatComesThenIsOfTheNext) {
  OwnerWorld world;
  world.start();
  world.holds = is_put_of_checkpoint;
  world.read(kTen, kTen + kHour + kDelay);
  ASSERT_EQ(world.held.size(), 1u);
  world.read(kTen + kHour + 2 * kDelay, kTen + 2 * kHour + kDelay);
  EXPECT_EQ(world.part().reading, 14);
  EXPECT_EQ(world.held.size(), 1u) << "one checkpoint at a time";
  world.story.clear();
  world.release();
  EXPECT_THAT(world.story, ElementsAre("put checkpoint 1", "commit 8 checkpoint 1",
                                       "put " + hour_path(kTen), "put checkpoint 2",
                                       "commit 14 checkpoint 2", "put " + hour_path(kTen + kHour)));
  EXPECT_EQ(world.checkpoint(1).due().size(), 1u);
}

// When a checkpoint is due.

TEST(OwnerTest, TimeAloneMakesNoCheckpointAndAChangeAloneNoneAtOnce) {
  OwnerSettings settings = settings_of_feed();
  settings.checkpoint_every = 30;
  OwnerWorld world(settings);
  world.start();
  world.story.clear();
  world.pass(kHour);
  EXPECT_THAT(world.story, IsEmpty());
  world.pass(0);
  world.see(kTen, 3);
  world.read();
  EXPECT_THAT(world.story, ElementsAre("put checkpoint 1", "commit 1 checkpoint 1"));
  world.story.clear();
  world.see(kTen + 60, 3);
  world.read();
  world.pass(29);
  EXPECT_THAT(world.story, IsEmpty());
  world.pass(1);
  EXPECT_THAT(world.story, ElementsAre("put checkpoint 2", "commit 2 checkpoint 2"));
  world.pass(kHour);
  EXPECT_EQ(world.story.size(), 2u);
}

TEST(OwnerTest, AnAcknowledgementIsAChange) {
  OwnerSettings settings = settings_of_feed();
  settings.checkpoint_every = 30;
  OwnerWorld world(settings);
  world.start();
  world.read(kTen, kTen + kHour + kDelay);
  EXPECT_FALSE(world.owner().is_at_rest());
  world.story.clear();
  world.pass(30);
  EXPECT_THAT(world.story, ElementsAre("put checkpoint 2", "commit 8 checkpoint 2"));
  EXPECT_THAT(world.checkpoint(2).due(), IsEmpty());
  EXPECT_TRUE(world.owner().is_at_rest());
}

TEST(OwnerTest, DeadLettersAndLateRowsAtTheirBoundMakeACheckpoint) {
  OwnerSettings settings = settings_of_feed();
  settings.waiting_max = 3;
  OwnerWorld world(settings);
  world.start();
  world.story.clear();
  world.see(kTen, 3);
  world.see(kTen - kHour, 3);
  world.part().log.push_back({kTen * 1000, "no JSON"});
  world.read();
  EXPECT_THAT(world.story, IsEmpty());
  world.see(kTen - kHour, 4);
  world.read();
  const std::string late = "late/system=seoul/year=2024/month=08/day=11/feed-0-1.parquet";
  const std::string letters = "dead_letter/year=2024/month=08/day=11/feed-0-2.parquet";
  EXPECT_THAT(world.story, ElementsAre("pause", "put checkpoint 1", "resume",
                                       "commit 4 checkpoint 1", "put " + late, "put " + letters));
  EXPECT_EQ(decode_late(world.state.files.at(late))->rows.size(), 2u);
  EXPECT_EQ(decode_dead_letters(world.state.files.at(letters))->rows.size(), 1u);
}

// A checkpoint takes what waits only when it is made: while another is under way, reading waits.
TEST(OwnerTest, WhatWaitsForACheckpointThatCannotBeMadeYetPausesReading) {
  OwnerSettings settings = settings_of_feed();
  settings.waiting_max = 2;
  OwnerWorld world(settings);
  world.start();
  world.holds = is_put_of_checkpoint;
  for (int i = 0; i < 10; ++i) world.part().log.push_back({kTen * 1000, "no JSON"});
  world.read();
  EXPECT_EQ(world.part().reading, 4);
  EXPECT_TRUE(world.owner().is_paused());
  world.release();
  world.read();
  EXPECT_EQ(world.part().reading, 10);
}

TEST(OwnerTest, LongDeadLettersAreBoundedByTheirBytes) {
  OwnerSettings settings = settings_of_feed();
  settings.waiting_max_bytes = 10'000;
  OwnerWorld world(settings);
  world.start();
  world.holds = is_put_of_checkpoint;
  for (int i = 0; i < 10; ++i) {
    world.part().log.push_back({kTen * 1000, std::string(1'000'000, 'x')});
  }
  world.read();
  EXPECT_TRUE(world.owner().is_paused());
  EXPECT_LT(world.part().reading, 10);
  world.release();
  world.read();
  EXPECT_EQ(world.part().reading, 10);
}

TEST(OwnerTest, TooMuchDuePausesReadingUntilItIsAcknowledged) {
  OwnerSettings settings = settings_of_feed();
  settings.due_max_bytes = 1;
  OwnerWorld world(settings);
  world.start();
  world.holds = is_put_of_data;
  world.read(kTen, kTen + 3 * kHour);
  EXPECT_EQ(world.part().reading, 8) << "paused by the first hour's file";
  EXPECT_TRUE(world.part().is_paused);
  EXPECT_GT(world.owner().job()->due_bytes(), settings.due_max_bytes);
  world.pass(kHour);
  EXPECT_TRUE(world.part().is_paused);
  world.release();
  EXPECT_FALSE(world.part().is_paused);
  EXPECT_FALSE(world.owner().is_paused());
  world.read();
  EXPECT_EQ(world.part().reading, 19);
}

// The end of a commit.

TEST(OwnerTest, ARefusedCommitDropsTheStateAndPublishesNothing) {
  OwnerWorld world;
  world.start();
  world.commit_outcome = CommitOutcome::kRefused;
  world.read(kTen, kTen + kHour + kDelay);
  EXPECT_EQ(world.owner().phase(), Phase::kDropped);
  EXPECT_THAT(world.rows_in_the_lake(), IsEmpty());
  world.story.clear();
  world.pass(kHour);
  world.confirm();
  world.read(kTen + kHour + 2 * kDelay, kTen + 2 * kHour + kDelay);
  EXPECT_THAT(world.story, IsEmpty());
}

TEST(OwnerTest, AnUnknownCommitLeavesTheOwnerUnsureAndPublishesNothing) {
  OwnerWorld world;
  world.start();
  world.commit_outcome = CommitOutcome::kUnknown;
  world.read(kTen, kTen + kHour + kDelay);
  EXPECT_EQ(world.owner().phase(), Phase::kUnsure);
  EXPECT_THAT(world.rows_in_the_lake(), IsEmpty());
  world.story.clear();
  world.pass(kHour);
  EXPECT_THAT(world.story, IsEmpty());
}

TEST(OwnerTest, AnOffsetThatIsNotThereDropsTheState) {
  OwnerWorld world;
  world.start();
  world.owner().out_of_range();
  EXPECT_EQ(world.owner().phase(), Phase::kDropped);
}

TEST(OwnerTest, AnOutcomeThatNobodyWaitsForIsIgnored) {
  OwnerWorld world;
  world.start();
  world.story.clear();
  EXPECT_FALSE(world.owner().waits_for(77));
  world.owner().outcome(77, CommitOutcome::kDone, world.now);
  world.work();
  EXPECT_THAT(world.story, IsEmpty());
  EXPECT_EQ(world.owner().phase(), Phase::kReading);
}

// Idle close. Settings: after 5 minutes, confirmed at least once a minute.

class IdleCloseTest : public ::testing::Test {
 protected:
  // Stands at 22:40 of the wall; the last observation is of 22:30.
  void SetUp() override {
    world_.now = {kTen + 40 * kMinute, 0};
    world_.start();
    world_.read(kTen, kTen + 30 * kMinute);
    world_.story.clear();
  }
  // Up to when the hours are closed.
  Seconds watermark() {
    return world_.owner().job()->partitions().at(0)->task().watermark().value();
  }
  OwnerWorld world_;
};

TEST_F(IdleCloseTest, AnHourIsClosedWhenItsEndAndTheDelayHavePassedByTheWall) {
  world_.confirm_for(30 * kMinute - 1);  // 23:09:59
  EXPECT_THAT(world_.story, IsEmpty());
  EXPECT_EQ(watermark(), kTen + 20 * kMinute);
  world_.confirm_for(1);
  EXPECT_EQ(watermark(), kTen + kHour) << "to the end, and no further";
  EXPECT_THAT(world_.story,
              ElementsAre("put checkpoint 1", "commit 4 checkpoint 1", "put " + hour_path(kTen)));
  EXPECT_EQ(closed_by(world_.state.files.at(hour_path(kTen))), "idle");
}

TEST_F(IdleCloseTest, TheDecisionIsInTheCheckpointBeforeAnythingFollowsFromIt) {
  world_.confirm_for(30 * kMinute);
  const Job stored = world_.checkpoint(1);
  EXPECT_EQ(stored.partitions().at(0)->task().watermark().value(), kTen + kHour);
  EXPECT_EQ(stored.due().at(0).path, hour_path(kTen));
}

TEST_F(IdleCloseTest, ItTakesThatTheBrokerHasConfirmedForSoLong) {
  world_.pass(kHour);  // 23:40, and nobody has said that there is nothing more
  world_.confirm_for(5 * kMinute - 1);
  EXPECT_EQ(watermark(), kTen + 20 * kMinute);
  world_.confirm_for(1);
  EXPECT_EQ(watermark(), kTen + kHour);
}

TEST_F(IdleCloseTest, AfterAnOutageTheTimeIsCountedAnew) {
  world_.pass(kHour);
  world_.confirm_for(4 * kMinute);
  world_.pass(kMinute + 1);  // the broker was away for longer than confirmed_within
  world_.confirm_for(4 * kMinute);
  EXPECT_EQ(watermark(), kTen + 20 * kMinute);
  world_.confirm_for(kMinute);
  EXPECT_EQ(watermark(), kTen + kHour);
}

TEST_F(IdleCloseTest, ARecordCountsAnewAndOneOfAClosedHourIsLate) {
  world_.pass(kHour);
  world_.confirm_for(4 * kMinute);
  world_.see(kTen + 59 * kMinute, 2);
  world_.read();
  world_.confirm_for(5 * kMinute - 1);
  EXPECT_EQ(watermark(), kTen + 49 * kMinute);
  world_.confirm_for(1);
  EXPECT_EQ(watermark(), kTen + kHour);
  world_.see(kTen + 59 * kMinute + 30, 2);
  world_.see(kTen + kHour, 2);
  world_.read();
  EXPECT_EQ(world_.owner().job()->partitions()[0]->task().counters().late, 1);
  EXPECT_EQ(watermark(), kTen + kHour);
}

TEST_F(IdleCloseTest, AClockThatIsSetBackMovesNothingBack) {
  world_.confirm_for(30 * kMinute);
  ASSERT_EQ(watermark(), kTen + kHour);
  world_.now.wall -= 5 * kHour;
  world_.story.clear();
  world_.confirm_for(kHour);
  EXPECT_EQ(watermark(), kTen + kHour);
  EXPECT_THAT(world_.story, IsEmpty());
}

TEST_F(IdleCloseTest, APartitionWithoutAnyObservationClosesHoursToo) {
  OwnerWorld silent;
  silent.now = {kTen + 20 * kMinute, 0};
  silent.start();
  silent.confirm_for(5 * kMinute);
  const auto& task = silent.owner().job()->partitions().at(0)->task();
  EXPECT_EQ(task.watermark().value(), kTen);
  EXPECT_EQ(silent.owner().job()->log()->first_closed.at("seoul"), kTen);
  EXPECT_EQ(silent.times_told("commit 0 checkpoint 1"), 1);
  EXPECT_THAT(silent.rows_in_the_lake(), IsEmpty());
  silent.see(kTen - 1, 5);
  silent.read();
  EXPECT_EQ(task.counters().late, 1);
}

// Two systems in one partition: the station A is Seoul's, where nothing more is seen after 22:30,
// and the Bay Area's is seen each half minute.
class IdleSystemTest : public ::testing::Test {
 protected:
  void SetUp() override {
    world_.now = {kTen + 40 * kMinute, 0};
    world_.start();
    world_.read(kTen, kTen + 30 * kMinute);
  }
  // Between these records the end is reached each time, if they are confirmed.
  void pass_with_the_other(Seconds time, bool is_confirmed = true) {
    for (; time > 0; time -= 30) {
      world_.pass(std::min<Seconds>(time, 30));
      world_.see_in("bayarea", world_.now.wall, 3);
      world_.read();
      if (is_confirmed) world_.confirm();
    }
  }
  const Task& task(std::string_view system) {
    for (const auto& partition : world_.owner().job()->partitions()) {
      if (partition->settings().system == system) return partition->task();
    }
    ADD_FAILURE() << system;
    std::abort();
  }
  Seconds watermark() { return task("seoul").watermark().value(); }

  OwnerWorld world_{[] {
    OwnerSettings settings = settings_of_feed();
    settings.systems.push_back({"bayarea", *Zone::load("America/Los_Angeles")});
    return settings;
  }()};
};

TEST_F(IdleSystemTest, ItsHoursAreClosedWhileAnotherSystemSpeaks) {
  pass_with_the_other(30 * kMinute - 1);
  EXPECT_EQ(watermark(), kTen + 20 * kMinute);
  pass_with_the_other(1);
  EXPECT_EQ(watermark(), kTen + kHour);
  EXPECT_EQ(closed_by(world_.state.files.at(hour_path(kTen))), "idle");
  EXPECT_EQ(task("bayarea").watermark().value(), world_.now.wall - kDelay) << "by its own records";
}

TEST_F(IdleSystemTest, ItTakesThatAnEndWasReachedAgainAndAgain) {
  pass_with_the_other(kHour, false);  // never at the end: what comes may be the silent one's
  EXPECT_EQ(watermark(), kTen + 20 * kMinute);
  world_.confirm();
  pass_with_the_other(4 * kMinute);
  pass_with_the_other(kMinute + 30, false);  // longer than confirmed_within
  world_.confirm();
  pass_with_the_other(5 * kMinute - 1);
  EXPECT_EQ(watermark(), kTen + 20 * kMinute);
  pass_with_the_other(1);
  EXPECT_EQ(watermark(), kTen + kHour);
}

TEST_F(IdleSystemTest, ItsOwnRecordsCountAnewAndNobodyElses) {
  pass_with_the_other(kHour, false);
  world_.confirm();
  pass_with_the_other(4 * kMinute);
  world_.see(kTen + 31 * kMinute, 4);
  pass_with_the_other(5 * kMinute);
  EXPECT_EQ(watermark(), kTen + 21 * kMinute) << "idle since the end that followed its record";
  pass_with_the_other(30);
  EXPECT_EQ(watermark(), kTen + kHour);
}

TEST_F(IdleSystemTest, ANewOwnerCountsAnewAndKnowsWhatWasDecided) {
  pass_with_the_other(30 * kMinute - 60);
  world_.start();
  pass_with_the_other(5 * kMinute);
  EXPECT_EQ(watermark(), kTen + 20 * kMinute);
  pass_with_the_other(30);
  ASSERT_EQ(watermark(), kTen + kHour);
  world_.start();
  EXPECT_EQ(watermark(), kTen + kHour);
}

// until_caught_up.

class UntilCaughtUpTest : public ::testing::Test {
 protected:
  OwnerWorld world_{[] {
    OwnerSettings settings = settings_of_feed();
    settings.until_caught_up = true;
    return settings;
  }()};
};

TEST_F(UntilCaughtUpTest, TheEndIsTheEndOfTheLogAtTheStart) {
  world_.see_from_to(kTen, kTen + kHour + 2 * kDelay);
  world_.start();
  world_.see(kTen + 2 * kHour, 1);  // afterwards
  world_.read();
  EXPECT_EQ(world_.owner().phase(), Phase::kDone);
  EXPECT_EQ(world_.part().committed->offset, 9);
  EXPECT_THAT(world_.rows_in_the_lake(), ElementsAre(hour_path(kTen)));
  EXPECT_THAT(world_.checkpoint(2).due(), IsEmpty());
}

TEST_F(UntilCaughtUpTest, WithCloseWindowsTheOpenOnesAreClosedToo) {
  world_.settings.close_windows = true;
  world_.see_from_to(kTen, kTen + kHour + 2 * kDelay);
  world_.start();
  world_.read();
  EXPECT_EQ(world_.owner().phase(), Phase::kDone);
  ASSERT_THAT(world_.rows_in_the_lake(), ElementsAre(hour_path(kTen), hour_path(kTen + kHour)));
  EXPECT_EQ(closed_by(world_.state.files.at(hour_path(kTen + kHour))), "end");
}

TEST_F(UntilCaughtUpTest, AnEmptyPartitionIsDoneAtOnce) {
  for (const bool close_windows : {false, true}) {
    OwnerWorld empty(world_.settings);
    empty.settings.close_windows = close_windows;
    empty.start();
    EXPECT_EQ(empty.owner().phase(), Phase::kDone) << close_windows;
    EXPECT_THAT(empty.rows_in_the_lake(), IsEmpty());
  }
}

TEST_F(UntilCaughtUpTest, ControlRecordsAtTheEndAreNotWaitedFor) {
  world_.see_from_to(kTen, kTen + kHour);
  world_.part().control = 2;
  world_.start();
  world_.read();
  EXPECT_EQ(world_.owner().phase(), Phase::kReading);
  world_.confirm();
  EXPECT_EQ(world_.owner().phase(), Phase::kDone);
  EXPECT_EQ(world_.part().committed->offset, 7);
}

TEST_F(UntilCaughtUpTest, AConfirmationFromBeforeItsEndEndsNothing) {
  world_.see_from_to(kTen, kTen + kHour);
  world_.start();
  world_.read(3);
  world_.owner().at_end(3, world_.now);
  world_.work();
  EXPECT_EQ(world_.owner().phase(), Phase::kReading);
}

// finish().

TEST(OwnerTest, FinishWhileReadingCommitsAndPublishesWhatThereIs) {
  OwnerWorld world;
  world.start();
  world.holds = is_put_of_data;
  world.read(kTen, kTen + kHour + 2 * kDelay);
  world.story.clear();
  world.owner().finish();
  world.pass(0);
  EXPECT_EQ(world.owner().phase(), Phase::kFinishing);
  EXPECT_THAT(world.story, ElementsAre("pause", "put checkpoint 2", "commit 9 checkpoint 2"));
  world.release();
  EXPECT_EQ(world.owner().phase(), Phase::kDone);
  EXPECT_THAT(world.rows_in_the_lake(), ElementsAre(hour_path(kTen)));
  EXPECT_THAT(world.checkpoint(3).due(), IsEmpty());
}

TEST(OwnerTest, FinishWithNothingToSayIsDoneAtTheNextTick) {
  OwnerWorld world;
  world.start();
  world.story.clear();
  world.owner().finish();
  world.pass(0);
  EXPECT_EQ(world.owner().phase(), Phase::kDone);
  EXPECT_THAT(world.story, ElementsAre("pause"));
}

TEST(OwnerTest, FinishDuringACheckpointWaitsForItAndMakesALastOne) {
  OwnerWorld world;
  world.start();
  world.holds = is_put_of_checkpoint;
  world.read(kTen, kTen + kHour + 2 * kDelay);  // one record more than the checkpoint has
  world.owner().finish();
  world.pass(0);
  EXPECT_EQ(world.owner().phase(), Phase::kFinishing);
  world.release();
  EXPECT_EQ(world.owner().phase(), Phase::kDone);
  EXPECT_EQ(world.part().committed->offset, 9);
  EXPECT_THAT(world.rows_in_the_lake(), ElementsAre(hour_path(kTen)));
}

TEST(OwnerTest, FinishWhileRecoveringIsDoneAtOnce) {
  OwnerWorld world;
  world.see(kTen, 1);
  world.holds = [](const Request&) { return true; };
  world.start();
  EXPECT_EQ(world.owner().phase(), Phase::kRecovering);
  world.owner().finish();
  EXPECT_EQ(world.owner().phase(), Phase::kDone);
}

TEST(OwnerTest, AnAnswerAfterTheEndBeginsNothing) {
  OwnerWorld world;
  world.see(kTen, 1);
  world.holds = [](const Request&) { return true; };
  world.start();
  world.owner().finish();
  world.release();
  EXPECT_EQ(world.owner().phase(), Phase::kDone);
  EXPECT_THAT(world.story, ElementsAre("ask the group"));
}

}  // namespace
}  // namespace bikeflow
