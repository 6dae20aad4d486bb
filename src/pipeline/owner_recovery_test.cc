// What an owner finds at its start: where its predecessor stopped, or a reason to stop itself.
#include <gmock/gmock.h>

#include "pipeline/owner.h"
#include "test/log_world.h"

namespace bikeflow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using Phase = Owner::Phase;

constexpr Seconds kDelay = 10 * kMinute;

// As an owner with such settings has left it after so many hours: each has a checkpoint, all that
// is due is published, and nothing else was read.
LogWorld::State after_hours(int hours, const OwnerSettings& settings = settings_of_feed()) {
  OwnerWorld world(settings);
  world.see_from_to(kTen, kTen + hours * kHour + kDelay);
  world.start();
  world.read();
  EXPECT_EQ(world.part().committed->metadata,
            fmt::format("{}:{}:{}", kCheckpointFormat, settings.lake_id,
                        first_checkpoint_of(static_cast<std::uint64_t>(hours))));
  return world.state;
}

// Going on.

TEST(OwnerRecoveryTest, ASuccessorGoesOnWhereTheCommitSays) {
  OwnerWorld world;
  world.state = after_hours(2);
  world.start();
  EXPECT_THAT(world.story,
              ElementsAre("ask the group", "list _bikeflow/state/feed/0", "get checkpoint 2",
                          "look at 13", "read from 14", "put " + hour_path(kTen + kHour)));
  EXPECT_EQ(world.owner().job()->predecessor(), first_checkpoint_of(1));
  EXPECT_EQ(world.owner().job()->partitions().at(0)->task().counters().accepted, 14);
}

TEST(OwnerRecoveryTest, WhatADeadOwnerHadCommittedIsPublishedWithTheSameNameAndBytes) {
  OwnerWorld world;
  world.start();
  world.holds = is_put_of_data;
  world.read(kTen, kTen + kHour + kDelay);
  ASSERT_THAT(world.rows_in_the_lake(), IsEmpty());
  const std::string bytes = std::get<PutFile>(world.held.at(0).what).bytes;
  world.holds = nullptr;
  world.start();  // and the PUT that was under way is lost
  EXPECT_EQ(world.state.files.at(hour_path(kTen)), bytes);
  world.story.clear();
  world.read(kTen + kHour + 2 * kDelay, kTen + 2 * kHour + kDelay);
  EXPECT_THAT(world.story, ElementsAre("put checkpoint 2", "commit 14 checkpoint 2",
                                       "put " + hour_path(kTen + kHour)));
  EXPECT_EQ(world.owner().job()->due().size(), 0u);
}

TEST(OwnerRecoveryTest, WhatWasNotCommittedIsReadAgainToTheSameRows) {
  OwnerWorld world;
  world.state = after_hours(1);
  world.see_from_to(kTen + kHour + 2 * kDelay, kTen + 2 * kHour + kDelay);
  world.start();
  world.commit_outcome = CommitOutcome::kRefused;
  world.read();
  ASSERT_EQ(world.owner().phase(), Phase::kDropped);
  world.commit_outcome = CommitOutcome::kDone;
  world.start();
  EXPECT_EQ(world.times_told("read from 8"), 1);
  world.read();
  EXPECT_EQ(world.owner().phase(), Phase::kReading);
  EXPECT_EQ(world.state.files.at(hour_path(kTen + kHour)),
            after_hours(2).files.at(hour_path(kTen + kHour)));
}

TEST(OwnerRecoveryTest, AFirstCheckpointThatWasNeverCommittedIsNoHistory) {
  OwnerWorld world;
  world.start();
  world.commit_outcome = CommitOutcome::kUnknown;
  world.read(kTen, kTen + kHour + kDelay);
  ASSERT_TRUE(world.state.files.contains(world.state_path(1)));
  world.commit_outcome = CommitOutcome::kDone;
  world.start();
  EXPECT_EQ(world.owner().phase(), Phase::kReading);
  EXPECT_EQ(world.times_told("read from 0"), 1);
}

