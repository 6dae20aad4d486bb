#include "io/file.h"

#include <sys/syscall.h>

#include <filesystem>

#include <gmock/gmock.h>

#include "test/child.h"

namespace bikeflow {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(MakeFolders, MakesAllThatAreMissingAndAcceptsThoseThatAreThere) {
  const TempFolder folder;
  EXPECT_TRUE(make_folders(folder / "a/b/c"));
  EXPECT_TRUE(make_folders(folder / "a/b/c"));
  EXPECT_TRUE(make_folders(folder / "a/b/d/"));
  EXPECT_TRUE(make_folders("/"));
  EXPECT_TRUE(std::filesystem::is_directory(folder / "a/b/c"));
  EXPECT_TRUE(std::filesystem::is_directory(folder / "a/b/d"));
  EXPECT_EQ(in_child([&] {
              std::filesystem::current_path(folder.path());
              return std::string(make_folders("relative/inner") ? "made" : "failed");
            }),
            "made");
  EXPECT_TRUE(std::filesystem::is_directory(folder / "relative/inner"));
}

TEST(MakeFolders, NamesTheFileInTheWay) {
  const TempFolder folder;
  write_file(folder / "file", "");
  for (const char* path : {"file", "file/inner"}) {
    const auto made = make_folders(folder / path);
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message,
                StartsWith(folder / "file: cannot create the folder: Not a directory"));
  }
}

TEST(MakeFolders, AFolderThatMayNotSurviveIsAnError) {
  const TempFolder folder;
  EXPECT_THAT(in_child([&] {
                fail_system_call(SYS_fsync, EIO);
                const auto made = make_folders(folder / "new");
                return made ? "made" : made.error().message;
              }),
              HasSubstr("cannot sync: Input/output error"));
}

TEST(ReadFileIfAny, ReadsWholeFilesAndTellsMissingFromUnreadable) {
  const TempFolder folder;
  const std::string large(300'001, 'x');
  write_file(folder / "large", large);
  write_file(folder / "empty", "");
  const auto read = [&](const std::string& name) {
    return read_file_if_any(AT_FDCWD, folder / name, folder / name);
  };
  EXPECT_EQ(*read("large"), large);
  EXPECT_EQ(*read("empty"), "");
  EXPECT_EQ(*read("missing"), std::nullopt);
  const auto not_a_file = read("");
  ASSERT_FALSE(not_a_file);
  EXPECT_THAT(not_a_file.error().message, HasSubstr("Is a directory"));
  // A file whose size the system does not tell.
  const auto status = read_file_if_any(AT_FDCWD, "/proc/self/status", "");
  EXPECT_THAT(status->value(), HasSubstr("Threads:"));
}

}  // namespace
}  // namespace bikeflow
