#include "io/state_dir.h"

#include <sys/syscall.h>

#include <filesystem>

#include <gmock/gmock.h>

#include "io/local_store.h"
#include "pipeline/checkpoint_name.h"
#include "test/child.h"

namespace bikeflow {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string opened(const std::string& folder) {
  const auto state = StateDir::open(folder);
  return state ? "opened" : state.error().message;
}

// "name:bytes", "none" or the error.
std::string current(const Result<std::optional<StoredCheckpoint>>& loaded) {
  if (!loaded) return loaded.error().message;
  return *loaded ? (*loaded)->name + ":" + (*loaded)->bytes : "none";
}

// What one who only looks at the lake sees of its folder "state", or another.
std::string peeked(const TempFolder& lake, const std::string& folder = "state") {
  auto store = LocalStore::open(lake.path(), "reader");
  return store ? current(StateDir::peek(*store, folder)) : store.error().message;
}

Result<void> put(StateDir& state, const std::string& name, const std::string& bytes) {
  auto done = state.write(name, bytes);
  return done ? state.commit(name) : done;
}

TEST(StateDir, HoldsWhatWasCommittedLast) {
  const TempFolder lake;
  const std::string folder = lake / "_bikeflow/state/job";
  EXPECT_EQ(peeked(lake, "_bikeflow/state/job"), "none");
  auto state = StateDir::open(folder);
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(current(state->load_current()), "none");
  const std::string first = checkpoint_name(1, 11);
  ASSERT_TRUE(state->write(first, "one"));
  EXPECT_EQ(current(state->load_current()), "none") << "written is not committed";
  ASSERT_TRUE(state->commit(first));
  EXPECT_EQ(current(state->load_current()), first + ":one");
  const std::string second = checkpoint_name(2, 22);
  ASSERT_TRUE(put(*state, second, std::string("\0two", 4)));
  EXPECT_EQ(peeked(lake, "_bikeflow/state/job"), second + ":" + std::string("\0two", 4));
  EXPECT_EQ(read_file(folder + "/CURRENT"), second + "\n");
}

TEST(StateDir, ASecondProcessIsRefusedAndToldWhoHoldsTheLock) {
  const TempFolder lake;
  const std::string folder = lake / "state";
  auto state = std::optional(StateDir::open(folder));
  ASSERT_TRUE(*state);
  const std::string refused = fmt::format(
      "{}: in use by process {}; two would spoil each other's work: wait until it has "
      "ended, or stop it",
      folder, ::getpid());
  EXPECT_EQ(in_child([&] { return opened(folder); }), refused);
  EXPECT_EQ(in_child([&] { return opened(folder); }), refused)
      << "a refusal must not take the lock";
  EXPECT_EQ(in_child([&] { return peeked(lake); }), "none") << "a look needs no lock";
  state.reset();
  EXPECT_EQ(in_child([&] { return opened(folder); }), "opened");
}

TEST(StateDir, TheLockOfAKilledProcessIsFree) {
  const TempFolder lake;
  EXPECT_EQ(in_child([&] {
              const auto state = StateDir::open(lake / "state");
              ::raise(SIGKILL);
              return std::string();
            }),
            "killed by signal 9");
  EXPECT_EQ(opened(lake / "state"), "opened");
}

// Each step of write and commit can be the last one that happens.
TEST(StateDir, AKillBetweenAnyTwoStepsLeavesTheOldOrTheNewCheckpoint) {
  const std::string old_name = checkpoint_name(1, 1);
  const std::string new_name = checkpoint_name(2, 2);
  const auto after = [&](const std::function<void(StateDir&)>& steps) {
    const TempFolder lake;
    EXPECT_EQ(in_child([&] {
                auto state = StateDir::open(lake / "state");
                (void)put(*state, old_name, "old");
                steps(*state);
                ::raise(SIGKILL);
                return std::string();
              }),
              "killed by signal 9");
    auto state = StateDir::open(lake / "state");
    const std::string found = current(state->load_current());
    // Whatever was left behind, the next checkpoint goes through.
    const std::string next = checkpoint_name(2, 3);
    EXPECT_TRUE(put(*state, next, "next"));
    EXPECT_EQ(current(state->load_current()), next + ":next");
    return found;
  };
  const std::string kept = old_name + ":old";
  EXPECT_EQ(after([](StateDir&) {}), kept);
  EXPECT_EQ(after([&](StateDir& state) { write_file(state.folder() + "/" + new_name, "ne"); }),
            kept);
  EXPECT_EQ(after([&](StateDir& state) { (void)state.write(new_name, "new"); }), kept);
  EXPECT_EQ(after([&](StateDir& state) {
              (void)state.write(new_name, "new");
              write_file(state.folder() + "/CURRENT.new", new_name.substr(0, 5));
            }),
            kept);
  EXPECT_EQ(after([&](StateDir& state) { (void)put(state, new_name, "new"); }), new_name + ":new");
}

TEST(StateDir, AFailedStepLeavesTheOldCheckpointCurrent) {
  const std::string kept = checkpoint_name(1, 1) + ":old";
  const std::string next = checkpoint_name(2, 2);
  for (const auto& [call_number, error_number] :
       {std::pair(SYS_write, ENOSPC), std::pair(SYS_fsync, EIO), std::pair(SYS_openat, EROFS),
        std::pair(SYS_openat, EMFILE)}) {
    const TempFolder lake;
    // Only writing fails: the child must still tell what it saw.
    const std::string said = in_child([&, call = call_number, error = error_number] {
      auto state = StateDir::open(lake / "state");
      (void)put(*state, checkpoint_name(1, 1), "old");
      if (call == SYS_write) fail_system_call(call, error, 2, 0x10000);
      if (call == SYS_fsync) fail_system_call(call, error);
      if (call == SYS_openat) fail_system_call(call, error, 2, O_CREAT);
      const std::string done = outcome(put(*state, next, std::string(0x10000, 'x')));
      return done + "|" + peeked(lake);
    });
    EXPECT_THAT(said, HasSubstr(lake / "state/" + next));
    EXPECT_THAT(said, ::testing::EndsWith("|" + kept));
    EXPECT_FALSE(std::filesystem::exists(lake / "state/" + next));
    EXPECT_EQ(peeked(lake), kept);
  }
}

TEST(StateDir, ACurrentThatAPowerCutMayTakeBackIsNotFollowed) {
  const TempFolder lake;
  EXPECT_THAT(in_child([&] {
                auto state = StateDir::open(lake / "state");
                (void)put(*state, checkpoint_name(1, 1), "one");
                fail_system_call(SYS_fsync, EIO);
                return current(state->load_current());
              }),
              StartsWith(lake / "state: cannot sync: Input/output error"));
}

TEST(StateDir, ARenameThatFailsIsAnError) {
  const TempFolder lake;
  EXPECT_THAT(in_child([&] {
                auto state = StateDir::open(lake / "state");
                (void)state->write(checkpoint_name(1, 1), "one");
                fail_system_call(SYS_renameat, EIO);
                fail_system_call(SYS_renameat2, EIO);
                return outcome(state->commit(checkpoint_name(1, 1)));
              }),
              StartsWith(lake / "state/CURRENT: cannot replace: Input/output error"));
  EXPECT_EQ(peeked(lake), "none");
}

TEST(StateDir, ACurrentThatCannotBeFollowedIsNeverTakenForAFirstStart) {
  const TempFolder lake;
  auto state = StateDir::open(lake / "state");
  ASSERT_TRUE(put(*state, checkpoint_name(1, 1), "one"));
  std::filesystem::remove(lake / "state/" + checkpoint_name(1, 1));
  EXPECT_THAT(current(state->load_current()),
              StartsWith((lake / "state/CURRENT: names the checkpoint ") + checkpoint_name(1, 1) +
                         ", which is not in the folder"));
  EXPECT_THAT(peeked(lake), HasSubstr("which is not in the folder"));
  for (const char* text : {"", "\n", "1-0000000000000001", "../../etc/passwd\n", "rubbish\n"}) {
    write_file(lake / "state/CURRENT", text);
    EXPECT_THAT(current(state->load_current()), HasSubstr("holds no checkpoint's name")) << text;
  }
  std::filesystem::remove(lake / "state/CURRENT");
  std::filesystem::create_directory(lake / "state/CURRENT");
  EXPECT_THAT(current(state->load_current()), HasSubstr("Is a directory"));
}

TEST(StateDir, CollectsOnlyWhatIsThreeSequencesBelow) {
  const TempFolder lake;
  auto state = StateDir::open(lake / "state");
  for (std::uint64_t i = 1; i <= 6; ++i) ASSERT_TRUE(state->write(checkpoint_name(i, i), "x"));
  ASSERT_TRUE(state->write(checkpoint_name(2, 99), "never committed"));
  write_file(lake / "state/order", "not a checkpoint");
  ASSERT_TRUE(state->commit(checkpoint_name(5, 5)));
  ASSERT_TRUE(state->collect(checkpoint_name(5, 5)));
  std::set<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(lake / "state")) {
    left.insert(entry.path().filename());
  }
  EXPECT_EQ(left, (std::set<std::string>{"CURRENT", "lock", "order", checkpoint_name(3, 3),
                                         checkpoint_name(4, 4), checkpoint_name(5, 5),
                                         checkpoint_name(6, 6)}));
}