TEST(OwnerRecoveryTest, FilesOfOtherPartitionsAndTopicsAreNoHistory) {
  OwnerWorld world;
  world.state.files = {{hour_path(kTen, 1), ""},
                       {hour_path(kTen, 0, "feed-0"), ""},
                       {hour_path(kTen, 0, "other"), ""},
                       {"notes.txt", ""}};
  world.start();
  EXPECT_EQ(world.owner().phase(), Phase::kReading);
}

TEST(OwnerRecoveryTest, AllThatWasReadAgedOutAndNothingElseIsNoGap) {
  OwnerWorld world;
  world.state = after_hours(2);
  world.part().low = 14;
  world.start();
  EXPECT_EQ(world.owner().phase(), Phase::kReading);
  EXPECT_EQ(world.times_told("read from 14"), 1);
}

TEST(OwnerRecoveryTest, WhatTheClockHasClosedStaysClosed) {
  for (const bool is_silent : {false, true}) {
    OwnerWorld world;
    world.now = {kTen + kHour + kDelay, 0};
    if (!is_silent) world.see_from_to(kTen, kTen + 30 * kMinute);
    world.start();
    world.read();
    world.confirm_for(5 * kMinute);
    world.start();
    world.see(kTen + kHour - 1, 5);
    world.see(kTen + kHour, 5);
    world.read();
    const Task& task = world.owner().job()->partitions().at(0)->task();
    EXPECT_EQ(task.watermark().value(), kTen + kHour) << is_silent;
    EXPECT_EQ(task.counters().late, 1) << is_silent;
    EXPECT_EQ(task.counters().accepted, is_silent ? 1 : 5) << is_silent;
  }
}

TEST(OwnerRecoveryTest, ReadingWaitsWhereTooMuchIsDueFromBefore) {
  OwnerWorld world;
  world.start();
  world.holds = is_put_of_data;
  world.read(kTen, kTen + kHour + kDelay);
  world.settings.due_max_bytes = 1;
  world.see(kTen + kHour + 2 * kDelay, 1);
  world.start();
  EXPECT_TRUE(world.part().is_paused);
  world.release();
  EXPECT_FALSE(world.part().is_paused);
  world.read();
  EXPECT_EQ(world.part().reading, 9);
}

TEST(OwnerRecoveryTest, ASystemThatIsNewInTheConfigurationIsAdded) {
  OwnerSettings settings = settings_of_feed();
  settings.systems.push_back({"busan", *Zone::load("Asia/Seoul")});
  OwnerWorld world(settings);
  world.state = after_hours(1);
  world.start();
  EXPECT_EQ(world.owner().phase(), Phase::kReading);
  EXPECT_EQ(world.owner().job()->partitions().size(), 2u);
}

// The successor of the committed checkpoint: was it committed?

class SuccessorTest : public ::testing::Test {
 protected:
  // The group names checkpoint 1; there is a checkpoint 2, in which the second hour became due.
  void SetUp() override {
    world_.state = after_hours(2);
    world_.part().committed = after_hours(1).parts[0].committed;
  }
  OwnerWorld world_;
};

TEST_F(SuccessorTest, ItWasNotWhereNothingOfItIsInTheLake) {
  world_.state.files.erase(hour_path(kTen + kHour));
  world_.state.files[hour_path(kTen + kHour, 1)] = "of another partition";
  world_.start();
  EXPECT_EQ(world_.owner().phase(), Phase::kReading);
  EXPECT_EQ(world_.times_told("get checkpoint 2"), 1);
  EXPECT_EQ(world_.times_told("read from 8"), 1);
}

TEST_F(SuccessorTest, AFileThatWasDueBeforeSaysNothing) {
  OwnerWorld before;
  before.start();
  before.holds = is_put_of_data;
  before.read(kTen, kTen + kHour + kDelay);
  const auto first = before.part().committed;
  before.read(kTen + kHour + 2 * kDelay, kTen + 2 * kHour + kDelay);
  ASSERT_EQ(before.checkpoint(2).due().size(), 2u);
  world_.state = before.state;
  world_.part().committed = first;
  world_.state.files[hour_path(kTen)] = std::get<PutFile>(before.held.at(0).what).bytes;
  world_.start();
  EXPECT_EQ(world_.owner().phase(), Phase::kReading);
}

