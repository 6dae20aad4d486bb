#include "io/temp_file.h"

#include <sys/syscall.h>

#include <filesystem>

#include <gmock/gmock.h>

#include "test/child.h"

namespace bikeflow {
namespace {

using ::testing::AnyOf;
using ::testing::StartsWith;

std::string play(const std::string& folder) {
  auto file = TempFile::create(folder);
  if (!file) return file.error().message;
  const std::string text = "0123456789";
  for (int i = 0; i < 3; ++i) {
    if (auto done = file->append(std::as_bytes(std::span(text))); !done)
      return done.error().message;
  }
  std::string back(12, '\0');
  if (auto done = file->read(7, std::as_writable_bytes(std::span(back))); !done) {
    return done.error().message;
  }
  return back + (std::filesystem::is_empty(folder) ? " and no name" : " and a name");
}

TEST(TempFile, GivesBackWhatWasAppendedAndHasNoName) {
  const TempFolder folder;
  EXPECT_EQ(play(folder / "made/for/it"), "789012345678 and no name");
}

TEST(TempFile, HasNoNameWhereTheFileSystemMustBeTricked) {
  const TempFolder folder;
  EXPECT_EQ(in_child([&] {
              fail_system_call(SYS_openat, EOPNOTSUPP, 2, O_TMPFILE & ~O_DIRECTORY);
              return play(folder.path());
            }),
            "789012345678 and no name");
}

TEST(TempFile, AFullDiskAndAReadOnlyOneAreNamed) {
  const TempFolder folder;
  EXPECT_THAT(on_small_disk(folder.path(), "64k",
                            [&] {
                              auto file = TempFile::create(folder.path());
                              const std::string text(100'000, 'x');
                              return outcome(file->append(std::as_bytes(std::span(text))));
                            }),
              AnyOf(StartsWith("no space left for a temporary file in " + folder.path() + ": "),
                    kNoMounts));
  EXPECT_THAT(in_child([&] {
                fail_system_call(SYS_openat, EROFS, 2, O_TMPFILE & ~O_DIRECTORY);
                return play(folder.path());
              }),
              StartsWith("a temporary file in " + folder.path() + ": cannot create: Read-only"));
}

TEST(FreeBytes, LooksAtTheDiskThatTheFolderWillBeOn) {
  const TempFolder folder;
  const auto here = free_bytes(folder.path());
  ASSERT_TRUE(here);
  EXPECT_GT(*here, 0);
  EXPECT_TRUE(free_bytes(folder / "not/there/yet"));
  EXPECT_TRUE(free_bytes("not-there-yet"));
  EXPECT_TRUE(free_bytes("/not-there-yet"));
  EXPECT_THAT(on_small_disk(folder.path(), "1m",
                            [&] { return fmt::format("{}", *free_bytes(folder / "new/folder")); }),
              AnyOf("1048576", kNoMounts));
}

}  // namespace
}  // namespace bikeflow
