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
    KafkaProperty{"enable.auto.commit", "false"},
    KafkaProperty{"enable.auto.offset.store", "false"},
    KafkaProperty{"auto.offset.reset", "error"},
    KafkaProperty{"isolation.level", "read_committed"},
    KafkaProperty{"enable.partition.eof", "true"},
    KafkaProperty{"allow.auto.create.topics", "false"},
    KafkaProperty{"partition.assignment.strategy", "range,roundrobin"},
};

}  // namespace

class KafkaReader::Impl {
 public:
  explicit Impl(KafkaSettings settings) : settings_(std::move(settings)) {}

  Result<void> open() {
    auto conf = make_kafka_conf(settings_, kReaderProperties);
    if (!conf) return std::unexpected(conf.error());
    std::array<char, 512> text{};
    // Only named, for the broker's ACLs: nothing joins it.
    if (rd_kafka_conf_set(conf->get(), "group.id", settings_.group.c_str(), text.data(),
                          text.size()) != RD_KAFKA_CONF_OK) {
      return fail("group.id '{}': {}", settings_.group, text.data());
    }
    rd_kafka_conf_set_log_cb(conf->get(), nullptr);
    auto client = make_kafka_handle(RD_KAFKA_CONSUMER, *std::move(conf), settings_);
    if (!client) return std::unexpected(client.error());
    client_ = *std::move(client);
    rd_kafka_poll_set_consumer(client_.get());
    return {};
  }

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
  KafkaHandle client_;
};

KafkaReader::KafkaReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KafkaReader::~KafkaReader() = default;

Result<std::unique_ptr<KafkaReader>> KafkaReader::open(const KafkaSettings& settings) {
  auto impl = std::make_unique<Impl>(settings);
  if (auto opened = impl->open(); !opened) return std::unexpected(opened.error());
  return std::unique_ptr<KafkaReader>(new KafkaReader(std::move(impl)));
}

Result<void> KafkaReader::read(std::int32_t partition, std::int64_t from, std::int64_t to,
                               int silence_ms, const Use& use) {
  return impl_->read(partition, from, to, silence_ms, use);
}

}  // namespace bikeflow