TEST_F(SuccessorTest, OneThatCannotBeReadWasNotWrittenWhole) {
  std::string& bytes = world_.state.files.at(world_.state_path(2));
  bytes.resize(bytes.size() / 2);
  world_.start();
  EXPECT_EQ(world_.owner().phase(), Phase::kReading);
}

TEST_F(SuccessorTest, OneOfAnotherPredecessorSaysNothing) {
  const std::string other = checkpoint_name(1, 77);
  world_.state.files[state_folder_of("feed", 0) + "/" + other] =
      world_.state.files.at(world_.state_path(1));
  world_.part().committed->metadata = CommitMetadata{kCheckpointFormat, "1a4e", other}.text();
  world_.start();
  EXPECT_EQ(world_.owner().phase(), Phase::kReading);
}

// Each stop. First, the group answers as before when it is asked again: stopped, and nothing was
// done. Then it answers otherwise, since a newer owner was at work: that is loaded.

class StopTest : public ::testing::Test {
 protected:
  // As the predecessor has left it after two hours, until a test spoils it.
  LogWorld::State state_ = after_hours(2);
  LogWorld::Part& part() { return state_.parts[0]; }
  std::string& checkpoint() { return state_.files.at(path(2)); }
  static std::string path(std::uint64_t sequence) {
    return state_folder_of("feed", 0) + "/" + first_checkpoint_of(sequence);
  }
  // As it is without a spoiler, and an hour later.
  const LogWorld::State later_ = after_hours(3);

  void expect_stop(const std::vector<std::string>& says) {
    OwnerWorld world;
    world.state = state_;
    if (gone_before_get_) {
      world.before = [&](const Request& request) {
        if (std::holds_alternative<GetFile>(request.what)) world.state.files.erase(path(2));
      };
    }
    world.start();
    EXPECT_EQ(world.owner().phase(), Phase::kStopped);
    EXPECT_THAT(world.owner().why(), StartsWith("feed/0: "));
    for (const std::string& each : says) EXPECT_THAT(world.owner().why(), HasSubstr(each));
    EXPECT_EQ(world.times_told("ask the group"), 2);
    world.see(kTen + 5 * kHour, 1);
    world.read();
    world.pass(kHour);
    for (const std::string& line : world.story) {
      EXPECT_FALSE(line.starts_with("put") || line.starts_with("commit") ||
                   line.starts_with("remove") || line.starts_with("read"))
          << line;
    }

    OwnerWorld second;
    second.state = state_;
    int asked = 0;
    second.before = [&](const Request& request) {
      if (gone_before_get_ && asked == 1 && std::holds_alternative<GetFile>(request.what)) {
        second.state.files.erase(path(2));
      }
      if (std::holds_alternative<AskGroup>(request.what) && ++asked == 2) second.state = later_;
    };
    second.start();
    EXPECT_EQ(asked, 2);
    EXPECT_EQ(second.owner().phase(), Phase::kReading) << second.owner().why();
    EXPECT_EQ(second.times_told("read from 20"), 1);
  }

  bool gone_before_get_ = false;
};

TEST_F(StopTest, NoCommitButAHistory) {
  part().committed.reset();
  expect_stop({"no committed offset", "the newest checkpoint is " + first_checkpoint_of(2),
               "bikeflow state rewind", "bikeflow state discard"});
}

TEST_F(StopTest, NoCommitButAFileOfThePartitionInTheLake) {
  part().committed.reset();
  for (const std::string& file :
       {hour_path(kTen),
        std::string("late/system=seoul/year=2024/month=08/day=11/feed-0-7.parquet"),
        std::string("dead_letter/year=2024/month=08/day=11/feed-0-7.parquet")}) {
    state_.files = {{path(1), "never committed"}, {file, ""}};
    expect_stop({"no committed offset", "the lake has " + file, "bikeflow state discard"});
  }
}

