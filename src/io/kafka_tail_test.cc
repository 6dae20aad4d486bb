#include "io/kafka_tail.h"

#include <gmock/gmock.h>

#include <map>

#include "test/mock_kafka.h"

namespace bikeflow {
namespace {

using bikeflow::testing::from_to;
using bikeflow::testing::kFetchRequest;
using bikeflow::testing::MockKafka;
using ::testing::HasSubstr;

constexpr int kTimeoutMs = 5'000;
constexpr std::int64_t kPatienceMs = 15'000;

// The mock knows no times of records: each partition is followed from its end on. That a topic's
// past is read as well is test/kafka/serve_test.py's to show.
class KafkaTailTest : public ::testing::Test {
 protected:
  explicit KafkaTailTest(int partitions = 3) : kafka_(partitions) {
    auto opened = KafkaTail::open(kafka_.settings("g"));
    EXPECT_TRUE(opened) << opened.error().message;
    tail_ = *std::move(opened);
  }
  // What was read of each partition, once it is so many records; or what there is after a while.
  std::map<std::int32_t, std::vector<std::int64_t>> read(std::size_t count) {
    const std::int64_t deadline_ms = monotonic_ms() + kPatienceMs;
    std::size_t got = 0;
    std::map<std::int32_t, std::vector<std::int64_t>> offsets;
    while (got < count && monotonic_ms() < deadline_ms) {
      tail_->poll(50, [&](std::int32_t partition, std::span<const LogMessage> messages) {
        for (const LogMessage& message : messages) {
          EXPECT_EQ(message.value, fmt::format("{}:{}", partition, message.offset));
          offsets[partition].push_back(message.offset);
          ++got;
        }
      });
    }
    return offsets;
  }
  using Offsets = std::map<std::int32_t, std::vector<std::int64_t>>;

  MockKafka kafka_;
  std::unique_ptr<KafkaTail> tail_;
};

TEST_F(KafkaTailTest, ReadsWhatComesIntoEachPartitionInItsOrder) {
  kafka_.produce(0, 0, 10);
  ASSERT_TRUE(tail_->follow(3, 0, kTimeoutMs));
  kafka_.produce(0, 10, 1200);
  kafka_.produce(2, 0, 5);
  EXPECT_EQ(read(1205), (Offsets{{0, from_to(10, 1210)}, {2, from_to(0, 5)}}));
  EXPECT_EQ(tail_->lag(0), 0);
  EXPECT_EQ(tail_->lag(2), 0);
  EXPECT_EQ(tail_->take_trouble(), std::nullopt);
}

TEST_F(KafkaTailTest, APartitionThatIsAddedIsReadAndTheOthersGoOnWhereTheyWere) {
  ASSERT_TRUE(tail_->follow(2, 0, kTimeoutMs));
  kafka_.produce(0, 0, 100);
  EXPECT_EQ(read(100), (Offsets{{0, from_to(0, 100)}}));
  kafka_.produce(1, 0, 7);
  kafka_.produce(2, 0, 3);  // before it is followed
  ASSERT_TRUE(tail_->follow(3, 0, kTimeoutMs));
  kafka_.produce(0, 100, 2);
  kafka_.produce(2, 3, 4);
  EXPECT_EQ(read(13), (Offsets{{0, from_to(100, 102)}, {1, from_to(0, 7)}, {2, from_to(3, 7)}}));
  // Nothing new: nothing is read twice.
  ASSERT_TRUE(tail_->follow(3, 0, kTimeoutMs));
  kafka_.produce(1, 7, 1);
  EXPECT_EQ(read(1), (Offsets{{1, {7}}}));
}

TEST_F(KafkaTailTest, SaysHowFarItIsBehindOnceThatIsKnown) {
  EXPECT_EQ(tail_->lag(0), std::nullopt);
  ASSERT_TRUE(tail_->follow(1, 0, kTimeoutMs));
  EXPECT_EQ(tail_->lag(1), std::nullopt);
  kafka_.produce(0, 0, 20'000);
  std::optional<std::int64_t> most = 0;
  std::int64_t got = 0;
  const std::int64_t deadline_ms = monotonic_ms() + kPatienceMs;
  while (got < 20'000 && monotonic_ms() < deadline_ms) {
    tail_->poll(50, [&](std::int32_t, std::span<const LogMessage> messages) {
      got += static_cast<std::int64_t>(messages.size());
    });
    most = std::max(most, tail_->lag(0));
    EXPECT_LE(tail_->lag(0).value_or(0), 20'000 - got);
  }
  EXPECT_GT(most, 0);
  EXPECT_EQ(tail_->lag(0), 0);
}

TEST_F(KafkaTailTest, GoesOnAfterAnOutage) {
  ASSERT_TRUE(tail_->follow(3, 0, kTimeoutMs));
  kafka_.produce(0, 0, 5);
  EXPECT_EQ(read(5), (Offsets{{0, from_to(0, 5)}}));
  kafka_.set_down();
  tail_->poll(500, [](std::int32_t, std::span<const LogMessage>) { ADD_FAILURE(); });
  kafka_.set_up();
  kafka_.produce(0, 5, 5);
  EXPECT_EQ(read(5), (Offsets{{0, from_to(5, 10)}}));
}

TEST_F(KafkaTailTest, SaysOnceWhyABrokerGivesNothing) {
  ASSERT_TRUE(tail_->follow(3, 0, kTimeoutMs));
  kafka_.produce(0, 0, 5);
  EXPECT_EQ(read(5), (Offsets{{0, from_to(0, 5)}}));
  kafka_.fail_next(kFetchRequest, {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  std::optional<std::string> trouble;
  const std::int64_t deadline_ms = monotonic_ms() + kPatienceMs;
  while (!trouble && monotonic_ms() < deadline_ms) {
    tail_->poll(50, [](std::int32_t, std::span<const LogMessage>) { ADD_FAILURE(); });
    trouble = tail_->take_trouble();
  }
  ASSERT_TRUE(trouble);
  EXPECT_THAT(*trouble, HasSubstr("authorization"));
  EXPECT_EQ(tail_->take_trouble(), std::nullopt);
  kafka_.produce(0, 5, 5);
  EXPECT_EQ(read(5), (Offsets{{0, from_to(5, 10)}}));
}

TEST(KafkaTail, SaysWhereNobodyAnswers) {
  auto tail =
      *KafkaTail::open({.brokers = "127.0.0.1:1", .topic = "bikes", .group = "g", .client = {}});
  const auto followed = tail->follow(1, 0, 300);
  ASSERT_FALSE(followed);
  EXPECT_THAT(followed.error().message, HasSubstr("topic 'bikes' at 127.0.0.1:1: "));
  EXPECT_EQ(tail->lag(0), std::nullopt);

  const auto wrong = KafkaTail::open({.brokers = "127.0.0.1:1",
                                      .topic = "bikes",
                                      .group = "g",
                                      .client = {{"enable.auto.commit", "true"}}});
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message, HasSubstr("'enable.auto.commit' is not yours to set"));
}

}  // namespace
}  // namespace bikeflow
