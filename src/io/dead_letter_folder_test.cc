#include "io/dead_letter_folder.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "test/child.h"

namespace bikeflow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::uint64_t kPlenty = std::uint64_t{1} << 30;
constexpr Seconds kNoon = 1'723'377'600;  // 2024-08-11T12:00:00Z

DeadLetter letter_of(int number, std::size_t size_bytes = 10) {
  return {"seoul",
          {},
          kNoon + number,
          {Reason::kBadBikes, fmt::format("{}", number), {}},
          std::string(size_bytes, 'x')};
}

std::unique_ptr<DeadLetterFolder> opened(const std::string& folder,
                                         std::uint64_t most_bytes = kPlenty) {
  auto opened = DeadLetterFolder::open(folder, most_bytes);
  EXPECT_TRUE(opened) << opened.error().message;
  return opened ? *std::move(opened) : nullptr;
}

Result<void> keep(DeadLetterFolder& folder, const DeadLetter& letter) {
  folder.add({letter});
  return folder.keep(letter.received_at);
}

std::map<std::string, std::string> files_in(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    files[entry.path().filename()] = read_file(entry.path());
  }
  return files;
}

// Of each line of each file, as numbered above.
std::vector<int> numbers_in(const std::string& folder) {
  std::vector<int> numbers;
  for (const auto& [name, text] : files_in(folder)) {
    EXPECT_TRUE(text.empty() || text.ends_with('\n')) << name;
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = text.find('\n', begin);
      const auto line = nlohmann::json::parse(text.substr(begin, end - begin));
      numbers.push_back(std::stoi(line.at("detail").get<std::string>()));
      begin = end + 1;
    }
  }
  return numbers;
}

std::uint64_t size_of(const std::string& folder) {
  std::uint64_t size_bytes = 0;
  for (const auto& [name, text] : files_in(folder)) size_bytes += text.size();
  return size_bytes;
}

TEST(DeadLetterFolder, HasALineForEachByTheDay) {
  const TempFolder temp;
  const std::string path = temp / "spool/dead_letter";
  const auto folder = opened(path);
  ASSERT_TRUE(folder->keep(kNoon));
  EXPECT_FALSE(std::filesystem::exists(path)) << "nothing was to be kept";
  DeadLetter strange = letter_of(0);
  strange.refusal = {Reason::kNotJson, "0 \"", 4};
  strange.record = std::string("a\xFF\n\"\0z", 6);
  folder->add({strange, letter_of(1)});
  ASSERT_TRUE(folder->keep(kNoon));
  ASSERT_TRUE(keep(*folder, letter_of(2)));
  ASSERT_TRUE(keep(*folder, letter_of(12 * 3600)));
  const auto files = files_in(path);
  ASSERT_EQ(files.size(), 2U);
  const std::string& day = files.at("2024-08-11-0001.ndjson");
  EXPECT_EQ(day.substr(0, day.find('\n') + 1),
            R"({"source":"seoul","received_at":"2024-08-11T12:00:00Z","reason":"not_json",)"
            R"("detail":"0 \"","byte":4,"record":"a\ufffd\n\"\u0000z"})"
            "\n");
  EXPECT_THAT(day, HasSubstr(R"("byte":null,"record":"xxxxxxxxxx"})"));
  EXPECT_TRUE(files.contains("2024-08-12-0001.ndjson"));
  EXPECT_THAT(numbers_in(path), ElementsAre(0, 1, 2, 12 * 3600));
}

TEST(DeadLetterFolder, TheNextProcessGoesOnBehindALineThatACrashHasCut) {
  const TempFolder temp;
  const std::string path = temp / "2024-08-11-0001.ndjson";
  ASSERT_TRUE(keep(*opened(temp.path()), letter_of(0)));
  const std::string line = read_file(path);
  for (std::size_t cut = 0; cut < line.size(); cut += cut + 10 < line.size() ? 10 : 1) {
    std::ofstream(path, std::ios::binary) << line << line.substr(0, cut);
    const auto folder = opened(temp.path());
    ASSERT_EQ(read_file(path), line);
    ASSERT_TRUE(keep(*folder, letter_of(1)));
    ASSERT_THAT(numbers_in(temp.path()), ElementsAre(0, 1));
    std::ofstream(path, std::ios::binary) << line.substr(0, cut);
    ASSERT_TRUE(keep(*opened(temp.path()), letter_of(1)));
    ASSERT_THAT(numbers_in(temp.path()), ElementsAre(1));
  }
  // A long one, and of a day that is never appended to again.
  std::ofstream(path, std::ios::binary) << line << line.substr(0, 20) << std::string(9000, 'x');
  ASSERT_TRUE(keep(*opened(temp.path()), letter_of(12 * 3600)));
  EXPECT_THAT(numbers_in(temp.path()), ElementsAre(0, 12 * 3600));
}

