#include "pipeline/member.h"

#include <gmock/gmock.h>

#include "test/log_world.h"

namespace bikeflow {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Phase = Owner::Phase;

constexpr Seconds kDelay = 10 * kMinute;

// A member of the group of a topic with two partitions.
class MemberTest : public ::testing::Test {
 protected:
  explicit MemberTest(OwnerSettings settings = settings_of_feed())
      : member_(std::move(settings), [this] { return ++random_; }) {
    world_.state.parts = {{0, {}}, {1, {}}};
    member_.set_partition_count(2);
  }
  void assign(std::vector<std::int32_t> partitions) {
    for (auto& [number, part] : world_.state.parts) part.reading = -1;
    member_.assigned(partitions);
    work();
  }
  void revoke() {
    for (auto& [number, part] : world_.state.parts) part.reading = -1;
    member_.revoked();
  }
  // Carries out what is asked for while it is current, as the shell does; holds back what is held.
  void work() {
    for (std::vector<Request> requests; !(requests = member_.take_requests()).empty();) {
      for (Request& request : requests) {
        numbers_.push_back(request.number);
        if (!member_.is_current(request)) {
          ++dropped_;
        } else if (holds_ && holds_(request)) {
          held_.push_back(std::move(request));
        } else {
          finish(request);
        }
      }
    }
  }
  void finish(const Request& request) {
    if (auto outcome = world_.carry_out(request)) {
      member_.outcome(request.number, *std::move(outcome), now_);
    }
  }
  // What was held happens now, wanted or not.
  void release() {
    holds_ = nullptr;
    for (const Request& request : std::exchange(held_, {})) finish(request);
    work();
  }
  void read(std::int32_t partition, Seconds from, Seconds to) {
    world_.see_from_to(from, to, partition);
    read(partition);
  }
  void read(std::int32_t partition) {
    LogWorld::Part& part = world_.state.parts.at(partition);
    while (part.reading >= 0 && !part.is_paused) {
      const std::vector<LogMessage> one = world_.messages(partition, part.reading + 1);
      if (one.empty()) return;
      ++part.reading;
      member_.messages(partition, one, now_);
      work();
    }
  }
  void pass(Seconds time) {
    now_.wall += time;
    now_.monotonic_ms += time * 1000;
    member_.tick(now_);
    work();
  }
  Phase phase(std::int32_t partition) { return member_.owners().at(partition).phase(); }
  static bool is_commit(const Request& request) {
    return std::holds_alternative<CommitOffset>(request.what);
  }

