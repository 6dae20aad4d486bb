#include "io/local_store.h"

#include <sys/resource.h>
#include <sys/syscall.h>

#include <filesystem>

#include <gmock/gmock.h>

#include "test/child.h"

namespace bikeflow {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using Scope = Store::Scope;

LocalStore open_store(const std::string& folder) {
  auto store = LocalStore::open(folder, "test");
  EXPECT_TRUE(store) << store.error().message;
  return *std::move(store);
}

std::vector<std::string> names(Store& store, std::string_view folder, Scope scope) {
  auto files = store.list(folder, scope);
  EXPECT_TRUE(files) << files.error().message;
  std::vector<std::string> names;
  for (const StoredFile& file : *files) names.push_back(file.path);
  return names;
}

TEST(LocalStore, GivesBackWhatWasPut) {
  const TempFolder lake;
  LocalStore store = open_store(lake.path());
  ASSERT_TRUE(store.put("a/b=1/c.parquet", std::string("one\0two", 7)));
  ASSERT_TRUE(store.put("a/empty", ""));
  ASSERT_TRUE(store.sync());
  EXPECT_EQ(*store.get("a/b=1/c.parquet"), std::string("one\0two", 7));
  EXPECT_EQ(*store.get("a/empty"), "");
  EXPECT_EQ(*store.size("a/b=1/c.parquet"), 7);
  EXPECT_EQ(*store.get("a/nothing"), std::nullopt);
  EXPECT_EQ(*store.size("a/nothing"), std::nullopt);
  EXPECT_EQ(*store.size("a"), std::nullopt) << "a folder is no file";
}

TEST(LocalStore, TheLastPutOfAPathCounts) {
  const TempFolder lake;
  LocalStore store = open_store(lake.path());
  ASSERT_TRUE(store.put("a", "first, and longer"));
  ASSERT_TRUE(store.put("a", "second"));
  ASSERT_TRUE(store.sync());
  EXPECT_EQ(*store.get("a"), "second");
  ASSERT_TRUE(store.put("a", "third"));
  ASSERT_TRUE(store.sync());
  EXPECT_EQ(*store.get("a"), "third");
}

TEST(LocalStore, ManyFilesBecomeDurableTogether) {
  const TempFolder lake;
  LocalStore store = open_store(lake.path());
  const int count = 3 * static_cast<int>(LocalStore::kUnfinishedInFolder) + 1;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(store.put(fmt::format("day={}/file", i), fmt::format("{} {}", round, i)));
    }
    ASSERT_TRUE(store.sync());
    for (int i = 0; i < count; ++i) {
      EXPECT_EQ(read_file(lake / fmt::format("day={}/file", i)), fmt::format("{} {}", round, i));
    }
    EXPECT_TRUE(std::filesystem::is_empty(lake / "_bikeflow/tmp/test"));
  }
}

TEST(LocalStore, AnEmptyFileReplacesWhatHasItsName) {
  const TempFolder lake;
  const TempFolder elsewhere;
  write_file(elsewhere / "linked", "kept");
  write_file(lake / "a", "longer");
  std::filesystem::create_symlink(elsewhere / "linked", lake / "b");
  write_file(lake / "c", "kept");
  std::filesystem::create_hard_link(lake / "c", lake / "c-too");
  write_file(lake / "d", "");
  LocalStore store = open_store(lake.path());
  for (const char* path : {"a", "b", "c", "d", "hour/e"}) ASSERT_TRUE(store.put(path, ""));
  EXPECT_EQ(*store.size("a"), 6) << "before sync()";
  EXPECT_EQ(*store.size("hour/e"), std::nullopt) << "before sync()";
  ASSERT_TRUE(store.sync());
  for (const char* path : {"a", "b", "c", "d", "hour/e"}) EXPECT_EQ(*store.size(path), 0) << path;
  EXPECT_TRUE(std::filesystem::is_regular_file(std::filesystem::symlink_status(lake / "b")));
  EXPECT_EQ(read_file(elsewhere / "linked"), "kept");
  EXPECT_EQ(read_file(lake / "c-too"), "kept");
  ASSERT_TRUE(store.put("d", "first"));
  ASSERT_TRUE(store.put("d", ""));
  ASSERT_TRUE(store.put("a", ""));
  ASSERT_TRUE(store.put("a", "last"));
  ASSERT_TRUE(store.sync());
  EXPECT_EQ(*store.get("d"), "");
  EXPECT_EQ(*store.get("a"), "last");
  EXPECT_TRUE(std::filesystem::is_empty(lake / "_bikeflow/tmp/test"));
}