TEST(DeadLetterFolder, TheOldestMakeRoomAlsoWithinADay) {
  const TempFolder temp;
  constexpr std::uint64_t kMost = 20'000;
  auto folder = opened(temp.path(), kMost);
  write_file(temp / "2000-01-01-1.ndjson", std::string(100'000, 'x'));  // nothing of ours
  write_file(temp / "notes.txt-0001.ndjson", "x");
  const auto own_bytes = [&] { return size_of(temp.path()) - 100'001; };
  ASSERT_TRUE(keep(*folder, letter_of(0, 1000)));
  const std::uint64_t line_bytes = own_bytes();
  for (int i = 1; i < 100; ++i) {  // a byte more from 10 on
    ASSERT_TRUE(keep(*folder, letter_of(i, 1000)));
    ASSERT_LE(own_bytes(), kMost);
  }
  std::filesystem::remove(temp / "2000-01-01-1.ndjson");
  std::filesystem::remove(temp / "notes.txt-0001.ndjson");
  const std::vector<int> kept = numbers_in(temp.path());
  EXPECT_GE(kept.size(), 14U) << "a file goes at a time, and the files are small";
  EXPECT_EQ(kept.back(), 99);
  EXPECT_EQ(kept.front(), 100 - std::ssize(kept)) << "none in between is gone";
  EXPECT_EQ(folder->gone_bytes() + size_of(temp.path()), 10 * line_bytes + 90 * (line_bytes + 1));

  ASSERT_TRUE(keep(*folder, letter_of(12 * 3600, 1000)));
  folder = opened(temp.path(), 2'000);
  EXPECT_THAT(numbers_in(temp.path()), ElementsAre(12 * 3600)) << "the day before goes first";
}

TEST(DeadLetterFolder, MoreAtOnceThanThereIsRoomForKeepsTheLast) {
  const TempFolder temp;
  const auto folder = opened(temp.path(), 3'400);
  ASSERT_TRUE(keep(*folder, letter_of(0)));
  std::vector<DeadLetter> letters;
  for (int i = 1; i <= 9; ++i) letters.push_back(letter_of(i, 1000));
  folder->add(letters);
  ASSERT_TRUE(folder->keep(kNoon));
  EXPECT_THAT(numbers_in(temp.path()), ElementsAre(7, 8, 9));
  EXPECT_LE(size_of(temp.path()), 3'400U);
}

// Stopped amid the second line.
TEST(DeadLetterFolder, WhatTheDiskDoesNotTakeWaitsAndIsThereOnce) {
  const TempFolder temp;
  EXPECT_EQ(in_child([&]() -> std::string {
              const auto folder = opened(temp.path());
              if (!keep(*folder, letter_of(0))) return "refused from the beginning";
              const std::uint64_t line_bytes = size_of(temp.path());
              std::signal(SIGXFSZ, SIG_IGN);
              rlimit limit{};
              ::getrlimit(RLIMIT_FSIZE, &limit);
              const rlim_t all = std::exchange(limit.rlim_cur, line_bytes * 5 / 2);
              ::setrlimit(RLIMIT_FSIZE, &limit);
              folder->add({letter_of(1), letter_of(2)});
              for (int i = 0; i < 2; ++i) {
                const auto kept = folder->keep(kNoon);
                if (kept) return "kept";
                if (!kept.error().message.contains("2024-08-11-0001.ndjson: cannot write")) {
                  return kept.error().message;
                }
                if (size_of(temp.path()) != line_bytes) return "something of it is there";
              }
              limit.rlim_cur = all;
              ::setrlimit(RLIMIT_FSIZE, &limit);
              folder->add({letter_of(3)});
              return folder->keep(kNoon) && folder->waiting_bytes() == 0 ? "kept at last" : "lost";
            }),
            "kept at last");
  EXPECT_THAT(numbers_in(temp.path()), ElementsAre(0, 1, 2, 3));
}

TEST(DeadLetterFolder, WhatMayNotSurviveIsAnErrorAndWaits) {
  const TempFolder temp;
  ASSERT_TRUE(keep(*opened(temp.path()), letter_of(0)));
  EXPECT_THAT(in_child([&]() -> std::string {
                const auto folder = opened(temp.path());
                fail_system_call(SYS_fsync, EIO);
                const auto kept = keep(*folder, letter_of(1));
                return kept || folder->waiting_bytes() == 0 ? "kept" : kept.error().message;
              }),
              HasSubstr("2024-08-11-0001.ndjson: cannot sync: Input/output error"));
  EXPECT_THAT(numbers_in(temp.path()), ElementsAre(0));
}

TEST(DeadLetterFolder, WhatWaitsForTheDiskIsBounded) {
  const TempFolder temp;
  const auto folder = opened(temp / "spool");
  write_file(temp / "spool", "in the way");
  constexpr std::size_t kRecord = std::size_t{1} << 20;
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(keep(*folder, letter_of(i, kRecord)));
  EXPECT_LE(folder->waiting_bytes(), DeadLetterFolder::kMostInMemoryBytes);
  EXPECT_GT(folder->lost_bytes(), 4 * kRecord);
  EXPECT_EQ(folder->gone_bytes(), 0U);
  std::filesystem::remove(temp / "spool");
  ASSERT_TRUE(folder->keep(kNoon));
  EXPECT_EQ(numbers_in(temp / "spool").front(), 5);
  EXPECT_EQ(numbers_in(temp / "spool").back(), 19);
}

// As one that another user has made; whoever runs the tests may be allowed everything.
TEST(DeadLetterFolder, AFileThatIsNotItsOwnIsLeftAlone) {
  const TempFolder temp;
  ASSERT_TRUE(keep(*opened(temp.path()), letter_of(0)));
  const std::string name = temp / "2024-08-11-0001.ndjson";
  const auto is_refused = [&] {
    const File file(::open(name.c_str(), O_RDWR | O_CLOEXEC));
    return !file.is_open();
  };
  const std::string said = in_child([&]() -> std::string {
    ::chmod(name.c_str(), 0444);
    if (!is_refused() && (::chmod(temp.path().c_str(), 0777) != 0 || ::setuid(65534) != 0)) {
      return "no other user";
    }
    if (!is_refused()) return "it can be written";
    const auto folder = opened(temp.path());
    if (folder == nullptr) return "refused";
    if (auto kept = keep(*folder, letter_of(1)); !kept) return kept.error().message;
    if (auto kept = keep(*folder, letter_of(2)); !kept) return kept.error().message;
    return "kept";
  });
  EXPECT_EQ(said, "kept");
  EXPECT_THAT(numbers_in(temp.path()), ElementsAre(0, 1, 2));
  EXPECT_TRUE(std::filesystem::exists(temp / "2024-08-11-0002.ndjson"));
}

TEST(DeadLetterFolder, AClockThatIsSetBackMovesNothingToTheFront) {
  const TempFolder temp;
  const auto folder = opened(temp.path());
  ASSERT_TRUE(keep(*folder, letter_of(12 * 3600)));
  folder->add({letter_of(1)});
  ASSERT_TRUE(folder->keep(kNoon));
  EXPECT_THAT(numbers_in(temp.path()), ElementsAre(12 * 3600, 1));
  EXPECT_EQ(files_in(temp.path()).size(), 1U);
}

TEST(DeadLetterFolder, MoreThanMemoryHoldsIsKeptByADiskThatWorks) {
  const TempFolder temp;
  const auto folder = opened(temp.path());
  std::vector<DeadLetter> letters;
  for (int i = 0; i < 20; ++i) letters.push_back(letter_of(i, std::size_t{1} << 20));
  folder->add(letters);
  ASSERT_TRUE(folder->keep(kNoon));
  EXPECT_EQ(numbers_in(temp.path()).size(), 20U);
  EXPECT_EQ(folder->gone_bytes() + folder->lost_bytes(), 0U);
}

TEST(DeadLetterFolder, WhatCannotBeUsedIsSaidAtOnce) {
  const TempFolder temp;
  write_file(temp / "file", "");
  const auto folder = DeadLetterFolder::open(temp / "file", kPlenty);
  ASSERT_FALSE(folder);
  EXPECT_THAT(folder.error().message, HasSubstr(temp / "file: cannot open: Not a directory"));
}

}  // namespace
}  // namespace bikeflow
