#include "feed/lines.h"

#include <string>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "model/dead_letter.h"

namespace bikeflow {
namespace {

struct Line {
  std::string text;
  bool is_too_large = false;
  friend bool operator==(const Line&, const Line&) = default;
};

// The lines of `bytes` as they come in pieces of one size, and how much had to be kept at most.
std::vector<Line> frame(const std::string& bytes, std::size_t piece,
                        std::size_t* most_kept = nullptr) {
  LineFramer framer;
  std::vector<Line> lines;
  std::string kept;
  for (std::size_t at = 0; at <= bytes.size(); at += piece) {
    kept += bytes.substr(at, piece);
    std::string_view rest = kept;
    const bool is_last = at + piece > bytes.size();
    while (const auto line = framer.next(rest, is_last)) {
      lines.push_back({std::string(line->record), line->is_too_large});
    }
    kept.erase(0, kept.size() - rest.size());
    if (most_kept != nullptr) *most_kept = std::max(*most_kept, kept.size());
  }
  EXPECT_EQ(kept, "");
  return lines;
}

std::vector<Line> lines(std::vector<std::string> texts) {
  std::vector<Line> result;
  for (std::string& text : texts) result.push_back({std::move(text)});
  return result;
}

TEST(LineFramer, LinesWithAndWithoutTheLastEnd) {
  for (std::size_t piece = 1; piece < 8; ++piece) {
    EXPECT_EQ(frame("", piece), lines({}));
    EXPECT_EQ(frame("a", piece), lines({"a"}));
    EXPECT_EQ(frame("a\n", piece), lines({"a"}));
    EXPECT_EQ(frame("a\nbc\n\nd", piece), lines({"a", "bc", "", "d"}));
    EXPECT_EQ(frame("\n\n", piece), lines({"", ""}));
    EXPECT_EQ(frame("a\r\nb\r\n", piece), lines({"a\r", "b\r"}));
  }
}

TEST(LineFramer, ALineThatIsTooLargeIsNotHeldInMemory) {
  const std::string large = std::string(10 << 20, 'x');
  const std::string bytes = "a\n" + large + "\nb\n" + large;
  const std::vector<Line> expected = {{"a"},
                                      {large.substr(0, kDeadLetterRecordBytes), true},
                                      {"b"},
                                      {large.substr(0, kDeadLetterRecordBytes), true}};
  for (const std::size_t piece : {std::size_t{100'000}, kMaxRecordBytes, std::size_t{30} << 20}) {
    std::size_t most_kept = 0;
    EXPECT_EQ(frame(bytes, piece, &most_kept), expected);
    EXPECT_LE(most_kept, kMaxRecordBytes);
  }
}

TEST(LineFramer, TheLargestLine) {
  const std::string largest(kMaxRecordBytes, 'x');
  for (const std::size_t piece : {std::size_t{100'000}, kMaxRecordBytes, kMaxRecordBytes + 1}) {
    EXPECT_EQ(frame(fmt::format("{0}\n{0}", largest), piece), lines({largest, largest}));
    EXPECT_EQ(frame(largest + "x\na", piece),
              (std::vector<Line>{{largest.substr(0, kDeadLetterRecordBytes), true}, {"a"}}));
  }
}

// A framer is used again for the next stretch of whole records.
TEST(LineFramer, BeginsAnewAfterTheEnd) {
  LineFramer framer;
  const std::string large(kMaxRecordBytes + 1, 'x');
  std::string_view rest = large;
  EXPECT_TRUE(framer.next(rest, true)->is_too_large);
  EXPECT_FALSE(framer.next(rest, true).has_value());
  rest = "a\n";
  EXPECT_EQ(framer.next(rest, true)->record, "a");
}

}  // namespace
}  // namespace bikeflow
