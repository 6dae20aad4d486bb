#include "feed/csv_framer.h"

#include <random>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "feed/csv_fields.h"

namespace bikeflow {
namespace {

using Records = std::vector<std::string>;

// The records of `bytes` as they come in pieces of the given sizes, taken in turn; one that is too
// large is marked.
Records frame(const std::string& bytes, const std::vector<std::size_t>& pieces,
              char separator = ',') {
  CsvFramer framer(separator);
  Records records;
  std::string kept;
  std::size_t at = 0;
  for (std::size_t i = 0; at <= bytes.size(); ++i) {
    const std::size_t piece = pieces[i % pieces.size()];
    kept += bytes.substr(at, piece);
    at += piece;
    std::string_view rest = kept;
    while (const auto record = framer.next(rest, at > bytes.size())) {
      records.push_back((record->is_too_large ? "LARGE:" : "") + std::string(record->record));
    }
    kept.erase(0, kept.size() - rest.size());
    EXPECT_LE(kept.size(), kMaxRecordBytes);
  }
  EXPECT_EQ(kept, "");
  return records;
}

void expect_records(const std::string& bytes, const Records& expected) {
  for (std::size_t piece = 1; piece <= bytes.size() + 1; ++piece) {
    ASSERT_EQ(frame(bytes, {piece}), expected) << bytes << piece;
  }
}

TEST(CsvFramer, Lines) {
  expect_records("a,b\nc,d", {"a,b", "c,d"});
  expect_records("a,b\r\nc,d\r\n", {"a,b", "c,d"});
  expect_records("a\n\n\r\nb\n", {"a", "", "", "b"});
  expect_records("a\rb\r", {"a\rb"});
  expect_records("", {});
}

TEST(CsvFramer, QuotedFields) {
  expect_records("a,\"b,\nc\",d\ne", {"a,\"b,\nc\",d", "e"});
  expect_records("\"a\r\nb\"\r\nc", {"\"a\r\nb\"", "c"});
  expect_records("\"a\"\"\n\"\"b\"\nc\n", {"\"a\"\"\n\"\"b\"", "c"});
  expect_records("\"\",\"\"\n\"\"\n", {"\"\",\"\"", "\"\""});
  expect_records("\"a\nb\"", {"\"a\nb\""});
  expect_records("\"a\nb\"\r", {"\"a\nb\""});
  expect_records("12\" wheel,b\nc,d\n", {"12\" wheel,b", "c,d"});  // no quote at a field's begin
}

TEST(CsvFramer, BrokenQuotesCostOneLine) {
  expect_records("\"a,b\nc,d\ne\n", {"\"a,b", "c,d", "e"});      // never closed
  expect_records("a,\"b\nc,\"d\ne\n", {"a,\"b", "c,\"d", "e"});  // closed by another line's
  expect_records("\"a\"x,b\r\nc\n", {"\"a\"x,b", "c"});          // something after the quote
  expect_records("\"a\nb\"x\nc\n", {"\"a", "b\"x", "c"});
  expect_records("\"a\nb\"\rc\nd\n", {"\"a", "b\"\rc", "d"});
  expect_records("\"", {"\""});
  expect_records("\"a\n\"\"", {"\"a", "\"\""});
}

TEST(CsvFramer, OtherSeparators) {
  EXPECT_EQ(frame("a;\"b;\n\";c\nd", {3}, ';'), (Records{"a;\"b;\n\";c", "d"}));
  EXPECT_EQ(frame("a;\"b;\n\";c\nd", {3}, ','), (Records{"a;\"b;", "\";c", "d"}));
  EXPECT_EQ(frame("\"a\nb\"|c\nd", {3}, CsvFramer::kAnySeparator), (Records{"\"a\nb\"|c", "d"}));
}

TEST(CsvFramer, TooLarge) {
  const std::string line(kMaxRecordBytes + 1, 'x');
  const std::string marked = "LARGE:" + line.substr(0, kDeadLetterRecordBytes);
  for (const std::size_t piece : {std::size_t{77'777}, std::size_t{1} << 23}) {
    EXPECT_EQ(frame(fmt::format("a\n{0}\nb\n{0}", line), {piece}),
              (Records{"a", marked, "b", marked}));
    // A quote that is open for too long costs its line, not the megabyte after it.
    const std::string after = std::string(600'000, 'y') + "\n" + std::string(600'000, 'z') + "\n";
    const Records records = frame("a\n\"b,c\n" + after + "\"d\"\n", {piece});
    EXPECT_EQ(records.size(), 5U);
    EXPECT_EQ(records.at(1), "\"b,c");
    EXPECT_EQ(records.at(4), "\"d\"");
  }
}

TEST(CsvFramer, TheLargestRecordWithLineEnds) {
  const std::string largest = "\"" + std::string(kMaxRecordBytes - 3, '\n') + "\"";
  EXPECT_EQ(largest.size(), kMaxRecordBytes - 1);
  EXPECT_EQ(frame(largest + "\na", {100'000}), (Records{largest, "a"}));
  EXPECT_EQ(frame(largest + "\na", {10 << 20}), (Records{largest, "a"}));
}

// However the bytes are cut, the records are the same; each that has a line end in it is whole.
TEST(CsvFramer, RandomBytesInRandomPieces) {
  std::mt19937 random(4);
  std::size_t with_line_ends = 0;
  for (int i = 0; i < 30'000; ++i) {
    std::string bytes;
    for (std::size_t size = random() % 30; size > 0; --size) bytes += "a\",\n\"\"\r;"[random() % 9];
    const char separator = random() % 8 == 0 ? CsvFramer::kAnySeparator : ',';
    const Records whole = frame(bytes, {bytes.size() + 1}, separator);
    ASSERT_EQ(frame(bytes, {1}, separator), whole) << bytes;
    ASSERT_EQ(frame(bytes, {1 + random() % 5, 1 + random() % 9, 1}, separator), whole) << bytes;
    for (const std::string& record : whole) {
      if (separator != ',' || record.find('\n') == std::string::npos) continue;
      ++with_line_ends;
      CsvCursor cursor(record, separator);
      CsvField field;
      while (cursor.next(field)) {
      }
      ASSERT_EQ(cursor.expected(), nullptr) << record;
    }
  }
  EXPECT_GT(with_line_ends, 1000U);
}

}  // namespace
}  // namespace bikeflow