TEST(StateDir, AReadOnlyLakeAndAFileInTheWayAreNamed) {
  const TempFolder lake;
  const auto play = [&] { return opened(lake / "_bikeflow/state/job"); };
  const std::string expected = lake /
                               "_bikeflow: cannot create the folder: Read-only file system; "
                               "mount it writable, or name another folder";
  EXPECT_EQ(in_child([&] {
              fail_system_call(SYS_mkdir, EROFS);
              fail_system_call(SYS_mkdirat, EROFS);
              return play();
            }),
            expected);
  EXPECT_THAT(on_read_only_disk(lake.path(), play), AnyOf(expected, kNoMounts));
  write_file(lake / "file", "");
  EXPECT_THAT(opened(lake / "file/state"),
              StartsWith(lake / "file: cannot create the folder: Not a directory"));
}

TEST(StateDir, AFullDiskIsNamedAndTheLastCheckpointIntact) {
  const TempFolder lake;
  const std::string said = on_small_disk(lake.path(), "1m", [&] {
    auto state = StateDir::open(lake / "state");
    (void)put(*state, checkpoint_name(1, 1), "old");
    const std::string done =
        outcome(put(*state, checkpoint_name(2, 2), std::string(3'000'000, 'x')));
    const std::string seen = done + "|" + current(state->load_current());
    return seen +
           (put(*state, checkpoint_name(2, 3), std::string(500'000, 'x')) ? "|room" : "|full");
  });
  if (said == kNoMounts) return;  // AFailedStepLeavesTheOldCheckpointCurrent has the same
  EXPECT_EQ(said,
            "no space left for " + (lake / "state/" + checkpoint_name(2, 2)) +
                ": 3.0 MB needed; free space and run the same command again, nothing is lost|" +
                checkpoint_name(1, 1) + ":old|room");
}

}  // namespace
}  // namespace bikeflow
