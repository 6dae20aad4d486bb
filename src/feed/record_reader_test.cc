#include "feed/record_reader.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

Zone seoul() { return Zone::load("Asia/Seoul").value(); }

// A word for each record: its station, or the reason for its refusal.
std::vector<std::string> read(RecordReader reader, std::string_view records) {
  std::vector<std::string> words;
  while (const auto frame = reader.next(records)) {
    const Decoded decoded = reader.decode(*frame, 0);
    words.emplace_back(decoded ? decoded->station_id : reason_word(decoded.error().reason));
  }
  return words;
}

TEST(RecordReader, Ndjson) {
  const std::string good = R"({"station_id":"a","observed_at":1723383000,"bikes":1})";
  const std::string large = good + std::string(kMaxRecordBytes, ' ');
  EXPECT_EQ(read(RecordReader(JsonRecordDecoder(seoul())),
                 good + "\n\n" + good + "\r\n{\n" + large + "\n" + good),
            (std::vector<std::string>{"a", "not_json", "a", "not_json", "too_large", "a"}));
}

TEST(RecordReader, Csv) {
  const auto decoder = CsvRecordDecoder::open("bikes;station_id;observed_at", seoul()).value();
  const std::string large(kMaxRecordBytes + 1, 'x');
  EXPECT_EQ(
      read(RecordReader(decoder),
           "1;a;1723383000\r\n\r\n1;\"b;\"\"\";1723383000\n1;\"c;1\n1;d;1723383000\n" + large),
      (std::vector<std::string>{"a", "bad_csv", "b;\"", "bad_csv", "d", "too_large"}));
}

TEST(RecordReader, TheEndOfALargeRecordIsNotTheNextStretchs) {
  RecordReader reader{JsonRecordDecoder(seoul())};
  const std::string large(kMaxRecordBytes + 1, ' ');
  std::string_view records = large;
  while (reader.next(records)) {
  }
  records = "{}\n";
  EXPECT_TRUE(reader.next(records).has_value());
}

}  // namespace
}  // namespace bikeflow
