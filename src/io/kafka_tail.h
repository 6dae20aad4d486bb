// Follows all partitions of a topic from some time on, without being a member of a group: nothing
// is committed, nobody's reading is moved, and any number of processes may do so.
//
// Threads: one owner.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "io/kafka_settings.h"
#include "model/log_message.h"

namespace bikeflow {

class KafkaTail {
 public:
  // Asks nothing yet: an Error is one of the settings.
  static Result<std::unique_ptr<KafkaTail>> open(const KafkaSettings& settings);
  ~KafkaTail();
  KafkaTail(const KafkaTail&) = delete;
  KafkaTail& operator=(const KafkaTail&) = delete;

  // Reads partitions 0 to `count` - 1, those that it does not read yet from their first record that
  // is not older than `since` on. An Error where the brokers do not answer: to be called again.
  Result<void> follow(std::int32_t count, Seconds since, int timeout_ms);

  // What `use` is given is of one partition, in its order, and dies with its return. Waits for the
  // first of anything.
  using Use = std::function<void(std::int32_t partition, std::span<const LogMessage> messages)>;
  void poll(int timeout_ms, const Use& use);

  // Why the brokers do not answer, if that is so since the last call.
  std::optional<std::string> take_trouble();

  // How many records there are behind the last one; nothing where that is not known yet.
  [[nodiscard]] std::optional<std::int64_t> lag(std::int32_t partition) const;

 private:
  class Impl;
  explicit KafkaTail(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace bikeflow
