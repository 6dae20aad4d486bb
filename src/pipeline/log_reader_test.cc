#include "pipeline/log_reader.h"

#include <deque>

#include <gmock/gmock.h>

#include "feed/record.h"
#include "pipeline/task.h"

namespace bikeflow {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Seconds kTen = parse_time("2024-08-11T22:00:00+09:00")->utc();

class LogReaderTest : public ::testing::Test {
 protected:
  // The next message of partition 3.
  void add(std::optional<std::string> value, std::int64_t timestamp_ms = kTen * 1000) {
    values_.push_back(std::move(value));
    messages_.push_back({offset_++, timestamp_ms, "", values_.back()});
  }
  LogReader::Read read(LogReader& reader, Seconds now = kTen) {
    return reader.read(std::exchange(messages_, {}), now);
  }
  static LogReader reader_of(std::string_view zone) {
    return {{{"seoul", *Zone::load(zone)}}, 3, "feed"};
  }

  std::int64_t offset_ = 100;
  std::deque<std::optional<std::string>> values_;
  std::vector<LogMessage> messages_;
  LogReader seoul_ = reader_of("Asia/Seoul");
};

std::string seen(std::string_view station, Seconds at, std::string_view system = "") {
  return fmt::format(R"({{"system":"{}","station_id":"{}","observed_at":{},"bikes":3}})", system,
                     station, at);
}

TEST_F(LogReaderTest, TheFormOfTheTopicIsOfTheSystemsZone) {
  add(R"({"stationId":"ST-4","timestamp":"2024-08-11 22:00:00","parkingBikeTotCnt":"16",)"
      R"("rackTotCnt":"15","stationName":"x"})");
  const auto read = this->read(seoul_);
  EXPECT_THAT(read.refused, IsEmpty());
  ASSERT_EQ(read.batches.size(), 1u);
  const Batch& batch = read.batches[0];
  EXPECT_THAT(batch.new_stations, ElementsAre("ST-4"));
  ASSERT_EQ(batch.records.size(), 1u);
  EXPECT_EQ(batch.records[0].observed_at, kTen);
  EXPECT_EQ(batch.records[0].counts, (Counts{16, 15}));
  EXPECT_EQ(batch.position(batch.records[0]), (Position{3, 100}));
}

TEST_F(LogReaderTest, LocalTimesAreOfTheZoneOfTheRecordsSystem) {
  LogReader reader({{"oslo", *Zone::load("Europe/Oslo")}, {"seoul", *Zone::load("Asia/Seoul")}}, 3,
                   "feed");
  for (const char* system : {"", "oslo", "seoul", "oslo"}) {
    add(fmt::format(R"({{"system":"{}","stationId":"A","timestamp":"2024-08-11 22:00:00",)"
                    R"("parkingBikeTotCnt":"3"}})",
                    system));
  }
  // A time that Oslo does not have, and Seoul has.
  add(R"({"system":"seoul","stationId":"B","timestamp":"2024-03-31 02:30:00",)"
      R"("parkingBikeTotCnt":"3"})");
  const auto read = this->read(reader, kTen + kDay);
  EXPECT_THAT(read.refused, IsEmpty());
  const auto times = [&](std::size_t batch) {
    std::vector<Seconds> all;
    for (const Record& record : read.batches.at(batch).records) all.push_back(record.observed_at);
    return all;
  };
  ASSERT_EQ(read.batches.size(), 2u);
  const Seconds in_oslo = kTen + 7 * kHour;
  EXPECT_THAT(times(0), ElementsAre(in_oslo, in_oslo, in_oslo));
  EXPECT_THAT(times(1), ElementsAre(kTen, parse_time("2024-03-30T17:30:00Z")->utc()));
}

TEST_F(LogReaderTest, OffsetsCountOnOverWhatIsRefusedAndOverGaps) {
  add("no JSON");
  add(seen("A", kTen));
  offset_ = 1000;
  add(seen("A", kTen + 1));
  const auto read = this->read(seoul_);
  ASSERT_EQ(read.batches.size(), 1u);
  EXPECT_EQ(read.batches[0].position(read.batches[0].records[0]), (Position{3, 101}));
  EXPECT_EQ(read.batches[0].position(read.batches[0].records[1]), (Position{3, 1000}));
  ASSERT_EQ(read.refused.size(), 1u);
  EXPECT_EQ(read.refused[0].position, (Position{3, 100}));
  EXPECT_EQ(read.refused[0].source, "feed");
  EXPECT_EQ(read.refused[0].record, "no JSON");
  EXPECT_EQ(read.refused[0].refusal.reason, Reason::kNotJson);
}

TEST_F(LogReaderTest, ATombstoneIsADeadLetterWithoutBytes) {
  add(std::nullopt);
  const auto read = this->read(seoul_);
  EXPECT_THAT(read.batches, IsEmpty());
  ASSERT_EQ(read.refused.size(), 1u);
  EXPECT_EQ(read.refused[0].refusal,
            (Refusal{Reason::kNotJson, "a tombstone: no value", std::nullopt}));
  EXPECT_EQ(read.refused[0].record, "");
}

TEST_F(LogReaderTest, AnEmptyValueIsNoTombstone) {
  add("");
  const auto read = this->read(seoul_);
  ASSERT_EQ(read.refused.size(), 1u);
  EXPECT_EQ(read.refused[0].refusal.reason, Reason::kNotJson);
  EXPECT_NE(read.refused[0].refusal.detail, "a tombstone: no value");
}

TEST_F(LogReaderTest, ARecordOfMoreThanOneMiBIsTooLarge) {
  std::string value = seen("A", kTen);
  value.insert(1, kMaxRecordBytes - value.size(), ' ');
  add(value);
  value.insert(1, " ");
  add(value);
  const auto read = this->read(seoul_);
  ASSERT_EQ(read.batches.size(), 1u);
  EXPECT_EQ(read.batches[0].records.size(), 1u);
  ASSERT_EQ(read.refused.size(), 1u);
  EXPECT_EQ(read.refused[0].refusal.reason, Reason::kTooLarge);
  EXPECT_EQ(read.refused[0].record, value.substr(0, kDeadLetterRecordBytes));
  EXPECT_EQ(read.refused[0].record.size(), kDeadLetterRecordBytes);
}

// By which clock a time is ahead.

TEST_F(LogReaderTest, TheEarlierOfTheTimestampAndTheWallClockJudges) {
  add(seen("A", kTen), kTen * 1000 - 60'001);  // written a minute ago
  add(seen("A", kTen), kTen * 1000 + 60'999);  // by a producer whose clock is ahead
  add(seen("A", kTen), -1);                    // without a timestamp
  const auto read = this->read(seoul_);
  ASSERT_EQ(read.batches.size(), 1u);
  const std::vector<Arrived>& arrived = read.batches[0].arrived;
  ASSERT_EQ(arrived.size(), 3u);
  EXPECT_EQ(arrived[0].clock, kTen - 61);
  EXPECT_EQ(arrived[0].received_at, kTen - 61);
  EXPECT_EQ(arrived[1].clock, kTen);
  EXPECT_EQ(arrived[1].received_at, kTen + 60);
  EXPECT_EQ(arrived[2].clock, kTen);
  EXPECT_EQ(arrived[2].received_at, kTen);
}

TEST_F(LogReaderTest, ADeadLetterWasReceivedAtTheRecordsTimestamp) {
  add("x", (kTen - kDay) * 1000);
  add("x", -1);
  const auto read = this->read(seoul_);
  ASSERT_EQ(read.refused.size(), 2u);
  EXPECT_EQ(read.refused[0].received_at, kTen - kDay);
  EXPECT_EQ(read.refused[1].received_at, kTen);
}

TEST_F(LogReaderTest, OfARecordFromTheFutureTheBytesAreKept) {
  const Seconds limit = kTen - 60 + kFutureTolerance;
  std::string far = seen("B", limit + 1);
  far.insert(1, kDeadLetterRecordBytes, ' ');
  add(seen("A", limit), (kTen - 60) * 1000);
  add(seen("A", limit + 1), (kTen - 60) * 1000);
  add(far, (kTen - 60) * 1000);
  const auto read = this->read(seoul_);
  ASSERT_EQ(read.batches.size(), 1u);
  const Batch& batch = read.batches[0];
  ASSERT_EQ(batch.records.size(), 3u);
  EXPECT_EQ(batch.records[0].raw_size, 0u) << "needed by nobody";
  EXPECT_EQ(raw_record(batch, batch.records[1], "A"), seen("A", limit + 1));
  EXPECT_EQ(raw_record(batch, batch.records[2], "B"), far.substr(0, kDeadLetterRecordBytes));

  Task task({});
  task.observe(batch, "feed", kTen);
  const std::vector<DeadLetter> refused = task.take_refused();
  ASSERT_EQ(refused.size(), 2u);
  EXPECT_EQ(refused[0].refusal.reason, Reason::kFuture);
  EXPECT_EQ(refused[0].record, seen("A", limit + 1));
  EXPECT_EQ(refused[0].received_at, kTen - 60);
  EXPECT_EQ(refused[0].position, (Position{3, 101}));
}

TEST_F(LogReaderTest, BytesOfOneReadDoNotLeakIntoTheNext) {
  add(seen("A", kTen + kDay));
  (void)read(seoul_);
  add(seen("A", kTen + 2 * kDay));
  const auto read = this->read(seoul_);
  EXPECT_EQ(*read.batches.at(0).raw, seen("A", kTen + 2 * kDay));
  EXPECT_THAT(this->read(seoul_).batches, IsEmpty());
}

// Systems.

TEST_F(LogReaderTest, EachSystemHasBatchesAndStationsOfItsOwn) {
  LogReader reader({{"seoul", *Zone::load("Asia/Seoul")}, {"busan", *Zone::load("Asia/Seoul")}}, 3,
                   "feed");
  add(seen("A", kTen, "busan"));
  add(seen("B", kTen));  // names none: of the first
  add(seen("A", kTen, "seoul"));
  add(seen("C", kTen, "busan"));
  const auto first = read(reader);
  ASSERT_EQ(first.batches.size(), 2u);
  EXPECT_EQ(first.batches[0].system, 0u);
  EXPECT_THAT(first.batches[0].new_stations, ElementsAre("B", "A"));
  EXPECT_EQ(first.batches[1].system, 1u);
  EXPECT_THAT(first.batches[1].new_stations, ElementsAre("A", "C"));
  EXPECT_EQ(first.batches[1].position(first.batches[1].records[1]), (Position{3, 103}));

  add(seen("A", kTen + 1, "busan"));
  const auto second = read(reader);
  ASSERT_EQ(second.batches.size(), 1u);
  EXPECT_EQ(second.batches[0].system, 1u);
  EXPECT_THAT(second.batches[0].new_stations, IsEmpty());
  EXPECT_EQ(second.batches[0].records[0].station, 0u);
}

TEST_F(LogReaderTest, ASystemThatIsNotInTheConfigurationIsADeadLetter) {
  add(seen("A", kTen, "daegu"));
  const auto read = this->read(seoul_);
  EXPECT_THAT(read.batches, IsEmpty());
  ASSERT_EQ(read.refused.size(), 1u);
  EXPECT_EQ(read.refused[0].refusal,
            (Refusal{Reason::kBadStation, "its system 'daegu' is not in the configuration",
                     std::nullopt}));
  EXPECT_EQ(read.refused[0].record, seen("A", kTen, "daegu"));
}

TEST_F(LogReaderTest, StationsOfARestoredTaskKeepTheirNumbers) {
  Names names;
  names.intern("B");
  names.intern("A");
  seoul_.know("seoul", names);
  seoul_.know("daegu", names);  // no longer in the configuration
  add(seen("A", kTen));
  add(seen("C", kTen));
  add(seen("B", kTen));
  const auto read = this->read(seoul_);
  const Batch& batch = read.batches.at(0);
  EXPECT_THAT(batch.new_stations, ElementsAre("C"));
  EXPECT_EQ(batch.records[0].station, 1u);
  EXPECT_EQ(batch.records[1].station, 2u);
  EXPECT_EQ(batch.records[2].station, 0u);
}

// In Chicago, 2023-11-05 01:30 is 06:30 and 07:30 UTC; 2024-03-10 02:30 is not at all.

TEST_F(LogReaderTest, ALocalTimeThatOccursTwiceIsTheOneNearestToTheTimestamp) {
  LogReader reader = reader_of("America/Chicago");
  const std::string twice =
      R"({"stationId":"A","timestamp":"2023-11-05 01:30:00","parkingBikeTotCnt":"1"})";
  const Seconds first = parse_time("2023-11-05T06:30:00Z")->utc();
  add(twice, (first + 20) * 1000);
  add(twice, (first + kHour + 20) * 1000);
  add(twice, -1);  // by the wall
  const auto read = this->read(reader, first + kHour + 60);
  const Batch& batch = read.batches.at(0);
  ASSERT_EQ(batch.records.size(), 3u);
  EXPECT_EQ(batch.records[0].observed_at, first);
  EXPECT_EQ(batch.records[1].observed_at, first + kHour);
  EXPECT_EQ(batch.records[2].observed_at, first + kHour);
}

TEST_F(LogReaderTest, ALocalTimeThatDoesNotExistIsADeadLetter) {
  LogReader reader = reader_of("America/Chicago");
  add(R"({"stationId":"A","timestamp":"2024-03-10 02:30:00","parkingBikeTotCnt":"1"})");
  EXPECT_EQ(read(reader).refused.at(0).refusal.reason, Reason::kNoSuchLocalTime);
}

}  // namespace
}  // namespace bikeflow