// A marker says that the files are there: it must not be seen before them.
TEST(LocalStore, AnEmptyFileIsSeenAfterWhatWasPutBeforeIt) {
  const TempFolder lake;
  EXPECT_THAT(in_child([&] {
                LocalStore store = open_store(lake.path());
                (void)store.put("hour/a.parquet", "1");
                (void)store.put("hour/_SUCCESS", "");
                fail_system_call(SYS_renameat, EIO);
                return outcome(store.sync());
              }),
              StartsWith(lake / "hour/a.parquet: cannot create: Input/output error"));
  LocalStore store = open_store(lake.path());
  EXPECT_THAT(names(store, "", Scope::kAll), ElementsAre());
}

TEST(LocalStore, AnEmptyFileThatCannotBeMadeIsNamed) {
  const TempFolder lake;
  std::filesystem::create_directory(lake / "folder");
  LocalStore store = open_store(lake.path());
  ASSERT_TRUE(store.put("folder", ""));
  EXPECT_THAT(outcome(store.sync()), StartsWith(lake / "folder: cannot create: Is a directory"));
}

TEST(LocalStore, ListsSortedWithSizesAndFollowsNoLink) {
  const TempFolder lake;
  const TempFolder elsewhere;
  write_file(elsewhere / "x.parquet", "12345");
  write_file(lake / "b/2.parquet", "22");
  write_file(lake / "b/1.parquet", "1");
  write_file(lake / "b-before-the-slash", "");
  write_file(lake / "_bikeflow/lake.json", "{}");
  write_file(lake / "b/_bikeflow/not-ours", "");
  std::filesystem::create_directory_symlink(elsewhere.path(), lake / "linked-folder");
  std::filesystem::create_symlink(elsewhere / "x.parquet", lake / "linked-file");
  LocalStore store = open_store(lake.path());

  EXPECT_THAT(names(store, "", Scope::kWithoutInternal),
              ElementsAre("b-before-the-slash", "b/1.parquet", "b/2.parquet",
                          "b/_bikeflow/not-ours", "linked-file", "linked-folder"));
  EXPECT_THAT(names(store, "", Scope::kAll), ::testing::Contains("_bikeflow/lake.json"));
  EXPECT_THAT(names(store, "_bikeflow", Scope::kAll), ElementsAre("_bikeflow/lake.json"));
  EXPECT_THAT(*store.list("b", Scope::kWithoutInternal),
              ElementsAre(StoredFile{"b/1.parquet", 1}, StoredFile{"b/2.parquet", 2},
                          StoredFile{"b/_bikeflow/not-ours", 0}));
  EXPECT_THAT(names(store, "missing", Scope::kAll), ElementsAre());
  EXPECT_FALSE(store.list("linked-folder", Scope::kAll));
}

TEST(LocalStore, RemovesAndDoesNotMindWhatIsGone) {
  const TempFolder lake;
  LocalStore store = open_store(lake.path());
  ASSERT_TRUE(store.put("a/b", "1"));
  ASSERT_TRUE(store.sync());
  EXPECT_TRUE(store.remove("a/b"));
  EXPECT_TRUE(store.remove("a/b"));
  EXPECT_TRUE(store.sync());
  EXPECT_EQ(*store.get("a/b"), std::nullopt);
}

