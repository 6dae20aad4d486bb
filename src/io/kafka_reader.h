// Reads partitions of a topic again, from an offset on, without being a member of a group: nothing
// is committed, and nobody's reading is moved.
//
// Threads: one owner.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/result.h"
#include "io/kafka_settings.h"
#include "model/log_message.h"

namespace bikeflow {

class KafkaReader {
 public:
  // Asks nothing yet: an Error is one of the settings.
  static Result<std::unique_ptr<KafkaReader>> open(const KafkaSettings& settings);
  ~KafkaReader();
  KafkaReader(const KafkaReader&) = delete;
  KafkaReader& operator=(const KafkaReader&) = delete;

  // The records from offset `from` to before `to`, in their order, some at a time; a partition that
  // ends before `to` ends the reading. What `use` is given dies with its return; an Error of its
  // own ends the reading. An Error where `from` is not there (any more), and where nothing comes
  // for `silence_ms`.
  using Use = std::function<Result<void>(std::span<const LogMessage>)>;
  Result<void> read(std::int32_t partition, std::int64_t from, std::int64_t to, int silence_ms,
                    const Use& use);

 private:
  class Impl;
  explicit KafkaReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace bikeflow
