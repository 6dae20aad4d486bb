#include "io/new_file.h"

#include <sys/stat.h>
#include <sys/syscall.h>

#include <array>
#include <filesystem>

#include <gmock/gmock.h>

#include "io/byte_source.h"
#include "test/child.h"

namespace bikeflow {
namespace {

using ::testing::HasSubstr;

std::string unpacked(const std::string& path) {
  ByteSource source = ByteSource::open(path).value();
  std::string text;
  std::array<char, 10'000> room{};
  while (const std::size_t got = source.read(room).value()) text.append(room.data(), got);
  return text;
}

TEST(NewFile, AppearsWholeAndReplacesWhatWasThere) {
  const TempFolder folder;
  const std::string path = folder / "a.txt";
  write_file(path, "before");
  NewFile file = NewFile::create(path).value();
  ASSERT_TRUE(file.write("one "));
  ASSERT_TRUE(file.write("two"));
  EXPECT_EQ(read_file(path), "before");
  ASSERT_TRUE(file.finish());
  EXPECT_EQ(read_file(path), "one two");
  EXPECT_EQ(file.stored_bytes(), 7);
  EXPECT_FALSE(std::filesystem::exists(path + ".part"));
}

TEST(NewFile, LeavesNothingBehindWhenItIsNotFinished) {
  const TempFolder folder;
  const std::string path = folder / "a.txt";
  {
    NewFile file = NewFile::create(path).value();
    ASSERT_TRUE(file.write("half"));
    const NewFile moved = std::move(file);
    EXPECT_TRUE(std::filesystem::exists(path + ".part"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(NewFile, TakesOverWhatADeadProcessLeft) {
  const TempFolder folder;
  const std::string path = folder / "a.txt";
  write_file(path + ".part", "a long rest of a run that was killed");
  NewFile file = NewFile::create(path).value();
  ASSERT_TRUE(file.write("new"));
  ASSERT_TRUE(file.finish());
  EXPECT_EQ(read_file(path), "new");
}

TEST(NewFile, PacksByItsName) {
  const TempFolder folder;
  std::string text;
  for (std::int64_t i = 0; i < 200'000; ++i) text += fmt::format("{} bikes\n", i * i % 977);
  for (const std::string name : {"a.gz", "a.zst", "a.ndjson"}) {
    NewFile file = NewFile::create(folder / name).value();
    for (std::size_t at = 0; at < text.size(); at += 99'991) {
      ASSERT_TRUE(file.write(std::string_view(text).substr(at, 99'991)));
    }
    ASSERT_TRUE(file.finish());
    EXPECT_EQ(unpacked(folder / name), text) << name;
    const std::string stored = read_file(folder / name);
    EXPECT_EQ(file.stored_bytes(), std::ssize(stored));
    EXPECT_EQ(stored.size() < text.size() / 3, name != "a.ndjson") << name;
  }
}

TEST(NewFile, AnEmptyPackedFileCanBeReadToo) {
  const TempFolder folder;
  for (const std::string name : {"a.gz", "a.zst"}) {
    ASSERT_TRUE(NewFile::create(folder / name).value().finish());
    EXPECT_EQ(unpacked(folder / name), "");
  }
}

TEST(NewFile, APipeIsNotReplaced) {
  const TempFolder folder;
  const std::string path = folder / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const File reader = open_file(path, O_RDWR).value();
  NewFile file = NewFile::create(path).value();
  ASSERT_TRUE(file.write("through"));
  ASSERT_TRUE(file.finish());
  EXPECT_TRUE(std::filesystem::is_fifo(path));
  std::array<char, 7> got{};
  ASSERT_EQ(::read(reader.descriptor(), got.data(), got.size()), 7);
  EXPECT_EQ(std::string_view(got.data(), got.size()), "through");
}

TEST(NewFile, SaysWhatIsWrong) {
  const TempFolder folder;
  EXPECT_THAT(NewFile::create(folder.path()).error().message, HasSubstr("is a folder"));
  EXPECT_THAT(NewFile::create(folder / "none/a.txt").error().message,
              HasSubstr("none/a.txt.part: cannot create: No such file or directory"));
  const std::string path = folder / "a.txt";
  NewFile first = NewFile::create(path).value();
  ASSERT_TRUE(first.write("first"));
  EXPECT_EQ(NewFile::create(path).error().message, path + ": another process is writing it");
  ASSERT_TRUE(first.finish());
  EXPECT_EQ(read_file(path), "first");
}

TEST(NewFile, AFullDiskIsAnErrorAndLeavesNothing) {
  const TempFolder folder;
  const std::string path = folder / "a.txt";
  const std::string said = in_child([&]() -> std::string {
    NewFile file = NewFile::create(path).value();
    fail_system_call(SYS_write, ENOSPC, 2,
                     1024);  // writes of 1,024 bytes; the child's word is shorter
    const auto written = file.write(std::string(1024, 'x'));
    return written ? "written" : written.error().message;
  });
  EXPECT_THAT(said, HasSubstr("no space left for " + path));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace bikeflow