TEST(LocalStore, PutNewNeverReplaces) {
  const TempFolder lake;
  LocalStore store = open_store(lake.path());
  EXPECT_TRUE(*store.put_new("x/a", "first"));
  EXPECT_FALSE(*store.put_new("x/a", "second"));
  EXPECT_EQ(*store.get("x/a"), "first");
  EXPECT_TRUE(std::filesystem::is_empty(lake / "_bikeflow/tmp/test"));
  // A file system without links.
  EXPECT_EQ(in_child([&] {
              fail_system_call(SYS_linkat, EPERM);
              const bool made = *store.put_new("x/b", "third");
              return fmt::format("{} {} {}", made, *store.put_new("x/b", "fourth"),
                                 **store.get("x/b"));
            }),
            "true false third");
  EXPECT_TRUE(std::filesystem::is_empty(lake / "_bikeflow/tmp/test"));
}

TEST(LocalStore, NoPathLeadsOutOfTheLake) {
  const TempFolder lake;
  LocalStore store = open_store(lake.path());
  for (const char* path : {"../x", "a/../../x", "/etc/x", "", "a//b", "a/", "./a", ".."}) {
    EXPECT_THAT(outcome(store.put(path, "1")), HasSubstr("is no path of a file in a lake")) << path;
    EXPECT_FALSE(store.get(path)) << path;
    EXPECT_FALSE(store.size(path)) << path;
    EXPECT_FALSE(store.remove(path)) << path;
  }
  EXPECT_FALSE(store.list("..", Scope::kAll));
  EXPECT_FALSE(store.put(std::string_view("a\0b", 3), "1"));
}

TEST(LocalStore, AMissingFolderIsAnError) {
  const auto store = LocalStore::open("/nowhere/lake", "test");
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error().message, StartsWith("/nowhere/lake: cannot open: No such file"));
}