TEST_F(StopTest, ACommitIsLostWhereACheckpointFollowsALaterOne) {
  state_ = after_hours(3);
  part().committed = after_hours(1).parts[0].committed;
  expect_stop(
      {"lost a commit", first_checkpoint_of(1), first_checkpoint_of(3), "bikeflow state rewind"});
}

TEST_F(StopTest, ACommitIsLostWhereAFileThatBecameDueAfterItIsInTheLake) {
  part().committed = after_hours(1).parts[0].committed;
  expect_stop({"lost a commit", first_checkpoint_of(1), first_checkpoint_of(2),
               hour_path(kTen + kHour), "bikeflow state rewind"});
}

TEST_F(StopTest, TheCommitNamesNoCheckpoint) {
  for (const char* metadata : {"", "by hand", "2:1a4e:", "2:1a4e:newest", ":1a4e:2-0"}) {
    part().committed->metadata = metadata;
    expect_stop({"committed offset 14 does not name a checkpoint", fmt::format("'{}'", metadata),
                 "bikeflow state rewind"});
  }
}

TEST_F(StopTest, TheCommitIsOfAnotherLake) {
  part().committed->metadata =
      CommitMetadata{kCheckpointFormat, "0dd", first_checkpoint_of(2)}.text();
  expect_stop({"another lake (id 0dd, here 1a4e)"});
}

TEST_F(StopTest, ANewerFormatIsLeftToANewerMember) {
  OwnerWorld world;
  world.state = state_;
  world.part().committed->metadata = "4:1a4e:in another form";
  world.start();
  EXPECT_EQ(world.owner().phase(), Phase::kStopped);
  EXPECT_THAT(world.story.back(),
              StartsWith("leave: feed/0: was written by a newer version of bikeflow (format 4, "
                         "this program knows 3): update bikeflow"));
}

TEST_F(StopTest, TheCheckpointIsMissing) {
  state_.files.erase(path(2));
  expect_stop({path(2), "is not there", "bikeflow state rewind"});
}

TEST_F(StopTest, TheCheckpointIsGoneAfterTheListing) {
  gone_before_get_ = true;
  expect_stop({path(2), "is gone", "bikeflow state rewind"});
}

TEST_F(StopTest, TheCheckpointHasAFlippedBit) {
  checkpoint()[checkpoint().size() / 2] ^= 4;
  expect_stop({path(2), "damaged", "bikeflow state rewind"});
}

TEST_F(StopTest, TheCheckpointIsCutOff) {
  checkpoint().resize(checkpoint().size() - 1);
  expect_stop({path(2), "damaged", "bikeflow state rewind"});
}

TEST_F(StopTest, TheCheckpointIsOfAnotherTopic) {
  OwnerSettings settings = settings_of_feed();
  settings.topic = "trips";
  LogWorld::State other = after_hours(2, settings);
  checkpoint() = other.files.at(state_folder_of("trips", 0) + "/" + first_checkpoint_of(2));
  expect_stop({path(2), "a checkpoint of trips/0"});
}

TEST_F(StopTest, TheCheckpointIsOfAnotherPartition) {
  Job job(JobSettings{"feed", "feed", "1a4e", {}, 3});
  job.log() =
      LogPosition{.cluster = "cluster-1", .next_offset = 14, .last = {}, .first_closed = {}};
  checkpoint() = *job.checkpoint(first_checkpoint_of(1));
  expect_stop({path(2), "a checkpoint of feed/3"});
}

TEST_F(StopTest, TheCheckpointIsOfABackfill) {
  Job job(JobSettings{"feed", "feed", "1a4e", {}, 0});
  checkpoint() = *job.checkpoint(first_checkpoint_of(1));
  expect_stop({path(2), "a checkpoint of feed/0"});
}

TEST_F(StopTest, TheCheckpointIsOfAnotherLake) {
  OwnerSettings settings = settings_of_feed();
  settings.lake_id = "0dd";
  checkpoint() = after_hours(2, settings).files.at(path(2));
  expect_stop({path(2), "another lake (id 0dd, here 1a4e)"});
}

