#include "io/kafka_reader.h"

#include <gmock/gmock.h>

#include "test/mock_kafka.h"

namespace bikeflow {
namespace {

using bikeflow::testing::from_to;
using bikeflow::testing::MockKafka;
using ::testing::HasSubstr;

// The offsets that were read; `error`: why it ended early, empty where it did not.
std::vector<std::int64_t> offsets(KafkaReader& reader, std::int32_t partition, std::int64_t from,
                                  std::int64_t to, std::string* error = nullptr) {
  std::vector<std::int64_t> read;
  const auto done = reader.read(
      partition, from, to, 5000, [&](std::span<const LogMessage> messages) -> Result<void> {
        for (const LogMessage& message : messages) {
          EXPECT_EQ(message.value, fmt::format("{}:{}", partition, message.offset));
          EXPECT_EQ(message.key, fmt::format("k{}", message.offset));
          EXPECT_EQ(message.timestamp_ms, 1000 + message.offset);
          read.push_back(message.offset);
        }
        return {};
      });
  if (error != nullptr) *error = done ? "" : done.error().message;
  EXPECT_TRUE(done || error != nullptr) << done.error().message;
  return read;
}

TEST(KafkaReader, ReadsSpansOfPartitions) {
  MockKafka kafka(2);
  kafka.produce(0, 0, 2500);
  kafka.produce(1, 0, 10);
  auto reader = *KafkaReader::open(kafka.settings("g"));
  EXPECT_EQ(offsets(*reader, 0, 0, 2500), from_to(0, 2500));
  EXPECT_EQ(offsets(*reader, 1, 3, 7), from_to(3, 7));
  EXPECT_EQ(offsets(*reader, 1, 3, 100), from_to(3, 10)) << "it ends before";
  EXPECT_EQ(offsets(*reader, 0, 7, 7), from_to(0, 0));
  EXPECT_EQ(offsets(*reader, 0, 10, 12), from_to(10, 12)) << "again, and back";
}

TEST(KafkaReader, EndsWhereItsUserSaysSo) {
  MockKafka kafka(1);
  kafka.produce(0, 0, 10);
  auto reader = *KafkaReader::open(kafka.settings("g"));
  const auto done = reader->read(
      0, 0, 10, 5000, [](std::span<const LogMessage>) -> Result<void> { return fail("enough"); });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "enough");
}

TEST(KafkaReader, SaysWhatIsNotThere) {
  MockKafka kafka(1);
  kafka.produce(0, 0, 10);
  auto reader = *KafkaReader::open(kafka.settings("g"));
  std::string error;
  EXPECT_EQ(offsets(*reader, 0, 50, 60, &error), from_to(0, 0));
  EXPECT_THAT(error, HasSubstr("topic 'bikes' at "));

  auto nobody =
      *KafkaReader::open({.brokers = "127.0.0.1:1", .topic = "bikes", .group = "g", .client = {}});
  const auto done =
      nobody->read(0, 0, 10, 300, [](std::span<const LogMessage>) -> Result<void> { return {}; });
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("nothing was read for 300 ms"));
}

}  // namespace
}  // namespace bikeflow