TEST(LocalStore, AKillBeforeSyncLeavesNothingUnderAFinalName) {
  const TempFolder lake;
  EXPECT_EQ(in_child([&]() -> std::string {
              LocalStore store = open_store(lake.path());
              (void)store.put("hour/a.parquet", "1");
              (void)store.put("hour/b.parquet", std::string(100'000, 'x'));
              ::raise(SIGKILL);
              return "";
            }),
            "killed by signal 9");
  LocalStore store = open_store(lake.path());
  EXPECT_THAT(names(store, "", Scope::kWithoutInternal), ElementsAre());
  EXPECT_EQ(names(store, "_bikeflow/tmp/test", Scope::kAll).size(), 2);
  ASSERT_TRUE(store.clean_unfinished());
  EXPECT_THAT(names(store, "_bikeflow/tmp", Scope::kAll), ElementsAre());
  // What the next run puts is what is there.
  ASSERT_TRUE(store.put("hour/a.parquet", "2"));
  ASSERT_TRUE(store.sync());
  EXPECT_EQ(*store.get("hour/a.parquet"), "2");
}

TEST(LocalStore, AFullDiskIsNamedAndLeavesNoHalfFile) {
  const TempFolder lake;
  const auto play = [&](bool is_real) {
    LocalStore store = open_store(lake.path());
    std::string said = outcome(store.put("hour/small", "fits")) + "|";
    if (!is_real) fail_system_call(SYS_write, ENOSPC, 2, 0x100000);  // sizes from 1 MiB
    said += outcome(store.put("hour/large", std::string(0x1F0000, 'x'))) + "|";
    said += outcome(store.sync()) + "|";
    for (const std::string& name : names(store, "", Scope::kAll)) said += name + " ";
    return said;
  };
  const std::string expected = "done|no space left for " + (lake / "hour/large") +
                               ": 2.0 MB needed; free space and run the same command again, "
                               "nothing is lost|done|hour/small ";
  EXPECT_EQ(in_child([&] { return play(false); }), expected);
  EXPECT_THAT(on_small_disk(lake.path(), "1m", [&] { return play(true); }),
              AnyOf(expected, kNoMounts));
}

TEST(LocalStore, AQuotaAndAFileSizeLimitAreNamed) {
  const TempFolder lake;
  EXPECT_THAT(in_child([&] {
                LocalStore store = open_store(lake.path());
                fail_system_call(SYS_write, EDQUOT, 2, 0x10000);
                return outcome(store.put("a", std::string(0x10000, 'x')));
              }),
              HasSubstr("the disk quota is used up, 65.5 kB needed"));
  EXPECT_THAT(in_child([&] {
                LocalStore store = open_store(lake.path());
                const rlimit limit = {1000, 1000};
                ::setrlimit(RLIMIT_FSIZE, &limit);
                ::signal(SIGXFSZ, SIG_IGN);
                return outcome(store.put("a", std::string(5000, 'x')));
              }),
              HasSubstr("ulimit -f"));
  LocalStore store = open_store(lake.path());
  EXPECT_THAT(names(store, "", Scope::kAll), ElementsAre());
}

TEST(LocalStore, AReadOnlyLakeIsNamed) {
  const TempFolder lake;
  const auto play = [&] {
    LocalStore store = open_store(lake.path());
    return outcome(store.put("hour/a", "1"));
  };
  const auto expected = [&](const std::string& folder) {
    return lake / folder +
           ": cannot create the folder: Read-only file system; mount it writable, or name another "
           "folder";
  };
  EXPECT_EQ(in_child([&] {
              fail_system_call(SYS_mkdirat, EROFS);
              return play();
            }),
            expected("_bikeflow/tmp/test"));
  EXPECT_THAT(on_read_only_disk(lake.path(), play), AnyOf(expected("_bikeflow"), kNoMounts));
}

TEST(LocalStore, AFileInTheWayIsNamed) {
  const TempFolder lake;
  write_file(lake / "hour", "a file");
  LocalStore store = open_store(lake.path());
  ASSERT_TRUE(store.put("hour/a.parquet", "1"));
  EXPECT_THAT(outcome(store.sync()),
              StartsWith(lake / "hour/a.parquet: cannot create: Not a directory"));
}

// After a failed sync nobody knows what is on the disk; a second one would report success for pages
// that the kernel has dropped.
TEST(LocalStore, AFailedSyncIsFinal) {
  for (const std::size_t count : {std::size_t{2}, LocalStore::kSyncEach + 1}) {
    const TempFolder lake;
    const std::string said = in_child([&] {
      LocalStore store = open_store(lake.path());
      fail_system_call(SYS_fsync, EIO);
      fail_system_call(SYS_syncfs, EIO);
      for (std::size_t i = 0; i < count; ++i) (void)store.put(fmt::format("hour/{}", i), "1");
      std::string first = outcome(store.sync());
      if (outcome(store.sync()) != first || outcome(store.put("b", "1")) != first ||
          outcome(store.remove("b")) != first) {
        return "not final: " + first;
      }
      return first;
    });
    EXPECT_THAT(said, StartsWith(lake.path()));
    EXPECT_THAT(said, HasSubstr("cannot sync: Input/output error"));
    LocalStore store = open_store(lake.path());
    EXPECT_THAT(names(store, "", Scope::kAll), ElementsAre()) << "a file whose data may be lost";
  }
}

TEST(LocalStore, AFailedSyncOfAFolderIsAnError) {
  const TempFolder lake;
  EXPECT_THAT(in_child([&] {
                LocalStore store = open_store(lake.path());
                (void)store.put("hour/a", "1");
                (void)store.sync();
                (void)store.remove("hour/a");
                fail_system_call(SYS_fsync, EIO);
                return outcome(store.sync());
              }),
              StartsWith(lake / "hour: cannot sync: Input/output error"));
}

}  // namespace
}  // namespace bikeflow
