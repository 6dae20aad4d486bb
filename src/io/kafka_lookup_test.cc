#include "io/kafka_lookup.h"

#include <gmock/gmock.h>

#include "base/hash.h"
#include "test/mock_kafka.h"

namespace bikeflow {
namespace {

using bikeflow::testing::kOffsetFetchRequest;
using bikeflow::testing::MockKafka;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::unique_ptr<KafkaLookup> open(const KafkaSettings& settings) {
  auto lookup = KafkaLookup::open(settings);
  EXPECT_TRUE(lookup) << lookup.error().message;
  return lookup ? *std::move(lookup) : nullptr;
}

TEST(KafkaLookup, AnswersAboutTheTopic) {
  MockKafka kafka(3);
  kafka.produce(1, 0, 10);
  auto lookup = open(kafka.settings("g"));
  EXPECT_EQ(*lookup->partition_count(5000), 3);
  EXPECT_EQ(*lookup->partition_count_if_any(5000), 3);
  EXPECT_THAT(*lookup->cluster_id(5000), HasSubstr("mock"));
  EXPECT_EQ(*lookup->watermarks(1, 5000), (KafkaWatermarks{0, 10}));
  EXPECT_EQ(*lookup->watermarks(2, 5000), (KafkaWatermarks{0, 0}));
  // The mock cannot be asked.
  auto policy = lookup->cleanup_policy(500);
  ASSERT_FALSE(policy);
  EXPECT_THAT(policy.error().message, HasSubstr("cleanup.policy"));
}

TEST(KafkaLookup, FindsTheRecordAtAnOffset) {
  MockKafka kafka(2);
  kafka.produce(1, 0, 100);
  auto lookup = open(kafka.settings("g"));
  EXPECT_EQ(*lookup->record(1, 41, 5000), (KafkaRecord{41, 1041, hash64("k411:41")}));
  EXPECT_EQ(*lookup->record(1, 0, 5000), (KafkaRecord{0, 1000, hash64("k01:0")}));
  EXPECT_EQ(*lookup->record(1, 99, 5000), (KafkaRecord{99, 1099, hash64("k991:99")}));
  EXPECT_EQ(*lookup->record(1, 100, 5000), std::nullopt) << "at the end";
  EXPECT_EQ(*lookup->record(1, 1000, 5000), std::nullopt) << "behind the end";
  EXPECT_EQ(*lookup->record(0, 0, 5000), std::nullopt) << "empty";

  auto producer = KafkaProducer::open(kafka.settings(""), [](KafkaLogLevel, std::string_view) {});
  ASSERT_TRUE((*producer)->send("gone", std::nullopt, 5, 0));
  ASSERT_TRUE((*producer)->flush(5000));
  EXPECT_EQ(*lookup->record(0, 0, 5000), (KafkaRecord{0, 5, hash64("gone")})) << "a tombstone";
}

TEST(KafkaLookup, SaysWhatIsNotThere) {
  MockKafka kafka(1);
  KafkaSettings settings = kafka.settings("g");
  settings.topic = "bikez";
  settings.client["allow.auto.create.topics"] = "false";
  EXPECT_THAT(KafkaLookup::open(settings).error().message, HasSubstr("'allow.auto.create.topics'"));

  settings = {.brokers = "127.0.0.1:1", .topic = "bikes", .group = "g", .client = {}};
  auto lookup = open(settings);
  const std::int64_t before_ms = monotonic_ms();
  for (const std::string& message :
       {lookup->partition_count(200).error().message, lookup->cluster_id(200).error().message,
        lookup->watermarks(0, 200).error().message, lookup->committed({0}, 200).error().message,
        lookup->record(0, 0, 200).error().message, lookup->cleanup_policy(200).error().message}) {
    EXPECT_THAT(message, AllOf(HasSubstr("topic 'bikes' at 127.0.0.1:1"), HasSubstr("refused")));
  }
  EXPECT_LT(monotonic_ms() - before_ms, 6000);
  lookup.reset();
  EXPECT_LT(monotonic_ms() - before_ms, 7000);
}

// A time-out of the question must not read as "no offset".
TEST(KafkaLookup, DoesNotTakeSilenceForNoOffset) {
  MockKafka kafka(1);
  auto lookup = open(kafka.settings("g"));
  EXPECT_EQ(lookup->committed({0}, 5000)->at(0), std::nullopt);
  kafka.set_delay_ms(2000);
  auto silent = lookup->committed({0}, 300);
  ASSERT_FALSE(silent);
  EXPECT_THAT(silent.error().message, HasSubstr("group 'g'"));
  kafka.set_delay_ms(0);
  kafka.fail_next(kOffsetFetchRequest, {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED});
  auto refused = lookup->committed({0}, 5000);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("authorization"));
}

}  // namespace
}  // namespace bikeflow
