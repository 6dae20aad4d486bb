#include "io/kafka_producer.h"

#include <gmock/gmock.h>

#include "io/kafka_lookup.h"
#include "test/mock_kafka.h"

namespace bikeflow {
namespace {

using bikeflow::testing::kProduceRequest;
using bikeflow::testing::MockKafka;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::unique_ptr<KafkaProducer> open(const KafkaSettings& settings) {
  auto producer = KafkaProducer::open(settings, [](KafkaLogLevel, std::string_view) {});
  EXPECT_TRUE(producer) << producer.error().message;
  return producer ? *std::move(producer) : nullptr;
}

// How many records each partition has.
std::vector<std::int64_t> counts(const KafkaSettings& settings, std::int32_t partitions) {
  auto lookup = KafkaLookup::open(settings);
  std::vector<std::int64_t> counts;
  for (std::int32_t partition = 0; partition < partitions; ++partition) {
    counts.push_back((*lookup)->watermarks(partition, 5000).value_or(KafkaWatermarks{}).high);
  }
  return counts;
}

TEST(KafkaProducer, PartitionsAsJavasClientsDo) {
  MockKafka kafka(4);
  auto producer = open(kafka.settings("g"));
  // Utils.toPositive(Utils.murmur2(key)) % 4 is 0 for ST-7 and ST-2799, 1 for ST-4, 2 for ST-5,
  // ST-6 and ST-8, 3 for ST-10 and ST-100.
  for (const char* key : {"ST-4", "ST-5", "ST-6", "ST-7", "ST-8", "ST-10", "ST-100", "ST-2799"}) {
    ASSERT_TRUE(producer->send(key, "v", 1));
  }
  ASSERT_TRUE(producer->flush(10'000));
  EXPECT_EQ(counts(kafka.settings("g"), 4), (std::vector<std::int64_t>{2, 1, 3, 2}));
}

TEST(KafkaProducer, WaitsForRoomAndSendsEachOnce) {
  MockKafka kafka(1);
  KafkaSettings settings = kafka.settings("g");
  settings.client["queue.buffering.max.kbytes"] = "100";
  settings.client["retry.backoff.ms"] = "10";
  auto producer = open(settings);
  // A time-out of a request is retried without a second copy.
  kafka.fail_next(kProduceRequest, {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
                                    RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION});
  const std::string value(1000, 'x');
  for (int i = 0; i < 2000; ++i) {
    auto sent = producer->send("k", value, 1);
    ASSERT_TRUE(sent) << sent.error().message;
  }
  auto flushed = producer->flush(10'000);
  ASSERT_TRUE(flushed) << flushed.error().message;
  EXPECT_EQ(counts(settings, 1), (std::vector<std::int64_t>{2000}));
}

TEST(KafkaProducer, SaysWhatWasLost) {
  MockKafka kafka(1);
  kafka.set_down();
  KafkaSettings settings = kafka.settings("g");
  auto producer = open(settings);
  ASSERT_TRUE(producer->send("k", "v", 1));
  auto flushed = producer->flush(100);
  ASSERT_FALSE(flushed);
  EXPECT_THAT(flushed.error().message, AllOf(HasSubstr("topic 'bikes'"), HasSubstr("1 records")));

  kafka.set_up();
  producer = open(settings);
  kafka.fail_next(kProduceRequest, {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  ASSERT_TRUE(producer->send("k", "v", 1));
  flushed = producer->flush(10'000);
  ASSERT_FALSE(flushed);
  EXPECT_THAT(flushed.error().message, AllOf(HasSubstr("'bikes'"), HasSubstr("uthorization")));
  EXPECT_FALSE(producer->send("k", "v", 1)) << "nothing after what was lost";
}

}  // namespace
}  // namespace bikeflow
