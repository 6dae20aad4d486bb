// What an operator orders for a partition that has stopped, and when it is too late for that.
#include <gmock/gmock.h>

#include "lake/state_order.h"
#include "pipeline/owner.h"
#include "test/log_world.h"

namespace bikeflow {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Phase = Owner::Phase;

constexpr Seconds kDelay = 10 * kMinute;
const std::string kOrderPath = state_folder_of("feed", 0) + "/" + state_order_name(77);

class OwnerOrderTest : public ::testing::Test {
 protected:
  // Three hours are closed and published, with a checkpoint each.
  OwnerOrderTest() {
    world_.see_from_to(kTen, kTen + 3 * kHour + kDelay);
    world_.start();
    world_.read();
    EXPECT_EQ(world_.rows_in_the_lake().size(), 3u);
  }

  void order(StateOrder::Kind kind, std::uint64_t to = 0, std::uint64_t newest = 3) {
    world_.state.files[kOrderPath] =
        to_json(StateOrder{.id = 77,
                           .kind = kind,
                           .checkpoint = to == 0 ? "" : first_checkpoint_of(to),
                           .newest = first_checkpoint_of(newest)});
  }
  [[nodiscard]] bool is_executed() const { return !world_.state.files.contains(kOrderPath); }
  [[nodiscard]] Job newest() const {
    const auto& commit = world_.state.parts.at(0).committed;
    return *Job::restore(world_.state.files.at(
        state_folder_of("feed", 0) + "/" + CommitMetadata::parse(commit->metadata)->checkpoint));
  }

