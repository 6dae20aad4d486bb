// What an operator may order for a partition, on a lake that an owner has written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/state_command.h"
#include "app/test_lake.h"
#include "io/local_store.h"
#include "lake/closed_hours.h"
#include "lake/state_order.h"
#include "test/log_world.h"

namespace bikeflow {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr Seconds kDelay = 10 * kMinute;

class StateOrderTest : public ::testing::Test {
 protected:
  // Three hours are closed and published, with a checkpoint each.
  StateOrderTest() {
    world_.see_from_to(kTen, kTen + 3 * kHour + kDelay);
    world_.start();
    world_.read();
  }

  // Carries the world's files into a real lake, works on it, and takes them back.
  Said command(const std::function<Result<ExitStatus>(Shell&)>& work) {
    const TestLake lake;
    folder_ = lake.folder();
    for (const auto& [path, bytes] : world_.state.files) lake_put(path, bytes);
    Said said = said_on(folder_, work);
    auto store = LocalStore::open(folder_, "test").value();
    world_.state.files.clear();
    const std::vector<StoredFile> all = store.list("", Store::Scope::kAll).value();
    for (const StoredFile& file : all) {
      world_.state.files[file.path] = store.get(file.path)->value();
    }
    return said;
  }
  void lake_put(const std::string& path, const std::string& bytes) {
    auto store = LocalStore::open(folder_, "test").value();
    ASSERT_TRUE(store.put(path, bytes) && store.sync());
  }
  Said rewind(const std::optional<std::string>& to, bool yes = true) {
    return command([&](Shell& shell) {
      return state_rewind({.lake = folder_, .partition = "feed/0", .to = to, .yes = yes}, shell);
    });
  }
  Said discard() {
    return command([&](Shell& shell) {
      return state_discard_partition(
          {.lake = folder_, .partition = "feed/0", .to = {}, .yes = true}, shell);
    });
  }
  Said accept_gap() {
    return command([&](Shell& shell) {
      return state_accept_gap({.lake = folder_, .partition = "feed/0", .to = {}, .yes = {}}, shell);
    });
  }
  [[nodiscard]] std::vector<StateOrder> orders() const {
    std::vector<StateOrder> orders;
    for (const auto& [path, bytes] : world_.state.files) {
      if (is_state_order_name(name_of(path))) orders.push_back(*parse_state_order(bytes));
    }
    return orders;
  }
  // As if a command had been cut off after it had deleted the file of an hour.
  void cut_off(StateOrder order) {
    order.id = 7;
    order.newest = first_checkpoint_of(3);
    order.is_unfinished = true;
    world_.state.files[state_folder_of("feed", 0) + "/" + state_order_name(7)] = to_json(order);
    world_.state.files.erase(hour_path(kTen + 2 * kHour));
  }

