#include "io/kafka_tail.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "io/kafka_handle.h"

namespace bikeflow {
namespace {

constexpr std::size_t kMostAtOnce = 5'000;

constexpr std::array kTailProperties = {
    // What has aged out meanwhile is not there for anybody: go on with what is.
    KafkaProperty{"auto.offset.reset", "earliest"},
    KafkaProperty{"enable.partition.eof", "false"},
    KafkaProperty{"fetch.wait.max.ms", "100", KafkaProperty::Rule::kDefault},
};

}  // namespace

class KafkaTail::Impl {
 public:
  Impl(KafkaSettings settings, KafkaHandle client)
      : settings_(std::move(settings)), client_(std::move(client)) {}

  Result<void> follow(std::int32_t count, Seconds since, int timeout_ms) {
    if (static_cast<std::size_t>(count) <= next_.size()) return {};
    KafkaPartitions fresh(rd_kafka_topic_partition_list_new(count));
    for (auto partition = static_cast<std::int32_t>(next_.size()); partition < count; ++partition) {
      rd_kafka_topic_partition_list_add(fresh.get(), settings_.topic.c_str(), partition)->offset =
          since * 1000;
    }
    const auto error = rd_kafka_offsets_for_times(client_.get(), fresh.get(), timeout_ms);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return failed(error);
    for (int i = 0; i < fresh->cnt; ++i) {
      rd_kafka_topic_partition_t& each = fresh->elems[i];
      if (each.err != RD_KAFKA_RESP_ERR_NO_ERROR) return failed(each.err);
      if (each.offset >= 0) continue;
      // None is so young: from the end as it is now, not as it is when it is first read.
      std::int64_t low = 0;
      const auto asked = rd_kafka_query_watermark_offsets(client_.get(), each.topic, each.partition,
                                                          &low, &each.offset, timeout_ms);
      if (asked != RD_KAFKA_RESP_ERR_NO_ERROR) return failed(asked);
    }
    // Those that are read already go on behind what was handed over.
    KafkaPartitions all(rd_kafka_topic_partition_list_copy(fresh.get()));
    for (const auto& [partition, next] : next_) {
      rd_kafka_topic_partition_list_add(all.get(), settings_.topic.c_str(), partition)->offset =
          next;
    }
    const auto assigned = rd_kafka_assign(client_.get(), all.get());
    if (assigned != RD_KAFKA_RESP_ERR_NO_ERROR) return failed(assigned);
    for (int i = 0; i < fresh->cnt; ++i) {
      next_[fresh->elems[i].partition] = fresh->elems[i].offset;
    }
    return {};
  }

  void poll(int timeout_ms, const Use& use) {
    std::map<std::int32_t, std::vector<KafkaMessage>> held;
    for (std::size_t count = 0; count < kMostAtOnce; ++count) {
      KafkaMessage message(rd_kafka_consumer_poll(client_.get(), count == 0 ? timeout_ms : 0));
      if (message == nullptr) break;
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        trouble_ = rd_kafka_message_errstr(message.get());  // librdkafka tries again
        continue;
      }
      next_[message->partition] = message->offset + 1;
      held[message->partition].push_back(std::move(message));
    }
    std::vector<LogMessage> messages;
    for (const auto& [partition, of_it] : held) {
      messages.clear();
      for (const KafkaMessage& each : of_it) messages.push_back(message_of(*each));
      use(partition, messages);
    }
  }

  std::optional<std::string> take_trouble() { return std::exchange(trouble_, std::nullopt); }

  [[nodiscard]] std::optional<std::int64_t> lag(std::int32_t partition) const {
    const auto next = next_.find(partition);
    std::int64_t low = 0, high = 0;
    if (next == next_.end() ||
        rd_kafka_get_watermark_offsets(client_.get(), settings_.topic.c_str(), partition, &low,
                                       &high) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        high < 0) {
      return std::nullopt;
    }
    return std::max<std::int64_t>(high - next->second, 0);
  }

 private:
  std::unexpected<Error> failed(rd_kafka_resp_err_t error) const {
    return fail("{}: {}", shown(settings_), text_of(error));
  }

  const KafkaSettings settings_;
  const KafkaHandle client_;
  std::map<std::int32_t, std::int64_t> next_;  // by partition: the offset to be read next
  std::optional<std::string> trouble_;
};

KafkaTail::KafkaTail(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KafkaTail::~KafkaTail() = default;

Result<std::unique_ptr<KafkaTail>> KafkaTail::open(const KafkaSettings& settings) {
  auto client = make_onlooker(settings, kTailProperties);
  if (!client) return std::unexpected(client.error());
  return std::unique_ptr<KafkaTail>(
      new KafkaTail(std::make_unique<Impl>(settings, *std::move(client))));
}

Result<void> KafkaTail::follow(std::int32_t count, Seconds since, int timeout_ms) {
  return impl_->follow(count, since, timeout_ms);
}
void KafkaTail::poll(int timeout_ms, const Use& use) { impl_->poll(timeout_ms, use); }
std::optional<std::string> KafkaTail::take_trouble() { return impl_->take_trouble(); }
std::optional<std::int64_t> KafkaTail::lag(std::int32_t partition) const {
  return impl_->lag(partition);
}

}  // namespace bikeflow
