#include "feed/record_cutter.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "feed/record.h"

namespace bikeflow {
namespace {

using Records = std::vector<std::string>;

template <class Framer>
void frame(Framer& framer, std::string_view bytes, Records& records) {
  while (const auto record = framer.next(bytes, true)) {
    records.push_back((record->is_too_large ? "LARGE:" : "") + std::string(record->record));
  }
}

// Cut from a buffer that is filled piece by piece, and framed stretch by stretch.
template <class Framer>
Records cut(RecordCutter cutter, Framer framer, const std::string& bytes, std::size_t piece) {
  Records records;
  std::string buffer;
  for (std::size_t at = 0; at <= bytes.size(); at += piece) {
    buffer += bytes.substr(at, piece);
    const bool is_last = at + piece > bytes.size();
    for (;;) {
      const RecordCutter::Cut found = cutter.next(buffer, is_last);
      frame(framer, found.records, records);
      if (found.taken == 0) break;
      buffer.erase(0, found.taken);
    }
    EXPECT_LE(buffer.size(), kMaxRecordBytes);
  }
  EXPECT_EQ(buffer, "");
  return records;
}

Records whole_ndjson(const std::string& bytes) {
  Records records;
  LineFramer framer;
  frame(framer, bytes, records);
  return records;
}

Records whole_csv(const std::string& bytes) {
  Records records;
  CsvFramer framer(',');
  frame(framer, bytes, records);
  return records;
}

TEST(RecordCutter, CutsAfterTheLastWholeRecord) {
  RecordCutter ndjson = RecordCutter::of_ndjson();
  EXPECT_EQ(ndjson.next("a\nb\nc", false).records, "a\nb\n");
  EXPECT_EQ(ndjson.next("c", false).taken, 0U);
  EXPECT_EQ(ndjson.next("c", true).records, "c");
  RecordCutter csv = RecordCutter::of_csv(',');
  EXPECT_EQ(csv.next("a\n\"b\nc", false).records, "a\n");
  EXPECT_EQ(csv.next("\"b\nc\"\nd", false).records, "\"b\nc\"\n");
}

// Quotes that come and go change how a stretch is found, not what is in it.
TEST(RecordCutter, QuotesInSomeBuffersOnly) {
  RecordCutter csv = RecordCutter::of_csv(',');
  EXPECT_EQ(csv.next("\"a\"\na long line", false).records, "\"a\"\n");
  EXPECT_EQ(csv.next("a long line\nb", false).records, "a long line\n");
  EXPECT_EQ(csv.next("b\n\"c\nd\"\ne\nf", false).records, "b\n\"c\nd\"\ne\n");
  CsvFramer framer(',');
  Records records;
  frame(framer, "b\n\"c\nd\"\ne\n", records);
  EXPECT_EQ(records, (Records{"b", "\"c\nd\"", "e"}));
}

TEST(RecordCutter, RandomBytesGiveTheFramesOfTheWhole) {
  std::mt19937 random(5);
  for (int i = 0; i < 30'000; ++i) {
    std::string bytes;
    for (std::size_t size = random() % 40; size > 0; --size)
      bytes += "a\",\n\n\nb\r;cdef"[random() % 13];
    const std::size_t piece = 1 + random() % 12;
    ASSERT_EQ(cut(RecordCutter::of_csv(','), CsvFramer(','), bytes, piece), whole_csv(bytes))
        << bytes;
    ASSERT_EQ(cut(RecordCutter::of_ndjson(), LineFramer(), bytes, piece), whole_ndjson(bytes))
        << bytes;
  }
}

TEST(RecordCutter, RecordsThatAreTooLarge) {
  const std::string large(3 * kMaxRecordBytes, 'x');
  const std::string quoted =
      "\"" + large.substr(0, 700'000) + "\n" + large.substr(0, 700'000) + "\n";
  const std::string bytes = "a\n" + large + "\nb\n" + quoted + "c\n" + large;
  for (const std::size_t piece : {std::size_t{300'000}, kMaxRecordBytes, std::size_t{16} << 20}) {
    EXPECT_EQ(cut(RecordCutter::of_csv(','), CsvFramer(','), bytes, piece), whole_csv(bytes));
    EXPECT_EQ(cut(RecordCutter::of_ndjson(), LineFramer(), bytes, piece), whole_ndjson(bytes));
  }
  EXPECT_EQ(whole_csv(bytes).size(), 7U);
}

}  // namespace
}  // namespace bikeflow