  OwnerWorld world_;
  std::string folder_;
};

TEST_F(StateOrderTest, ARewindDeletesWhatItsTargetDoesNotKnow) {
  const std::map<std::string, std::string> before = world_.state.files;
  const Said listed = rewind(first_checkpoint_of(1), false);
  EXPECT_THAT(listed.all(),
              AllOf(HasSubstr(hour_path(kTen + kHour)), HasSubstr("2 files; nothing was deleted"),
                    Not(HasSubstr(hour_path(kTen)))));
  EXPECT_THAT(orders(), IsEmpty());
  EXPECT_EQ(world_.rows_in_the_lake().size(), 3u);
  EXPECT_THAT(rewind(first_checkpoint_of(1)).all(),
              HasSubstr("2 files deleted\nfeed/0: ordered: rewind"));
  EXPECT_THAT(world_.rows_in_the_lake(), ElementsAre(hour_path(kTen)));
  ASSERT_THAT(orders(), SizeIs(1));
  EXPECT_FALSE(orders()[0].is_unfinished);
  EXPECT_THAT(rewind(first_checkpoint_of(1)).end, HasSubstr("an order is there already (rewind)"));
  world_.start();
  world_.read();
  EXPECT_THAT(orders(), IsEmpty());
  for (const std::string& path : world_.rows_in_the_lake()) {
    EXPECT_EQ(world_.state.files.at(path), before.at(path));
  }
  EXPECT_EQ(world_.rows_in_the_lake().size(), 3u);
}

// It may have other late rows and other idle hours than the one that was committed.
TEST_F(StateOrderTest, ACheckpointThatWasNotCommittedIsNoTarget) {
  world_.commit_outcome = CommitOutcome::kRefused;
  world_.read(kTen + 3 * kHour + 20 * kMinute, kTen + 4 * kHour - 10 * kMinute);
  world_.confirm_for(10 * kMinute);  // the clock closes the fourth hour
  const std::string lost = first_checkpoint_of(4);
  ASSERT_TRUE(world_.state.files.contains(world_.state_path(4)));
  world_.commit_outcome = CommitOutcome::kDone;
  world_.start();
  world_.read(kTen + 4 * kHour, kTen + 4 * kHour + kDelay);  // and now a record does
  ASSERT_EQ(world_.rows_in_the_lake().size(), 4u);
  EXPECT_THAT(rewind(lost).end,
              AllOf(HasSubstr("was never committed"), HasSubstr(hour_path(kTen + 3 * kHour)),
                    HasSubstr("as 4-0000000000000005 has it")));
  world_.read(kTen + 4 * kHour + 20 * kMinute, kTen + 5 * kHour + kDelay);
  EXPECT_THAT(rewind(std::nullopt).out, HasSubstr(lost + "  cannot be gone back to"));
  EXPECT_THAT(rewind(lost).end, HasSubstr("was never committed, or an earlier rewind"));
  EXPECT_THAT(orders(), IsEmpty());
  EXPECT_EQ(rewind("4-0000000000000005").end, "0");
}

// What it takes for granted was deleted for the rewind that left it.
TEST_F(StateOrderTest, ACheckpointThatARewindHasLeftIsNoTarget) {
  rewind(first_checkpoint_of(1));
  world_.start();
  ASSERT_THAT(orders(), IsEmpty());
  EXPECT_THAT(rewind(std::nullopt).out,
              HasSubstr(first_checkpoint_of(3) + "  cannot be gone back to"));
  EXPECT_THAT(rewind(first_checkpoint_of(3)).end,
              HasSubstr("an earlier rewind or discard has left it"));
  EXPECT_THAT(orders(), IsEmpty());
  EXPECT_THAT(rewind(first_checkpoint_of(4)).end, HasSubstr("0"));
}

// An hour in which the partition had no row may have one when it is read again.
TEST_F(StateOrderTest, MarkersOfHoursWithoutAFileOfThePartitionGoToo) {
  const std::string of_other = hour_path(kTen + kHour, 1);
  const std::string before = hour_path(kTen, 1);
  world_.state.files[of_other] = world_.state.files.at(hour_path(kTen + kHour));
  world_.state.files[before] = world_.state.files.at(hour_path(kTen));
  world_.state.files.erase(hour_path(kTen + kHour));
  const auto marker = [](const std::string& path) {
    return std::string(folder_of(path)) + "/" + std::string(kSuccessName);
  };
  world_.state.files[marker(of_other)] = "";
  world_.state.files[marker(before)] = "";
  rewind(first_checkpoint_of(1));
  EXPECT_TRUE(world_.state.files.contains(of_other));
  EXPECT_FALSE(world_.state.files.contains(marker(of_other)));
  EXPECT_TRUE(world_.state.files.contains(marker(before)));
  ASSERT_THAT(orders(), SizeIs(1));
}

TEST_F(StateOrderTest, WhereFilesCannotBeDeletedThePartitionStaysStopped) {
  const std::string in_the_way = closed_hours_path("feed", 0) + "/x";
  world_.state.files[in_the_way] = "a folder cannot be removed as a file";
  EXPECT_THAT(rewind(first_checkpoint_of(1)).end, HasSubstr("error: "));
  ASSERT_THAT(orders(), SizeIs(1));
  EXPECT_TRUE(orders()[0].is_unfinished);
  world_.start();
  EXPECT_EQ(world_.owner().phase(), Owner::Phase::kStopped);
  world_.state.files.erase(in_the_way);
  EXPECT_EQ(rewind(first_checkpoint_of(1)).end, "0");
  world_.start();
  EXPECT_EQ(world_.owner().phase(), Owner::Phase::kReading);
}

TEST_F(StateOrderTest, OneThatWasCutOffIsGivenAgainAsItWas) {
  cut_off({.kind = StateOrder::Kind::kRewind, .checkpoint = first_checkpoint_of(1), .newest = {}});
  EXPECT_THAT(rewind(first_checkpoint_of(2)).end,
              HasSubstr("bikeflow state rewind --to " + first_checkpoint_of(1) + " was cut off"));
  EXPECT_THAT(accept_gap().end, HasSubstr("was cut off"));
  rewind(first_checkpoint_of(1));
  ASSERT_THAT(orders(), SizeIs(1));
  EXPECT_EQ(orders()[0].id, 7u);
  EXPECT_FALSE(orders()[0].is_unfinished);
  world_.start();
  world_.read();
  EXPECT_EQ(world_.rows_in_the_lake().size(), 3u);
}

TEST_F(StateOrderTest, ADiscardTakesTheRestOfARewindThatWasCutOff) {
  cut_off({.kind = StateOrder::Kind::kRewind, .checkpoint = first_checkpoint_of(1), .newest = {}});
  EXPECT_EQ(discard().end, "0");
  EXPECT_THAT(world_.rows_in_the_lake(), IsEmpty());
  ASSERT_THAT(orders(), SizeIs(1));
  EXPECT_EQ(orders()[0].kind, StateOrder::Kind::kDiscard);
  world_.start();
  world_.read();
  EXPECT_EQ(world_.rows_in_the_lake().size(), 3u);
}

}  // namespace
}  // namespace bikeflow
