#include "io/round_sender.h"

#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "io/clock.h"
#include "io/kafka_lookup.h"
#include "test/child.h"
#include "test/mock_kafka.h"

namespace bikeflow {
namespace {

using bikeflow::testing::kProduceRequest;
using bikeflow::testing::MockKafka;
using ::testing::HasSubstr;

class RoundSenderTest : public ::testing::Test {
 protected:
  // Ten records, so that each partition gets some.
  void add(int number) {
    TopicRound round{"seoul", 1000, 1000 + number};
    for (int i = 0; i < 10; ++i) {
      round.records.push_back({fmt::format("ST-{}", i), fmt::format("{}:{}", number, i)});
    }
    ASSERT_TRUE(spool_->add(round));
    if (sender_) sender_->wake();
  }
  void start() {
    const auto say = [this](const std::string& text) {
      const std::scoped_lock lock(mutex_);
      said_ += text + "\n";
    };
    KafkaSettings settings = kafka_.settings("g");
    settings.client["retry.backoff.ms"] = "10";
    auto sender = RoundSender::start(settings, {.partitions = 2}, *spool_, {say, say, say});
    ASSERT_TRUE(sender) << sender.error().message;
    sender_ = *std::move(sender);
  }
  bool is_sent_within_ms(std::int64_t timeout_ms) {
    const std::int64_t deadline_ms = monotonic_ms() + timeout_ms;
    while (spool_->counts().waiting > 0) {
      if (monotonic_ms() > deadline_ms) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
  }
  std::int64_t records_in_topic() {
    auto lookup = KafkaLookup::open(kafka_.settings("g"));
    std::int64_t count = 0;
    for (std::int32_t partition = 0; partition < 2; ++partition) {
      count += (*lookup)->watermarks(partition, 5000).value_or(KafkaWatermarks{}).high;
    }
    return count;
  }
  std::string said() {
    const std::scoped_lock lock(mutex_);
    return said_;
  }

  const TempFolder folder_;
  MockKafka kafka_{2};
  std::mutex mutex_;
  std::string said_;
  std::unique_ptr<Spool> spool_ = Spool::open(folder_.path(), 1 << 20).value();
  std::unique_ptr<RoundSender> sender_;
};

TEST_F(RoundSenderTest, SendsWhatWaitedAndWhatComes) {
  add(0);
  add(1);
  start();
  ASSERT_TRUE(is_sent_within_ms(10'000)) << said();
  const std::int64_t begin_ms = monotonic_ms();
  add(2);
  ASSERT_TRUE(is_sent_within_ms(10'000));
  EXPECT_LT(monotonic_ms() - begin_ms, 500) << "it is woken";
  EXPECT_EQ(sender_->rounds(), 3);
  EXPECT_EQ(sender_->records(), 30);
  EXPECT_EQ(records_in_topic(), 30);
}

TEST_F(RoundSenderTest, ABrokerThatIsGoneIsWaitedFor) {
  start();
  add(0);
  ASSERT_TRUE(is_sent_within_ms(10'000)) << said();
  kafka_.set_down();
  for (int i = 1; i < 5; ++i) add(i);
  EXPECT_FALSE(is_sent_within_ms(7'000));
  EXPECT_EQ(spool_->counts().waiting, 4);
  EXPECT_NE(sender_->trouble(), "");
  EXPECT_THAT(said(), HasSubstr("records cannot be sent since"));
  kafka_.set_up();
  ASSERT_TRUE(is_sent_within_ms(15'000)) << said();
  EXPECT_EQ(sender_->trouble(), "");
  EXPECT_EQ(records_in_topic(), 50) << "each once";
}

TEST_F(RoundSenderTest, ARoundOfWhichARecordWasRefusedIsSentAgainWhole) {
  start();
  kafka_.fail_next(kProduceRequest, {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  add(0);
  add(1);
  ASSERT_TRUE(is_sent_within_ms(15'000)) << said();
  EXPECT_EQ(sender_->rounds(), 2);
  EXPECT_THAT(said(), HasSubstr("uthorization"));
  EXPECT_GE(records_in_topic(), 20);
  EXPECT_LT(records_in_topic(), 30);
}

TEST_F(RoundSenderTest, EndsSoonWithoutABrokerAndLeavesWhatWaits) {
  start();
  add(0);
  ASSERT_TRUE(is_sent_within_ms(10'000)) << said();
  kafka_.set_down();
  add(1);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const std::int64_t begin_ms = monotonic_ms();
  sender_.reset();
  EXPECT_LT(monotonic_ms() - begin_ms, 2'000);
  EXPECT_EQ(spool_->counts().waiting, 1);
  kafka_.set_up();
  start();
  ASSERT_TRUE(is_sent_within_ms(15'000)) << said();
  EXPECT_EQ(records_in_topic(), 20);
}

}  // namespace
}  // namespace bikeflow
