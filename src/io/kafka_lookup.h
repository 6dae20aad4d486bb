// Questions to a Kafka cluster about one topic and one group, without being a member of the group.
//
// It commits nothing, and what it reads moves nobody.
//
// Threads: any number, a KafkaListener's and KafkaSink's among them; each call waits for its
// answer, at most about timeout_ms.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/kafka_settings.h"
#include "model/log_message.h"

namespace bikeflow {

struct KafkaWatermarks {
  std::int64_t low = 0;   // the first offset that is still there
  std::int64_t high = 0;  // where the next record will be; of an open transaction: where it began
  friend bool operator==(const KafkaWatermarks&, const KafkaWatermarks&) = default;
};

struct KafkaCommitted {
  std::int64_t offset = 0;
  std::string metadata;
  friend bool operator==(const KafkaCommitted&, const KafkaCommitted&) = default;
};

struct KafkaRecord {
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = -1;  // -1: it has none
  std::uint64_t hash = 0;          // record_hash() of it
  friend bool operator==(const KafkaRecord&, const KafkaRecord&) = default;
};

class KafkaLookup {
 public:
  // Asks nothing yet: an Error is one of the settings.
  static Result<std::unique_ptr<KafkaLookup>> open(const KafkaSettings& settings);
  ~KafkaLookup();
  KafkaLookup(const KafkaLookup&) = delete;
  KafkaLookup& operator=(const KafkaLookup&) = delete;

  Result<std::string> cluster_id(int timeout_ms);

  // An Error where there is no such topic, or no broker.
  Result<std::int32_t> partition_count(int timeout_ms);
  // Nothing where there is no such topic.
  Result<std::optional<std::int32_t>> partition_count_if_any(int timeout_ms);

  // The topic's cleanup.policy: "delete", "compact" or "compact,delete". An Error says why it
  // cannot be known (an ACL may forbid asking).
  Result<std::string> cleanup_policy(int timeout_ms);

  Result<KafkaWatermarks> watermarks(std::int32_t partition, int timeout_ms);

  // What the group has committed of each partition; nothing of one without a commit.
  Result<std::map<std::int32_t, std::optional<KafkaCommitted>>> committed(
      const std::vector<std::int32_t>& partitions, int timeout_ms);

  // The record at exactly this offset; nothing where the partition does not reach so far, begins
  // later, or has no record there (any more). Requires: offset >= 0.
  Result<std::optional<KafkaRecord>> record(std::int32_t partition, std::int64_t offset,
                                            int timeout_ms);

 private:
  class Impl;
  explicit KafkaLookup(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace bikeflow