  OwnerWorld world_;
};

TEST_F(OwnerOrderTest, AGapIsAcceptedOnceItIsOrdered) {
  world_.see_from_to(kTen + 5 * kHour, kTen + 6 * kHour);
  world_.part().low = 23;
  world_.start();
  ASSERT_EQ(world_.owner().phase(), Phase::kStopped);
  ASSERT_THAT(world_.owner().why(), HasSubstr("from 20 to 22 are gone"));
  order(StateOrder::Kind::kAcceptGap);
  world_.start();
  EXPECT_EQ(world_.owner().phase(), Phase::kReading);
  EXPECT_THAT(world_.story, Contains("read from 23"));
  EXPECT_TRUE(is_executed());
  EXPECT_EQ(world_.part().committed->offset, 23);
  EXPECT_EQ(newest().log()->last_order, 77u);
  // The stations' counts are kept.
  EXPECT_EQ(newest().partitions().at(0)->task().counters().accepted, 20);
}

TEST_F(OwnerOrderTest, AnOwnerThatHasStoppedLooksForOne) {
  world_.see_from_to(kTen + 5 * kHour, kTen + 6 * kHour);
  world_.part().low = 23;
  world_.start();
  ASSERT_EQ(world_.owner().phase(), Phase::kStopped);
  world_.pass(10);
  ASSERT_EQ(world_.owner().phase(), Phase::kStopped);
  order(StateOrder::Kind::kAcceptGap);
  world_.pass(10);
  EXPECT_EQ(world_.owner().phase(), Phase::kDropped);  // and a new owner executes it
}

TEST_F(OwnerOrderTest, ARewindGoesOnFromTheCheckpointThatItNames) {
  const std::map<std::string, std::string> before = world_.state.files;
  const std::vector<std::string> rows = world_.rows_in_the_lake();
  world_.state.files.erase(rows[1]);  // as the command does
  world_.state.files.erase(rows[2]);
  order(StateOrder::Kind::kRewind, 1);
  world_.start();
  EXPECT_EQ(world_.owner().phase(), Phase::kReading) << world_.owner().why();
  EXPECT_THAT(world_.story, Contains("read from 8"));
  EXPECT_TRUE(is_executed());
  EXPECT_EQ(newest().sequence(), 4u);  // after all that were
  world_.read();
  for (const std::string& path : rows) EXPECT_EQ(world_.state.files.at(path), before.at(path));
  world_.start();
  EXPECT_EQ(world_.owner().phase(), Phase::kReading) << world_.owner().why();
}

TEST_F(OwnerOrderTest, ADiscardBeginsAnewAtTheOldestRecord) {
  for (const std::string& path : world_.rows_in_the_lake()) world_.state.files.erase(path);
  world_.part().low = 7;
  order(StateOrder::Kind::kDiscard);
  world_.start();
  EXPECT_EQ(world_.owner().phase(), Phase::kReading);
  EXPECT_THAT(world_.story, Contains("read from 7"));
  EXPECT_TRUE(is_executed());
  EXPECT_EQ(newest().log()->last_order, 77u);
  world_.start();
  EXPECT_EQ(world_.owner().phase(), Phase::kReading) << world_.owner().why();
  EXPECT_EQ(world_.times_told("read from 7"), 1);
}

TEST_F(OwnerOrderTest, NoneIsExecutedTwice) {
  order(StateOrder::Kind::kRewind, 1);
  const std::string text = world_.state.files.at(kOrderPath);
  world_.start();
  ASSERT_TRUE(is_executed());
  world_.state.files[kOrderPath] = text;  // its removal was lost
  world_.start();
  EXPECT_TRUE(is_executed());
  EXPECT_EQ(world_.owner().phase(), Phase::kReading);
  EXPECT_EQ(newest().sequence(), 4u);
  world_.read();
  world_.state.files[kOrderPath] = text;  // and comes back when much has happened
  world_.start();
  EXPECT_TRUE(is_executed());
  EXPECT_EQ(world_.owner().phase(), Phase::kReading);
}

TEST_F(OwnerOrderTest, ARewindGoesOnAfterTheNewestThatTheOrderKnows) {
  order(StateOrder::Kind::kRewind, 1);
  world_.unlisted = {world_.state_path(2), world_.state_path(3)};
  world_.start();
  EXPECT_TRUE(is_executed());
  EXPECT_EQ(newest().sequence(), 4u);
}

// A store may carry out a removal late, or twice: by then the next order may be there.
TEST_F(OwnerOrderTest, TheRemovalOfOneIsNeverThatOfAnother) {
  order(StateOrder::Kind::kRewind, 1);
  const std::string first = world_.state.files.at(kOrderPath);
  world_.start();
  ASSERT_TRUE(is_executed());
  world_.read();
  const std::uint64_t newest_sequence = newest().sequence();
  const std::string next = state_folder_of("feed", 0) + "/" + state_order_name(78);
  world_.state.files[next] = to_json({.id = 78,
                                      .kind = StateOrder::Kind::kDiscard,
                                      .checkpoint = {},
                                      .newest = first_checkpoint_of(newest_sequence)});
  world_.state.files[kOrderPath] = first;  // its removal was lost
  for (const std::string& path : world_.rows_in_the_lake()) world_.state.files.erase(path);
  world_.start();
  EXPECT_EQ(world_.owner().phase(), Phase::kReading) << world_.owner().why();
  EXPECT_TRUE(is_executed());
  EXPECT_FALSE(world_.state.files.contains(next));
  EXPECT_EQ(newest().log()->last_order, 78u);
}

TEST_F(OwnerOrderTest, TheNameThatAllHadOnceIsReadToo) {
  order(StateOrder::Kind::kRewind, 1);
  auto named = world_.state.files.extract(kOrderPath);
  named.key() = state_folder_of("feed", 0) + "/order.json";
  world_.state.files.insert(std::move(named));
  world_.start();
  EXPECT_EQ(newest().log()->last_order, 77u);
  EXPECT_FALSE(world_.state.files.contains(state_folder_of("feed", 0) + "/order.json"));
}

TEST_F(OwnerOrderTest, OfTwoNeitherIsExecuted) {
  order(StateOrder::Kind::kRewind, 1);
  world_.state.files[state_folder_of("feed", 0) + "/" + state_order_name(78)] =
      to_json({.id = 78,
               .kind = StateOrder::Kind::kAcceptGap,
               .checkpoint = {},
               .newest = first_checkpoint_of(3)});
  world_.start();
  EXPECT_EQ(world_.owner().phase(), Phase::kStopped);
  EXPECT_THAT(world_.owner().why(), HasSubstr("are two orders for one partition"));
  EXPECT_FALSE(is_executed());
}

// Some of its files may be deleted already.
TEST_F(OwnerOrderTest, AnUnfinishedOneStopsThePartition) {
  world_.state.files[kOrderPath] = to_json({.id = 77,
                                            .kind = StateOrder::Kind::kRewind,
                                            .checkpoint = first_checkpoint_of(1),
                                            .newest = first_checkpoint_of(3),
                                            .is_unfinished = true});
  world_.start();
  EXPECT_EQ(world_.owner().phase(), Phase::kStopped);
  EXPECT_THAT(world_.owner().why(), HasSubstr("give it again, as it was"));
  EXPECT_FALSE(is_executed());
  world_.pass(10);
  order(StateOrder::Kind::kRewind, 1);
  world_.start();
  EXPECT_EQ(world_.owner().phase(), Phase::kReading) << world_.owner().why();
  EXPECT_TRUE(is_executed());
}

TEST_F(OwnerOrderTest, OneThatIsOfAnotherTimeIsNotExecuted) {
  order(StateOrder::Kind::kDiscard, 0, 2);
  world_.start();
  EXPECT_EQ(world_.owner().phase(), Phase::kStopped);
  EXPECT_THAT(world_.owner().why(), HasSubstr(state_order_name(77)));
  EXPECT_THAT(world_.owner().why(), HasSubstr(first_checkpoint_of(3) + " is committed by now"));
  EXPECT_FALSE(is_executed());
  EXPECT_EQ(world_.rows_in_the_lake().size(), 3u);
}

TEST_F(OwnerOrderTest, OneThatCannotBeReadStopsThePartition) {
  world_.state.files[kOrderPath] = "{";
  world_.start();
  EXPECT_EQ(world_.owner().phase(), Phase::kStopped);
  EXPECT_THAT(world_.owner().why(), HasSubstr("remove the file"));
}

TEST_F(OwnerOrderTest, ARewindToACheckpointThatIsGoneChangesNothing) {
  order(StateOrder::Kind::kRewind, 9);
  world_.start();
  EXPECT_EQ(world_.owner().phase(), Phase::kStopped);
  EXPECT_THAT(world_.owner().why(),
              HasSubstr(first_checkpoint_of(9) + ", which the order names, is gone"));
  EXPECT_FALSE(is_executed());
}

TEST_F(OwnerOrderTest, ARewindBehindWhatAgedOutOffersNoGap) {
  world_.part().low = 12;
  order(StateOrder::Kind::kRewind, 1);
  world_.start();
  EXPECT_EQ(world_.owner().phase(), Phase::kStopped);
  EXPECT_THAT(world_.owner().why(), HasSubstr("from 8 to 11 are gone"));
  EXPECT_THAT(world_.owner().why(), ::testing::Not(HasSubstr("accept-gap")));
}

TEST_F(OwnerOrderTest, WhatCannotBeReadStopsThePartition) {
  world_.owner().unreadable("no codec");
  EXPECT_EQ(world_.owner().phase(), Phase::kStopped);
  EXPECT_THAT(world_.owner().why(), HasSubstr("offset 20 cannot be read: no codec"));
}

}  // namespace
}  // namespace bikeflow