  LogWorld world_;
  Now now_{kTen + 6 * kHour, 0};
  std::uint64_t random_ = 0;
  Member member_;
  std::function<bool(const Request&)> holds_;
  std::vector<Request> held_;
  std::vector<std::uint64_t> numbers_;
  int dropped_ = 0;
};

TEST_F(MemberTest, EachPartitionIsReadAndPublishedByItself) {
  assign({0, 1});
  read(0, kTen, kTen + kHour + kDelay);
  read(1, kTen, kTen + 2 * kHour + kDelay);
  EXPECT_THAT(world_.rows_in_the_lake(),
              ElementsAre(hour_path(kTen, 0), hour_path(kTen, 1), hour_path(kTen + kHour, 1)));
  EXPECT_EQ(world_.state.parts[0].committed->offset, 8);
  EXPECT_EQ(world_.state.parts[1].committed->offset, 14);
}

TEST_F(MemberTest, WhatWasAskedForBeforeARevocationHasNoEffectAfterIt) {
  assign({0});
  holds_ = is_put_of_checkpoint;
  read(0, kTen, kTen + kHour + kDelay);
  ASSERT_EQ(held_.size(), 1u);
  revoke();
  EXPECT_FALSE(member_.is_current(held_[0]));
  EXPECT_FALSE(member_.waits_for(held_[0].number));
  release();  // it lands all the same
  EXPECT_TRUE(member_.owners().empty());
  EXPECT_FALSE(world_.state.parts[0].committed);
  EXPECT_THAT(world_.rows_in_the_lake(), IsEmpty());
}

TEST_F(MemberTest, AnOutcomeFromBeforeAnAssignmentIsNotTakenForOneOfTheNewOwner) {
  assign({0});
  holds_ = is_put_of_checkpoint;
  read(0, kTen, kTen + kHour + kDelay);
  const Request old = held_.at(0);
  held_.clear();
  holds_ = [](const Request&) { return true; };
  assign({0});
  ASSERT_EQ(held_.size(), 1u);
  EXPECT_FALSE(member_.is_current(old));
  EXPECT_TRUE(member_.is_current(held_[0]));
  member_.outcome(old.number, Stored{}, now_);
  work();
  EXPECT_EQ(held_.size(), 1u) << "no commit";
  EXPECT_EQ(phase(0), Phase::kRecovering);
  release();
  EXPECT_EQ(phase(0), Phase::kReading);
  read(0);
  EXPECT_EQ(world_.state.parts[0].committed->offset, 8);
}

TEST_F(MemberTest, MessagesOfAPartitionThatIsNotOwnedAreNotRead) {
  assign({0});
  world_.see(kTen, 1, 1);
  world_.state.parts[1].reading = 0;
  const std::vector<LogMessage> foreign = world_.messages(1, 1);
  member_.messages(1, foreign, now_);
  member_.at_end(1, 1, now_);
  member_.out_of_range(1, now_);
  EXPECT_FALSE(member_.owners().contains(1));
}

TEST_F(MemberTest, NumbersNeverRepeat) {
  assign({0, 1});
  read(0, kTen, kTen + kHour + kDelay);
  assign({1, 0});
  revoke();
  assign({0});
  int commits = 0;
  world_.before = [&](const Request& request) {
    if (!is_commit(request)) return;
    world_.commit_outcome = ++commits == 1 ? CommitOutcome::kRefused : CommitOutcome::kUnknown;
  };
  read(0, kTen + kHour + 2 * kDelay, kTen + 2 * kHour + kDelay);
  EXPECT_EQ(world_.times_told("replace the client"), 1);
  assign({0, 1});
  std::vector<std::uint64_t> sorted = numbers_;
  std::ranges::sort(sorted);
  EXPECT_GT(sorted.size(), 20u);
  EXPECT_EQ(std::ranges::adjacent_find(sorted), sorted.end());
}

TEST_F(MemberTest, OrdersWithoutOutcomeAreCurrentUntilTheNextOnesAreTaken) {
  member_.assigned(std::vector<std::int32_t>{0});
  holds_ = [](const Request& request) {
    return std::holds_alternative<StartReading>(request.what);
  };
  work();
  ASSERT_EQ(held_.size(), 1u);
  EXPECT_FALSE(member_.is_current(held_[0]));
  EXPECT_FALSE(member_.is_current({.number = 4711, .partition = 0, .what = AskGroup{}}));
}

TEST_F(MemberTest, ARefusedCommitMakesANewOwnerThatRecovers) {
  assign({0, 1});
  read(0, kTen, kTen + kHour + kDelay);
  bool is_refused = false;
  world_.before = [&](const Request& request) {
    if (!is_commit(request)) return;
    world_.commit_outcome =
        std::exchange(is_refused, true) ? CommitOutcome::kDone : CommitOutcome::kRefused;
  };
  world_.story.clear();
  read(0, kTen + kHour + 2 * kDelay, kTen + 2 * kHour + kDelay);
  std::erase_if(world_.story, [](const std::string& line) {
    return line.find("_bikeflow/closed/") != std::string::npos;
  });
  // The first hour was not acknowledged in a checkpoint yet, so it is put again.
  EXPECT_THAT(
      world_.story,
      ElementsAre("put checkpoint 2", "commit 14 checkpoint 2",  // refused
                  "ask the group", "list _bikeflow/state/feed/0", "get checkpoint 2",
                  "list " + std::string(folder_of(hour_path(kTen + kHour))), "get checkpoint 1",
                  "look at 7", "read from 8", "put " + hour_path(kTen), "put checkpoint 2",
                  "commit 14 checkpoint 2", "put " + hour_path(kTen + kHour)));
  EXPECT_EQ(phase(1), Phase::kReading);
}

TEST_F(MemberTest, WhatWaitedBehindARefusedCommitIsNotCarriedOut) {
  assign({0});
  holds_ = [](const Request& request) { return is_put_of_data(request) || is_commit(request); };
  read(0, kTen, kTen + kHour + kDelay);
  ASSERT_EQ(held_.size(), 1u);
  finish(held_[0]);  // the first commit
  work();
  read(0, kTen + kHour + 2 * kDelay, kTen + 2 * kHour + kDelay);
  ASSERT_EQ(held_.size(), 3u);
  const Request put = held_[1];
  EXPECT_TRUE(member_.is_current(put));
  EXPECT_TRUE(member_.waits_for(put.number));
  EXPECT_FALSE(member_.waits_for(held_[0].number)) << "it has been told";
  member_.outcome(held_[2].number, CommitOutcome::kRefused, now_);
  EXPECT_FALSE(member_.is_current(put));
  EXPECT_FALSE(member_.waits_for(put.number));
}

TEST_F(MemberTest, AnUnknownCommitDropsAllOwnersAndAsksForANewClientOnce) {
  assign({0, 1});
  holds_ = is_commit;
  read(0, kTen, kTen + kHour + kDelay);
  read(1, kTen, kTen + kHour + kDelay);
  ASSERT_EQ(held_.size(), 2u);
  world_.commit_outcome = CommitOutcome::kUnknown;
  release();
  EXPECT_TRUE(member_.owners().empty());
  EXPECT_EQ(world_.times_told("replace the client"), 1);
  EXPECT_THAT(world_.rows_in_the_lake(), IsEmpty());
  EXPECT_FALSE(member_.is_done()) << "it waits for the new client's assignment";
  pass(kHour);
  EXPECT_EQ(world_.times_told("replace the client"), 1);
  world_.commit_outcome = CommitOutcome::kDone;
  assign({0, 1});
  read(0);
  read(1);
  EXPECT_THAT(world_.rows_in_the_lake(), ElementsAre(hour_path(kTen, 0), hour_path(kTen, 1)));
}

TEST_F(MemberTest, TheOrderForANewClientIsCurrent) {
  assign({0});
  world_.commit_outcome = CommitOutcome::kUnknown;
  read(0, kTen, kTen + kHour + kDelay);
  EXPECT_EQ(dropped_, 0);
  EXPECT_TRUE(member_.is_current({.number = 1, .partition = 0, .what = ReplaceClient{}}));
}

TEST_F(MemberTest, APartitionThatStopsDoesNotHoldTheOthers) {
  world_.state.parts[0].committed = Answered::Commit{5, "by hand"};
  assign({0, 1});
  EXPECT_EQ(phase(0), Phase::kStopped);
  read(1, kTen, kTen + kHour + kDelay);
  EXPECT_THAT(world_.rows_in_the_lake(), ElementsAre(hour_path(kTen, 1)));
  EXPECT_FALSE(member_.is_done());
  member_.finish(now_);
  work();
  pass(0);
  EXPECT_EQ(phase(1), Phase::kDone);
  EXPECT_TRUE(member_.is_done());
}

TEST_F(MemberTest, AnOffsetThatIsNotThereIsLookedIntoByANewOwner) {
  assign({0});
  read(0, kTen, kTen + kHour + 2 * kDelay);
  world_.see_from_to(kTen + 2 * kHour, kTen + 3 * kHour, 0);
  world_.state.parts[0].low = 12;
  world_.state.parts[0].reading = -1;
  member_.out_of_range(0, now_);
  work();
  EXPECT_EQ(phase(0), Phase::kStopped);
  EXPECT_THAT(member_.owners().at(0).why(),
              ::testing::HasSubstr("feed/0: the records from 8 to 11 are gone"));
}

TEST_F(MemberTest, IsDoneWhenAllPartitionsAre) {
  EXPECT_FALSE(member_.is_done()) << "it has not been assigned anything yet";
  assign({0, 1});
  EXPECT_FALSE(member_.is_done());
  holds_ = is_put_of_data;
  read(1, kTen, kTen + kHour + kDelay);
  member_.finish(now_);
  work();
  pass(0);
  EXPECT_EQ(phase(0), Phase::kDone);
  EXPECT_FALSE(member_.is_done()) << "a file of partition 1 is still on its way";
  release();
  EXPECT_TRUE(member_.is_done());
  EXPECT_THAT(world_.rows_in_the_lake(), ElementsAre(hour_path(kTen, 1)));
}

TEST_F(MemberTest, ARevocationEndsNothing) {
  assign({0});
  revoke();
  EXPECT_FALSE(member_.is_done()) << "the group is about to share its partitions anew";
  assign({});
  EXPECT_FALSE(member_.is_done()) << "another member may leave";
}

TEST_F(MemberTest, ARevocationIsNotTheEndOfTheInput) {
  OwnerSettings settings = settings_of_feed();
  settings.until_caught_up = true;
  Member member{settings, [this] { return ++random_; }};
  member.assigned({});
  EXPECT_TRUE(member.is_done()) << "all partitions are others'";
  member.revoked();
  EXPECT_FALSE(member.is_done());
}

TEST_F(MemberTest, WhatIsAssignedAfterTheEndIsNotReadAnyMore) {
  member_.finish(now_);
  EXPECT_TRUE(member_.is_done()) << "it never had anything";
  world_.see_from_to(kTen, kTen + 2 * kHour);
  assign({0});
  read(0);
  EXPECT_TRUE(member_.is_done());
  EXPECT_FALSE(world_.state.parts[0].committed);
}

TEST_F(MemberTest, TheNumberOfPartitionsReachesTheMarkersOfThoseThatAreAndThatCome) {
  const std::string success = std::string(folder_of(hour_path(kTen))) + "/_SUCCESS";
  assign({0});
  member_.set_partition_count(1);
  read(0, kTen, kTen + kHour + kDelay);
  EXPECT_TRUE(world_.state.files.contains(success));
  world_ = LogWorld();
  world_.state.parts = {{0, {}}, {1, {}}};
  member_.set_partition_count(2);
  assign({0});
  read(0, kTen, kTen + kHour + kDelay);
  EXPECT_FALSE(world_.state.files.contains(success));
  assign({1});
  read(1, kTen, kTen + kHour + kDelay);
  EXPECT_TRUE(world_.state.files.contains(success));
}

TEST_F(MemberTest, AfterFinishNothingIsBegunAnew) {
  member_.finish(now_);
  EXPECT_TRUE(member_.is_done()) << "it never had anything";
  assign({0});
  EXPECT_EQ(world_.times_told("read from 0"), 0);
  EXPECT_TRUE(member_.is_done());
}

// The bounds are the process's: enough for some two files of an hour, and for four dead letters.

OwnerSettings settings_with_bounds() {
  OwnerWorld world;
  world.start();
  world.read(kTen, kTen + kHour + kDelay);
  OwnerSettings settings = settings_of_feed();
  settings.due_max_bytes = 2 * world.state.files.at(hour_path(kTen)).size() - 100;
  settings.waiting_max = 4;
  return settings;
}

class MemberBoundsTest : public MemberTest {
 protected:
  MemberBoundsTest() : MemberTest(settings_with_bounds()) {}
  bool is_paused(std::int32_t partition) { return member_.owners().at(partition).is_paused(); }
};

TEST_F(MemberBoundsTest, AnOwnerPausesWhenItsShareIsDueAndHoldsUpNoOther) {
  holds_ = [](const Request& request) { return is_put_of_data(request) && request.partition == 0; };
  assign({0, 1});
  read(0, kTen, kTen + 3 * kHour);
  EXPECT_TRUE(is_paused(0)) << "its file cannot be put";
  EXPECT_EQ(world_.state.parts[0].reading, 8);
  read(1, kTen, kTen + 3 * kHour);
  EXPECT_EQ(world_.state.parts[1].reading, 19);
  release();
  read(0);
  EXPECT_EQ(world_.state.parts[0].reading, 19);
}

TEST_F(MemberBoundsTest, AnOwnerAloneHasAllOfIt) {
  holds_ = is_put_of_data;
  assign({0, 1});
  assign({0});
  read(0, kTen, kTen + kHour + kDelay);
  EXPECT_FALSE(is_paused(0));
  read(0, kTen + kHour + 2 * kDelay, kTen + 3 * kHour);
  EXPECT_TRUE(is_paused(0)) << "two hours are due";
}

TEST_F(MemberBoundsTest, WhatWaitsForACheckpointIsSharedToo) {
  assign({0, 1});
  holds_ = is_put_of_checkpoint;
  for (int i = 0; i < 6; ++i) world_.state.parts[0].log.push_back({kTen * 1000, "no JSON"});
  read(0);
  EXPECT_EQ(world_.state.parts[0].reading, 4) << "two in the checkpoint, two that wait";
  release();
  read(0);
  EXPECT_EQ(world_.state.parts[0].reading, 6);
}

TEST_F(MemberTest, ABoundLeavesSomethingForEach) {
  OwnerSettings settings = settings_of_feed();
  settings.due_max_bytes = settings.waiting_max = 1;
  Member member{settings, [this] { return ++random_; }};
  member.assigned(std::vector<std::int32_t>{0, 1});
  for (std::vector<Request> requests; !(requests = member.take_requests()).empty();) {
    for (const Request& request : requests) {
      if (auto outcome = world_.carry_out(request)) {
        member.outcome(request.number, *std::move(outcome), now_);
      }
    }
  }
  EXPECT_EQ(world_.times_told("pause"), 0) << "nothing is due, and nothing waits";
}

}  // namespace
}  // namespace bikeflow
