#include "io/kafka_reader.h"

#include <array>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "io/clock.h"
#include "io/kafka_handle.h"

namespace bikeflow {
namespace {

constexpr std::size_t kMostAtOnce = 1000;

constexpr std::array kReaderProperties = {
    KafkaProperty{"auto.offset.reset", "error"},
    KafkaProperty{"enable.partition.eof", "true"},
};

}  // namespace

class KafkaReader::Impl {
 public:
  Impl(KafkaSettings settings, KafkaHandle client)
      : settings_(std::move(settings)), client_(std::move(client)) {}

  Result<void> read(std::int32_t partition, std::int64_t from, std::int64_t to, int silence_ms,
                    const Use& use) {
    if (from >= to) return {};
    if (const auto error = assign_one(client_.get(), settings_, partition, from);
        error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return fail("{}: partition {}: {}", shown(settings_), partition, text_of(error));
    }
    auto done = read_assigned(partition, to, silence_ms, use);
    rd_kafka_assign(client_.get(), nullptr);
    return done;
  }

 private:
  Result<void> read_assigned(std::int32_t partition, std::int64_t to, int silence_ms,
                             const Use& use) {
    std::vector<KafkaMessage> held;
    const auto hand_over = [&]() -> Result<void> {
      if (held.empty()) return {};
      std::vector<LogMessage> messages;
      messages.reserve(held.size());
      for (const KafkaMessage& each : held) messages.push_back(message_of(*each));
      auto used = use(messages);
      held.clear();
      return used;
    };
    std::int64_t deadline_ms = monotonic_ms() + silence_ms;
    std::string last = "no answer";
    while (monotonic_ms() < deadline_ms) {
      KafkaMessage message(rd_kafka_consumer_poll(client_.get(), held.empty() ? 100 : 0));
      bool is_end = false;
      if (message != nullptr && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        deadline_ms = monotonic_ms() + silence_ms;
        // Offsets that no record has (of transactions) may lie before `to`.
        is_end = message->offset + 1 >= to;
        if (message->offset < to) held.push_back(std::move(message));
        if (!is_end && held.size() < kMostAtOnce) continue;
      } else if (message != nullptr && message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        is_end = true;
      } else if (message != nullptr && is_out_of_range(message->err)) {
        return fail("{}: partition {}: {}", shown(settings_), partition,
                    rd_kafka_message_errstr(message.get()));
      } else if (message != nullptr) {
        last = rd_kafka_message_errstr(message.get());  // librdkafka tries again
        continue;
      }
      if (auto used = hand_over(); !used || is_end) return used;
    }
    return fail("{}: partition {}: nothing was read for {} ms: {}", shown(settings_), partition,
                silence_ms, last);
  }

  const KafkaSettings settings_;
  const KafkaHandle client_;
};

KafkaReader::KafkaReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KafkaReader::~KafkaReader() = default;

Result<std::unique_ptr<KafkaReader>> KafkaReader::open(const KafkaSettings& settings) {
  auto client = make_onlooker(settings, kReaderProperties);
  if (!client) return std::unexpected(client.error());
  return std::unique_ptr<KafkaReader>(
      new KafkaReader(std::make_unique<Impl>(settings, *std::move(client))));
}

Result<void> KafkaReader::read(std::int32_t partition, std::int64_t from, std::int64_t to,
                               int silence_ms, const Use& use) {
  return impl_->read(partition, from, to, silence_ms, use);
}

}  // namespace bikeflow
