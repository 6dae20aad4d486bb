#include "io/kafka_producer.h"

#include <array>
#include <optional>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "base/check.h"
#include "io/kafka_handle.h"

namespace bikeflow {
namespace {

using Rule = KafkaProperty::Rule;

constexpr std::array kProducerProperties = {
    KafkaProperty{"enable.idempotence", "true"},
    KafkaProperty{"acks", "all"},
    KafkaProperty{"partitioner", "murmur2_random"},
    KafkaProperty{"delivery.report.only.error", "true"},
    KafkaProperty{"queue.buffering.max.messages", "100000"},
    KafkaProperty{"queue.buffering.max.kbytes", "65536", Rule::kDefault},
    KafkaProperty{"compression.codec", "lz4", Rule::kDefault},
    KafkaProperty{"linger.ms", "20", Rule::kDefault},
};

constexpr int kWaitForRoom_ms = 100;
constexpr int kMessagesBetweenPolls = 1000;

}  // namespace

class KafkaProducer::Impl {
 public:
  Impl(KafkaSettings settings, KafkaLog log)
      : settings_(std::move(settings)), log_(std::move(log)) {}

  Result<void> open();
  // False where there was no room within the time.
  Result<bool> send(std::string_view key, std::optional<std::string_view> value,
                    std::int64_t timestamp_ms, std::int32_t partition, int timeout_ms);
  Result<bool> is_flushed(int timeout_ms);
  [[nodiscard]] std::unexpected<Error> not_flushed(int timeout_ms) const;

 private:
  static Impl& self(void* opaque) { return *static_cast<Impl*>(opaque); }
  static void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    self(opaque).lose(message->err);
  }
  static void on_error(rd_kafka_t*, int error, const char* reason, void* opaque) {
    const auto code = static_cast<rd_kafka_resp_err_t>(error);
    self(opaque).log_(KafkaLogLevel::kError, fmt::format("{}: {}", text_of(code), reason));
  }
  static void on_log(const rd_kafka_t* client, int level, const char* facility, const char* text) {
    self(rd_kafka_opaque(client))
        .log_(kafka_log_level(level), fmt::format("{}: {}", facility, text));
  }

  void lose(rd_kafka_resp_err_t error);

  const KafkaSettings settings_;
  const KafkaLog log_;
  std::optional<Error> failure_;  // the first; nothing is sent after it
  int since_poll_ = 0;
  KafkaHandle client_;
  KafkaTopic topic_;
};

Result<void> KafkaProducer::Impl::open() {
  auto conf = make_kafka_conf(settings_, kProducerProperties);
  if (!conf) return std::unexpected(conf.error());
  rd_kafka_conf_set_opaque(conf->get(), this);
  rd_kafka_conf_set_dr_msg_cb(conf->get(), on_delivery);
  rd_kafka_conf_set_error_cb(conf->get(), on_error);
  rd_kafka_conf_set_log_cb(conf->get(), on_log);
  auto client = make_kafka_handle(RD_KAFKA_PRODUCER, *std::move(conf), settings_);
  if (!client) return std::unexpected(client.error());
  client_ = *std::move(client);
  rd_kafka_set_log_queue(client_.get(), nullptr);  // the one that is polled
  topic_.reset(rd_kafka_topic_new(client_.get(), settings_.topic.c_str(), nullptr));
  if (topic_ == nullptr) return fail("{}: {}", shown(settings_), text_of(rd_kafka_last_error()));
  return {};
}

void KafkaProducer::Impl::lose(rd_kafka_resp_err_t error) {
  if (failure_) return;
  // A fatal error is behind all later ones.
  std::array<char, 512> text{};
  const bool is_fatal =
      rd_kafka_fatal_error(client_.get(), text.data(), text.size()) != RD_KAFKA_RESP_ERR_NO_ERROR;
  failure_ = Error{fmt::format("{}: a record was not taken: {}{}{}", shown(settings_),
                               text_of(error), is_fatal ? ": " : "", text.data())};
}

Result<bool> KafkaProducer::Impl::send(std::string_view key, std::optional<std::string_view> value,
                                       std::int64_t timestamp_ms, std::int32_t partition,
                                       int timeout_ms) {
  if (++since_poll_ >= kMessagesBetweenPolls) {
    since_poll_ = 0;
    rd_kafka_poll(client_.get(), 0);
  }
  void* bytes = value ? const_cast<char*>(value->data()) : nullptr;  // copied, never written
  const std::size_t size_bytes = value ? value->size() : 0;
  for (int waited_ms = 0; !failure_;) {
    const auto error =
        rd_kafka_producev(client_.get(), RD_KAFKA_V_RKT(topic_.get()),
                          RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_KEY(key.data(), key.size()),
                          RD_KAFKA_V_VALUE(bytes, size_bytes), RD_KAFKA_V_TIMESTAMP(timestamp_ms),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
    if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      if (waited_ms >= timeout_ms) return false;
      rd_kafka_poll(client_.get(), kWaitForRoom_ms);
      waited_ms += kWaitForRoom_ms;
    } else {
      lose(error);
    }
  }
  return std::unexpected(*failure_);
}

Result<bool> KafkaProducer::Impl::is_flushed(int timeout_ms) {
  const auto error = rd_kafka_flush(client_.get(), timeout_ms);
  if (failure_) return std::unexpected(*failure_);
  return error == RD_KAFKA_RESP_ERR_NO_ERROR;
}

std::unexpected<Error> KafkaProducer::Impl::not_flushed(int timeout_ms) const {
  return fail("{}: {} records were not acknowledged within {} ms", shown(settings_),
              rd_kafka_outq_len(client_.get()), timeout_ms);
}

KafkaProducer::KafkaProducer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KafkaProducer::~KafkaProducer() = default;

Result<std::unique_ptr<KafkaProducer>> KafkaProducer::open(const KafkaSettings& settings,
                                                           KafkaLog log) {
  CHECK(log);
  auto impl = std::make_unique<Impl>(settings, std::move(log));
  if (auto opened = impl->open(); !opened) return std::unexpected(opened.error());
  return std::unique_ptr<KafkaProducer>(new KafkaProducer(std::move(impl)));
}

Result<void> KafkaProducer::send(std::string_view key, std::optional<std::string_view> value,
                                 std::int64_t timestamp_ms, std::optional<std::int32_t> partition) {
  for (;;) {
    const auto sent = impl_->send(key, value, timestamp_ms,
                                  partition.value_or(RD_KAFKA_PARTITION_UA), kWaitForRoom_ms);
    if (!sent) return std::unexpected(sent.error());
    if (*sent) return {};
  }
}

Result<bool> KafkaProducer::try_send(std::string_view key, std::string_view value,
                                     std::int64_t timestamp_ms, int timeout_ms) {
  return impl_->send(key, value, timestamp_ms, RD_KAFKA_PARTITION_UA, timeout_ms);
}

Result<void> KafkaProducer::flush(int timeout_ms) {
  const auto flushed = impl_->is_flushed(timeout_ms);
  if (!flushed) return std::unexpected(flushed.error());
  if (!*flushed) return impl_->not_flushed(timeout_ms);
  return {};
}

Result<bool> KafkaProducer::is_flushed(int timeout_ms) { return impl_->is_flushed(timeout_ms); }

}  // namespace bikeflow