TEST_F(StopTest, TheCheckpointIsOfAnotherCluster) {
  OwnerSettings settings = settings_of_feed();
  settings.cluster = "cluster-2";
  state_ = after_hours(2, settings);
  expect_stop({path(2), "cluster cluster-2", "this one is cluster-1", "bikeflow state discard"});
}

TEST_F(StopTest, TheCheckpointIsOfAnotherOffset) {
  part().committed->offset = 10;
  expect_stop({path(2), "up to offset 14", "has committed 10", "bikeflow state rewind"});
}

// Rows would not fit together.

class OtherSettingsTest : public StopTest {
 protected:
  void expect_stop_of(const std::function<void(OwnerSettings&)>& change, const std::string& name,
                      const std::string& kept, const std::string& asked) {
    OwnerSettings settings = settings_of_feed();
    change(settings);
    OwnerWorld before(settings);
    before.see_from_to(kTen, kTen + 2 * kHour + kDelay);
    before.start();
    before.read();
    before.owner().finish();
    before.pass(0);
    state_ = before.state;
    expect_stop({"_bikeflow/state/feed/0/", name + " is " + kept, asked + " in the configuration",
                 "Use " + kept});
  }
};

TEST_F(OtherSettingsTest, Layout) {
  expect_stop_of([](OwnerSettings& s) { s.lake.layout = Layout::kPlain; }, "layout", "plain",
                 "hive");
}
TEST_F(OtherSettingsTest, PathTime) {
  expect_stop_of([](OwnerSettings& s) { s.lake.path_time = PathTime::kEnd; }, "path_time", "end",
                 "start");
}
TEST_F(OtherSettingsTest, TimeZone) {
  expect_stop_of([](OwnerSettings& s) { s.systems[0].zone = *Zone::load("Asia/Tokyo"); },
                 "the time zone of seoul", "Asia/Tokyo", "Asia/Seoul");
}
TEST_F(OtherSettingsTest, Length) {
  expect_stop_of(
      [](OwnerSettings& s) { s.task.windows.length = s.task.windows.slide = 30 * kMinute; },
      "length", "30m", "1h");
}
TEST_F(OtherSettingsTest, Slide) {
  expect_stop_of([](OwnerSettings& s) { s.task.windows.slide = 20 * kMinute; }, "slide", "20m",
                 "1h");
}
TEST_F(OtherSettingsTest, Delay) {
  expect_stop_of([](OwnerSettings& s) { s.task.delay = 5 * kMinute; }, "delay", "5m", "10m");
}
TEST_F(OtherSettingsTest, MaxGap) {
  expect_stop_of([](OwnerSettings& s) { s.task.max_gap = 15 * kMinute; }, "max_gap", "15m", "10m");
}

TEST(OwnerRecoveryTest, NoOtherSettingMatters) {
  OwnerWorld world;
  world.state = after_hours(2);
  world.settings.checkpoint_every = 7;
  world.settings.idle_close = kHour;
  world.settings.confirmed_within = 5;
  world.settings.due_max_bytes = 1;
  world.settings.waiting_max = 1;
  world.settings.until_caught_up = true;
  world.start();
  EXPECT_EQ(world.owner().phase(), Phase::kDone) << world.owner().why();
}

// The log is another one, or has lost records.

TEST_F(StopTest, TheLastRecordIsAnotherOne) {
  part().log.at(13).timestamp_ms += 1;
  expect_stop(
      {"the record at offset 13 is not the one that was read last", "bikeflow state discard"});
  part().log.at(13).timestamp_ms -= 1;
  part().log.at(13).value->front() = ' ';
  expect_stop(
      {"the record at offset 13 is not the one that was read last", "bikeflow state discard"});
}

TEST_F(StopTest, TheTopicIsShorterThanWhatWasRead) {
  part().log.resize(5);
  expect_stop({"ends at offset 5", "read up to 14", "bikeflow state discard"});
}

TEST_F(StopTest, RecordsAgedOutBeforeTheyWereRead) {
  part().log = after_hours(4).parts[0].log;
  part().low = 17;
  expect_stop({"the records from 14 to 16 are gone", "bikeflow state accept-gap", "goes on at 17"});
}

}  // namespace
}  // namespace bikeflow
