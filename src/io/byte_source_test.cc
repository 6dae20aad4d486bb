#include "io/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include <gmock/gmock.h>

#include "test/child.h"
#include "test/compress.h"

namespace bikeflow {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Lines that compress neither too well nor too badly.
std::string some_text(std::size_t size) {
  std::string text;
  std::uint64_t number = 1;
  while (text.size() < size) {
    number = number * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
    text += fmt::format("ST-{} has {} bikes\n", number >> 54, number >> 40 & 63);
  }
  text.resize(size);
  return text;
}

struct Outcome {
  std::string text;   // what was read before the end or the error
  std::string error;  // empty: the end
};

Outcome read_on(ByteSource& source, std::size_t room) {
  Outcome outcome;
  std::string buffer(room, '\0');
  while (true) {
    const auto got = source.read(buffer);
    if (!got) {
      outcome.error = got.error().message;
      const auto again = source.read(buffer);
      EXPECT_EQ(again ? "bytes" : again.error().message, outcome.error) << "an error stays";
      return outcome;
    }
    if (*got == 0) return outcome;
    outcome.text.append(buffer, 0, *got);
    EXPECT_EQ(source.offset(), outcome.text.size());
  }
}

Outcome read_all(const std::string& path, std::size_t room = 1000) {
  auto source = ByteSource::open(path);
  if (!source) return {"", source.error().message};
  return read_on(*source, room);
}

class ByteSourceTest : public ::testing::Test {
 protected:
  // Reads `bytes` as a file, by rooms small and large.
  Outcome of_file(const std::string& bytes, const std::string& name = "input") {
    write_file(folder_ / name, bytes);
    const Outcome outcome = read_all(folder_ / name, 1 << 20);
    for (const std::size_t room : {std::size_t{1}, std::size_t{999}}) {
      if (room == 1 && bytes.size() > 100'000) continue;
      const Outcome other = read_all(folder_ / name, room);
      EXPECT_EQ(other.text.size(), outcome.text.size()) << room;
      EXPECT_TRUE(other.text == outcome.text) << room;
      EXPECT_EQ(other.error, outcome.error) << room;
    }
    return outcome;
  }
  TempFolder folder_;
};

TEST_F(ByteSourceTest, ReadsPlainAndPackedFilesByContentWhateverTheirName) {
  const std::string text = some_text(3'000'000);
  for (const std::string& stored : {text, gzip(text), zstd(text)}) {
    const Outcome outcome = of_file(stored, "input.txt");
    EXPECT_EQ(outcome.error, "");
    EXPECT_TRUE(outcome.text == text);
  }
  EXPECT_EQ(of_file("{\"plain\":1}\n", "input.gz").text, "{\"plain\":1}\n");
}

TEST_F(ByteSourceTest, EmptyInputsHaveNoBytes) {
  for (const std::string& stored : {std::string(), gzip(""), zstd(""), gzip("") + gzip("")}) {
    const Outcome outcome = of_file(stored);
    EXPECT_EQ(outcome.text, "");
    EXPECT_EQ(outcome.error, "");
  }
}

TEST_F(ByteSourceTest, ShortFilesAreReadWhole) {
  for (const std::string text : {"a", "ab", "abc", "\x1F", "\x28", "\x28\xB5\x2F"}) {
    EXPECT_EQ(of_file(text).text, text);
  }
}

TEST_F(ByteSourceTest, SeveralMembersAndFramesAreOneStream) {
  const std::string a = some_text(70'000);
  const std::string skip("\x5A\x2A\x4D\x18\x03\x00\x00\x00xyz", 11);
  const auto joined = [](std::initializer_list<std::string> parts) {
    std::string all;
    for (const std::string& part : parts) all += part;
    return all;
  };
  for (const std::string& stored :
       {joined({gzip(a), gzip(""), gzip("end")}),
        joined({gzip(a), std::string(700, '\0'), gzip("end"), std::string(1, '\0')}),
        joined({zstd(a), zstd(""), zstd("end")}),
        joined({skip, zstd(a), skip, zstd("end"), skip})}) {
    const Outcome outcome = of_file(stored);
    EXPECT_EQ(outcome.error, "");
    EXPECT_TRUE(outcome.text == a + "end");
  }
}

TEST_F(ByteSourceTest, ATruncatedFileGivesWhatCameBeforeAndThenSaysWhere) {
  const std::string text = some_text(500'000);
  for (const std::string& whole : {gzip(text), zstd(text)}) {
    for (const std::size_t kept :
         {whole.size() - 1, whole.size() - 9, whole.size() / 2, std::size_t{12}, std::size_t{5}}) {
      const Outcome outcome = of_file(whole.substr(0, kept));
      EXPECT_TRUE(text.starts_with(outcome.text));
      EXPECT_GE(outcome.text.size(), kept > whole.size() / 3 ? text.size() / 4 : 0) << kept;
      EXPECT_THAT(outcome.error, StartsWith(folder_ / "input: the "));
      EXPECT_THAT(outcome.error, HasSubstr(fmt::format(
                                     "data break off at byte {}: the file is not whole; what came "
                                     "before, {} bytes unpacked, was read",
                                     kept, outcome.text.size())));
    }
  }
  EXPECT_THAT(of_file(gzip("a") + gzip("b").substr(0, 4)).error, HasSubstr("break off at byte 25"));
}

TEST_F(ByteSourceTest, DamageIsFoundAndTheBytesBeforeItAreGiven) {
  const std::string text = some_text(2'000'000);
  for (std::string stored : {gzip(text), zstd(text)}) {
    stored[stored.size() / 2] = static_cast<char>(stored[stored.size() / 2] ^ 0x55);
    const Outcome outcome = of_file(stored);
    // gzip may go on for a while before it notices; its checksum at the end notices for certain.
    EXPECT_GT(outcome.text.size(), text.size() / 4);
    EXPECT_TRUE(text.starts_with(outcome.text.substr(0, text.size() / 4)));
    EXPECT_THAT(outcome.error, HasSubstr("data are damaged near byte "));
    EXPECT_THAT(outcome.error, HasSubstr(fmt::format(", {} bytes unpacked,", outcome.text.size())));
  }
}

TEST_F(ByteSourceTest, AWrongChecksumAndWhatFollowsTheEndAreErrors) {
  std::string stored = gzip("some text");
  stored[stored.size() - 8] ^= 1;
  EXPECT_EQ(of_file(stored).text, "some text");
  EXPECT_THAT(of_file(stored).error, HasSubstr("incorrect data check"));
  stored = zstd("some text");
  stored[stored.size() - 1] ^= 1;
  EXPECT_THAT(of_file(stored).error, HasSubstr("checksum"));
  EXPECT_THAT(of_file(gzip("text") + "more").error, HasSubstr("damaged near byte"));
  EXPECT_EQ(of_file(gzip("text") + "more").text, "text");
  EXPECT_THAT(of_file(zstd("text") + "more").error, HasSubstr("damaged near byte"));
}

TEST_F(ByteSourceTest, AZstdWindowThatWouldNeedTooMuchMemoryIsRefused) {
  const std::string text = some_text(300'000);
  EXPECT_EQ(of_file(zstd(text, 19, 27)).error, "");
  EXPECT_THAT(of_file(zstd(text, 19, 28)).error, HasSubstr("zstd -d --long=31"));
}

TEST_F(ByteSourceTest, OtherCompressionsAreNamed) {
  EXPECT_EQ(of_file("BZh91AY").error,
            (folder_ / "input") +
                ": is compressed as bzip2, which is not read; unpack it first, or "
                "pipe it in: ... | bikeflow backfill -");
  EXPECT_THAT(of_file(std::string("\xFD\x37zXZ\0", 6)).error, HasSubstr("as xz"));
  EXPECT_THAT(of_file("PK\x03\x04....").error, HasSubstr("as a zip archive"));
  EXPECT_THAT(of_file("\x04\x22\x4D\x18....").error, HasSubstr("as lz4"));
}

TEST_F(ByteSourceTest, MissingFilesFoldersAndFilesThatAreNotOursAreNamed) {
  EXPECT_EQ(read_all("/no/such.csv").error,
            "/no/such.csv: cannot open: No such file or directory; is the name right?");
  EXPECT_EQ(read_all(folder_.path()).error,
            folder_.path() + ": is a folder; name the files in it, for example " + folder_.path() +
                "/*.csv.gz");
  write_file(folder_ / "secret", "1");
  std::filesystem::permissions(folder_ / "secret", std::filesystem::perms::none);
  EXPECT_THAT(
      in_child([&] {
        // Root may read everything, so it becomes somebody who may not.
        if (::getuid() == 0 &&
            (::chmod(folder_.path().c_str(), 0755) != 0 || ::setuid(65534) != 0)) {
          return std::string("still root");
        }
        return read_all(folder_ / "secret").error;
      }),
      StartsWith(folder_ / "secret: cannot open: Permission denied; change the owner or the mode"));
}

TEST_F(ByteSourceTest, AFailedReadIsAnErrorAfterTheBytesBeforeIt) {
  write_file(folder_ / "input", some_text(1'000'000));
  EXPECT_THAT(
      in_child([&] {
        auto source = ByteSource::open(folder_ / "input");
        std::string room(300'000, '\0');
        (void)source->read(room);
        fail_system_call(SYS_read, EIO);
        const auto got = source->read(room);
        return got ? "bytes" : got.error().message;
      }),
      StartsWith(folder_ / "input: cannot read: Input/output error; the disk reports a failure"));
}

TEST_F(ByteSourceTest, SkipsToAnyOffset) {
  const std::string text = some_text(1'000'000);
  const std::vector<std::string> forms = {
      text, gzip(text.substr(0, 400'000)) + gzip(text.substr(400'000)), zstd(text)};
  for (const std::string& stored : forms) {
    write_file(folder_ / "input", stored);
    for (const std::size_t offset :
         {0UL, 1UL, 5'000UL, 262'144UL, 400'000UL, 999'999UL, 1'000'000UL}) {
      auto source = ByteSource::open(folder_ / "input");
      std::string first(10, '\0');
      const std::size_t start = offset >= 5'000 ? *source->read(first) : 0;
      ASSERT_TRUE(source->skip_to(static_cast<std::int64_t>(offset)));
      EXPECT_EQ(source->offset(), offset);
      std::string rest(text.size() + 1, '\0');
      rest.resize(*source->read(rest));
      EXPECT_TRUE(rest == text.substr(offset)) << offset << " from " << start;
      EXPECT_EQ(source->stored_bytes_read(), stored.size());
    }
    auto source = ByteSource::open(folder_ / "input");
    const auto skipped = source->skip_to(1'000'001);
    ASSERT_FALSE(skipped);
    EXPECT_THAT(
        skipped.error().message,
        EndsWith("ends at byte 1000000, but was read up to byte 1000001 before: it is another "
                 "file now"));
  }
}

TEST_F(ByteSourceTest, TellsHowFarItIs) {
  const std::string text = some_text(4'000'000);
  for (const std::string& stored : {text, gzip(text)}) {
    write_file(folder_ / "input", stored);
    auto source = ByteSource::open(folder_ / "input");
    EXPECT_EQ(source->stored_bytes(), stored.size());
    EXPECT_EQ(source->stored_bytes_read(), 0);
    std::string half(text.size() / 2, '\0');
    ASSERT_EQ(*source->read(half), half.size());
    EXPECT_NEAR(static_cast<double>(source->stored_bytes_read()),
                static_cast<double>(stored.size()) / 2, static_cast<double>(stored.size()) / 20);
  }
}

TEST_F(ByteSourceTest, AFileEndsWhereItEndedWhenItWasOpened) {
  write_file(folder_ / "input", "first");
  auto source = ByteSource::open(folder_ / "input");
  std::ofstream(folder_ / "input", std::ios::app) << " and more";
  EXPECT_EQ(read_on(*source, 100).text, "first");

  write_file(folder_ / "cut", some_text(600'000));
  auto cut = ByteSource::open(folder_ / "cut");
  std::filesystem::resize_file(folder_ / "cut", 500'000);
  const Outcome outcome = read_on(*cut, 1000);
  EXPECT_EQ(outcome.text.size(), 500'000);
  EXPECT_THAT(outcome.error,
              HasSubstr("had 600000 bytes when it was opened and ends after 500000 now"));
}

TEST_F(ByteSourceTest, ReadsPipesThatGiveLittleAtATime) {
  const std::string text = some_text(100'000);
  for (const std::string& stored : {std::string("12345"), gzip("tiny"), gzip(text), zstd(text)}) {
    ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
    {
      const std::jthread writer([&] {
        const File pipe(::open((folder_ / "pipe").c_str(), O_WRONLY));
        for (std::size_t i = 0; i < stored.size();) {
          const std::size_t size = i < 10 ? 1 : 777;
          (void)write_all(pipe, std::string_view(stored).substr(i, size), "");
          i += size;
        }
      });
      auto source = ByteSource::open(folder_ / "pipe");
      EXPECT_EQ(source->stored_bytes(), std::nullopt);
      const Outcome outcome = read_on(*source, 5000);
      EXPECT_EQ(outcome.error, "");
      EXPECT_TRUE(outcome.text == text || outcome.text == "12345" || outcome.text == "tiny");
      EXPECT_EQ(source->stored_bytes_read(), stored.size());
    }
    std::filesystem::remove(folder_ / "pipe");
  }
}

TEST_F(ByteSourceTest, ReadsStandardInputFromAPipeAndFromAFile) {
  const std::string text = some_text(50'000);
  write_file(folder_ / "input", gzip(text));
  const auto read_stdin = [&](int flags) {
    return in_child([&] {
      std::array<int, 2> pipe{};
      if (::pipe2(pipe.data(), flags) != 0) return std::string("no pipe");
      const std::jthread writer([&] {
        for (std::size_t i = 0; i < text.size(); i += 5000) {
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
          (void)!::write(pipe[1], text.data() + i, 5000);
        }
        ::close(pipe[1]);
      });
      ::dup2(pipe[0], STDIN_FILENO);
      const Outcome outcome = read_all("-");
      return outcome.text == text ? "same" + outcome.error : "other" + outcome.error;
    });
  };
  EXPECT_EQ(read_stdin(0), "same");
  EXPECT_EQ(read_stdin(O_NONBLOCK), "same");
  EXPECT_EQ(in_child([&] {
              ::dup2(::open((folder_ / "input").c_str(), O_RDONLY), STDIN_FILENO);
              auto source = ByteSource::open("-");
              const bool is_same = read_on(*source, 1000).text == text;
              return fmt::format("{} {} {}", source->name(), is_same,
                                 *source->stored_bytes() == source->stored_bytes_read());
            }),
            "standard input true true");
  EXPECT_THAT(in_child([&] {
                ::close(STDIN_FILENO);
                return read_all("-").error;
              }),
              StartsWith("standard input: cannot open: Bad file descriptor"));
}

}  // namespace
}  // namespace bikeflow
