// Kafka brokers inside the test's process (librdkafka's mock cluster), which real clients talk to;
// and a member of a group that writes down what happens to it.
#pragma once

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "io/clock.h"
#include "io/kafka_consumer.h"
#include "io/kafka_producer.h"
#include "io/kafka_settings.h"

namespace bikeflow::testing {

// Kafka's numbers of requests.
inline constexpr std::int16_t kProduceRequest = 0;
inline constexpr std::int16_t kFetchRequest = 1;
inline constexpr std::int16_t kOffsetCommitRequest = 8;
inline constexpr std::int16_t kOffsetFetchRequest = 9;

// One broker with one topic. Its groups take 3 s to form, which cannot be set, and a second less
// than the session to form anew.
class MockKafka {
 public:
  explicit MockKafka(int partitions) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, nullptr);
    owner_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0);
    cluster_ = rd_kafka_mock_cluster_new(owner_, 1);
    EXPECT_EQ(rd_kafka_mock_topic_create(cluster_, "bikes", partitions, 1),
              RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  MockKafka(const MockKafka&) = delete;
  MockKafka& operator=(const MockKafka&) = delete;
  ~MockKafka() {
    producer_.reset();
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(owner_);
  }

  [[nodiscard]] KafkaSettings settings(const std::string& group) const {
    return {.brokers = rd_kafka_mock_cluster_bootstraps(cluster_),
            .topic = "bikes",
            .group = group,
            .client = {{"session.timeout.ms", "4000"}, {"heartbeat.interval.ms", "200"}}};
  }

  // The next requests of this kind are answered with these errors.
  void fail_next(std::int16_t request, const std::vector<rd_kafka_resp_err_t>& errors) {
    rd_kafka_mock_push_request_errors_array(cluster_, request, errors.size(), errors.data());
  }
  // Every answer comes so late.
  void set_delay_ms(int delay_ms) { rd_kafka_mock_broker_set_rtt(cluster_, 1, delay_ms); }
  void set_down() { rd_kafka_mock_broker_set_down(cluster_, 1); }
  void set_up() { rd_kafka_mock_broker_set_up(cluster_, 1); }

  // Writes "<partition>:<offset>" under the key "k<offset>" at 1000 + offset, from `first` on.
  void produce(std::int32_t partition, std::int64_t first, std::int64_t count) {
    if (producer_ == nullptr) {
      auto opened = KafkaProducer::open(settings(""), [](KafkaLogLevel, std::string_view) {});
      ASSERT_TRUE(opened) << opened.error().message;
      producer_ = *std::move(opened);
    }
    for (std::int64_t offset = first; offset < first + count; ++offset) {
      auto sent =
          producer_->send(fmt::format("k{}", offset), fmt::format("{}:{}", partition, offset),
                          1000 + offset, partition);
      ASSERT_TRUE(sent) << sent.error().message;
    }
    auto flushed = producer_->flush(10'000);
    ASSERT_TRUE(flushed) << flushed.error().message;
  }

 private:
  rd_kafka_t* owner_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
  std::unique_ptr<KafkaProducer> producer_;
};

class Member : public KafkaListener, public KafkaSink {
 public:
  explicit Member(const KafkaSettings& settings) {
    auto joined = KafkaConsumer::join(settings, *this);
    EXPECT_TRUE(joined) << joined.error().message;
    if (joined) consumer = *std::move(joined);
  }

  void assigned(const std::vector<std::int32_t>& partitions) override {
    ++assignments;
    mine = partitions;
    if (on_assigned) on_assigned(partitions);
  }
  void revoked() override {
    ++revocations;
    mine.clear();
  }
  void unreachable(std::string_view why, bool) override { logged += fmt::format("{}\n", why); }
  void log(KafkaLogLevel, std::string_view text) override { logged += fmt::format("{}\n", text); }

  void messages(std::int32_t partition, std::span<const LogMessage> messages) override {
    for (const LogMessage& message : messages) {
      offsets[partition].push_back(message.offset);
      const std::string written = fmt::format("{}:{}", partition, message.offset);
      EXPECT_EQ(message.value.value_or(written), written);
    }
    if (on_messages) on_messages(partition, messages);
  }
  void at_end(std::int32_t partition, std::int64_t next_offset) override {
    ends[partition] = next_offset;
  }
  void failed(std::int32_t partition, const PartitionError& error) override {
    failures.emplace_back(partition, error);
  }

  // Polls until it is so, or for 15 s; whether it is so.
  bool poll_until(const std::function<bool()>& is_so) {
    const std::int64_t deadline_ms = monotonic_ms() + 15'000;
    while (!is_so()) {
      if (monotonic_ms() > deadline_ms) return false;
      auto polled = consumer->poll(50, *this);
      EXPECT_TRUE(polled) << polled.error().message;
      if (!polled) return false;
    }
    return true;
  }
  void poll_for_ms(int time_ms) {
    const std::int64_t deadline_ms = monotonic_ms() + time_ms;
    while (monotonic_ms() < deadline_ms) {
      auto polled = consumer->poll(20, *this);
      EXPECT_TRUE(polled) << polled.error().message;
    }
  }

  std::vector<std::int32_t> mine;
  int assignments = 0;
  int revocations = 0;
  std::map<std::int32_t, std::vector<std::int64_t>> offsets;
  std::map<std::int32_t, std::int64_t> ends;
  std::vector<std::pair<std::int32_t, PartitionError>> failures;
  std::string logged;
  std::function<void(const std::vector<std::int32_t>&)> on_assigned;
  std::function<void(std::int32_t, std::span<const LogMessage>)> on_messages;
  std::unique_ptr<KafkaConsumer> consumer;
};

// first, first + 1, ..., end - 1.
inline std::vector<std::int64_t> from_to(std::int64_t first, std::int64_t end) {
  std::vector<std::int64_t> numbers;
  for (std::int64_t number = first; number < end; ++number) numbers.push_back(number);
  return numbers;
}

}  // namespace bikeflow::testing
