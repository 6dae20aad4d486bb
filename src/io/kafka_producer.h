// Writes records to a topic: each once and in order (idempotent), acknowledged by all replicas,
// partitioned by key as Java's clients do.
//
// Threads: one; librdkafka's own are inside.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "io/kafka_settings.h"

namespace bikeflow {

// Called from inside the functions that send and flush only.
using KafkaLog = std::function<void(KafkaLogLevel level, std::string_view text)>;

class KafkaProducer {
 public:
  // Returns at once: brokers are looked for while sending.
  static Result<std::unique_ptr<KafkaProducer>> open(const KafkaSettings& settings, KafkaLog log);

  // Drops what is not flushed.
  ~KafkaProducer();
  KafkaProducer(const KafkaProducer&) = delete;
  KafkaProducer& operator=(const KafkaProducer&) = delete;

  // Queues a record (a copy), and waits for room where kQueueMessages or 64 MiB are queued. No
  // value: a tombstone. No partition: by the key. An Error is the first that any record has met:
  // it is lost (librdkafka gives up after message.timeout.ms), and nothing is taken any more.
  Result<void> send(std::string_view key, std::optional<std::string_view> value,
                    std::int64_t timestamp_ms, std::optional<std::int32_t> partition = {});

  // As send(), for who must not wait for long: false where there was no room within that time.
  Result<bool> try_send(std::string_view key, std::string_view value, std::int64_t timestamp_ms,
                        int timeout_ms);

  // Waits until everything sent so far is acknowledged. An Error where it is not by then, or lost.
  Result<void> flush(int timeout_ms);
  // As flush(), but false where it is not by then.
  Result<bool> is_flushed(int timeout_ms);

  static constexpr int kQueueMessages = 100'000;

 private:
  class Impl;
  explicit KafkaProducer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace bikeflow
