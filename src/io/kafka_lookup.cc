#include "io/kafka_lookup.h"

#include <string.h>  // NOLINT(modernize-deprecated-headers): strnlen is POSIX's

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include <fmt/core.h>

#include "base/check.h"
#include "base/hash.h"
#include "io/clock.h"
#include "io/kafka_handle.h"

namespace bikeflow {
namespace {

using Rule = KafkaProperty::Rule;
using AdminOptions =
    std::unique_ptr<rd_kafka_AdminOptions_t, KafkaDelete<rd_kafka_AdminOptions_destroy>>;
using ConfigResource =
    std::unique_ptr<rd_kafka_ConfigResource_t, KafkaDelete<rd_kafka_ConfigResource_destroy>>;

constexpr std::array kLookupProperties = {
    KafkaProperty{"auto.offset.reset", "error"},
    KafkaProperty{"enable.partition.eof", "true"},
    // One record is looked at, and a broker sends its whole batch whatever the bound says.
    KafkaProperty{"fetch.message.max.bytes", "4096"},
    KafkaProperty{"queued.min.messages", "1"},
    // A fetch that waits for records at the end of a partition holds up the next question.
    KafkaProperty{"fetch.wait.max.ms", "10"},
};

constexpr int kSlice_ms = 500;
constexpr int kMostRefused_ms = 3000;

// librdkafka copies up to a zero byte and no further, whatever size it names.
std::string text_before_zero(const rd_kafka_topic_partition_t& partition) {
  const auto* text = static_cast<const char*>(partition.metadata);
  return {text, text == nullptr ? 0 : ::strnlen(text, partition.metadata_size)};
}

}  // namespace

class KafkaLookup::Impl {
 public:
  explicit Impl(KafkaSettings settings) : settings_(std::move(settings)) {}

  Result<void> open();
  Result<std::string> cluster_id(int timeout_ms);
  Result<std::optional<std::int32_t>> partition_count(int timeout_ms);
  [[nodiscard]] const KafkaSettings& settings() const { return settings_; }
  Result<std::string> cleanup_policy(int timeout_ms);
  Result<KafkaWatermarks> watermarks(std::int32_t partition, int timeout_ms);
  Result<std::map<std::int32_t, std::optional<KafkaCommitted>>> committed(
      const std::vector<std::int32_t>& partitions, int timeout_ms);
  Result<std::optional<KafkaRecord>> record(std::int32_t partition, std::int64_t offset,
                                            int timeout_ms);

 private:
  // Called by librdkafka's threads and by ours.
  static void on_log(const rd_kafka_t* client, int, const char* facility, const char* text) {
    auto& self = *static_cast<Impl*>(rd_kafka_opaque(client));
    // FAIL: why a connection failed. Others say after it that it did, and an idle one may just end.
    if (facility != std::string_view("FAIL") ||
        std::string_view(text).contains(": Disconnected (after")) {
      return;
    }
    const std::scoped_lock lock(self.trouble_mutex_);
    self.trouble_ = text;
  }

  // "topic 'bikes' at localhost:9092: <asked>: <error>", and what the connections last met.
  std::unexpected<Error> failure(std::string_view asked, std::string_view error);
  std::unexpected<Error> failure(std::string_view asked, rd_kafka_resp_err_t error) {
    return failure(asked, text_of(error));
  }
  Result<std::optional<KafkaRecord>> wait_for_record(std::int32_t partition, std::int64_t offset,
                                                     int timeout_ms);
  // By the last failed connection: waiting does not help.
  [[nodiscard]] bool is_refused() {
    const std::scoped_lock lock(trouble_mutex_);
    return !kafka_advice(trouble_).empty();
  }

  const KafkaSettings settings_;
  std::mutex trouble_mutex_;
  std::string trouble_;
  KafkaHandle client_;
  KafkaTopic topic_;
  std::mutex reading_;  // there is one assignment
};

Result<void> KafkaLookup::Impl::open() {
  auto conf = make_onlooker_conf(settings_, kLookupProperties);
  if (!conf) return std::unexpected(conf.error());
  // on_log() is called by librdkafka's threads, whoever polls.
  if (rd_kafka_conf_set(conf->get(), "log.queue", "false", nullptr, 0) != RD_KAFKA_CONF_OK) {
    return fail("kafka client property 'log.queue' cannot be set");
  }
  rd_kafka_conf_set_opaque(conf->get(), this);
  rd_kafka_conf_set_log_cb(conf->get(), on_log);
  auto client = make_kafka_handle(RD_KAFKA_CONSUMER, *std::move(conf), settings_);
  if (!client) return std::unexpected(client.error());
  client_ = *std::move(client);
  rd_kafka_poll_set_consumer(client_.get());
  topic_.reset(rd_kafka_topic_new(client_.get(), settings_.topic.c_str(), nullptr));
  if (topic_ == nullptr) return failure("topic", rd_kafka_last_error());
  return {};
}

std::unexpected<Error> KafkaLookup::Impl::failure(std::string_view asked, std::string_view error) {
  const std::scoped_lock lock(trouble_mutex_);
  return fail("{}: {}: {}{}{}{}", shown(settings_), asked, error,
              trouble_.empty() ? "" : "; last: ", trouble_, kafka_advice(trouble_));
}

Result<std::string> KafkaLookup::Impl::cluster_id(int timeout_ms) {
  const std::int64_t begin_ms = monotonic_ms();
  char* id = nullptr;
  for (std::int64_t passed_ms = 0; id == nullptr; passed_ms = monotonic_ms() - begin_ms) {
    // Who is not let in is not let in later; but a broker that just started may not know its users.
    if (passed_ms >= timeout_ms || (passed_ms >= kMostRefused_ms && is_refused())) {
      return failure("cluster id", fmt::format("no broker answered within {} ms", passed_ms));
    }
    id = rd_kafka_clusterid(
        client_.get(), static_cast<int>(std::min<std::int64_t>(kSlice_ms, timeout_ms - passed_ms)));
  }
  std::string copy(id);
  rd_kafka_mem_free(client_.get(), id);
  return copy;
}

Result<std::optional<std::int32_t>> KafkaLookup::Impl::partition_count(int timeout_ms) {
  const rd_kafka_metadata_t* raw = nullptr;
  const auto error = rd_kafka_metadata(client_.get(), 0, topic_.get(), &raw, timeout_ms);
  const std::unique_ptr<const rd_kafka_metadata_t, KafkaDelete<rd_kafka_metadata_destroy>> metadata(
      raw);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return failure(fmt::format("no broker answered within {} ms", timeout_ms), error);
  }
  if (metadata->topic_cnt != 1) return failure("partitions", "the broker's answer lacks the topic");
  const rd_kafka_metadata_topic_t& topic = metadata->topics[0];
  if (topic.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return std::nullopt;
  if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR) return failure("partitions", topic.err);
  return topic.partition_cnt;
}

Result<std::string> KafkaLookup::Impl::cleanup_policy(int timeout_ms) {
  static constexpr std::string_view kName = "cleanup.policy";
  const AdminOptions options(
      rd_kafka_AdminOptions_new(client_.get(), RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS));
  std::array<char, 512> text{};
  if (const auto error = rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout_ms,
                                                                   text.data(), text.size());
      error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return failure(kName, text.data());
  }
  const ConfigResource resource(
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, settings_.topic.c_str()));
  const KafkaQueue answers(rd_kafka_queue_new(client_.get()));
  rd_kafka_ConfigResource_t* asked = resource.get();
  rd_kafka_DescribeConfigs(client_.get(), &asked, 1, options.get(), answers.get());
  const KafkaEvent answer(rd_kafka_queue_poll(answers.get(), timeout_ms + 100));
  if (answer == nullptr) return failure(kName, RD_KAFKA_RESP_ERR__TIMED_OUT);
  if (rd_kafka_event_error(answer.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return failure(kName, rd_kafka_event_error_string(answer.get()));
  }
  const rd_kafka_DescribeConfigs_result_t* result =
      rd_kafka_event_DescribeConfigs_result(answer.get());
  CHECK(result != nullptr);
  std::size_t count = 0;
  const rd_kafka_ConfigResource_t** described =
      rd_kafka_DescribeConfigs_result_resources(result, &count);
  if (count != 1) return failure(kName, "the broker's answer lacks the topic");
  if (rd_kafka_ConfigResource_error(described[0]) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* words = rd_kafka_ConfigResource_error_string(described[0]);
    return failure(kName,
                   words != nullptr ? words : text_of(rd_kafka_ConfigResource_error(described[0])));
  }
  const rd_kafka_ConfigEntry_t** entries = rd_kafka_ConfigResource_configs(described[0], &count);
  for (std::size_t i = 0; i < count; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(entries[i]);
    if (value != nullptr && rd_kafka_ConfigEntry_name(entries[i]) == kName) return value;
  }
  return failure(kName, "the broker's answer lacks it");
}

Result<KafkaWatermarks> KafkaLookup::Impl::watermarks(std::int32_t partition, int timeout_ms) {
  KafkaWatermarks marks;
  const auto error = rd_kafka_query_watermark_offsets(
      client_.get(), settings_.topic.c_str(), partition, &marks.low, &marks.high, timeout_ms);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return failure(fmt::format("first and last offset of partition {}", partition), error);
  }
  return marks;
}

Result<std::map<std::int32_t, std::optional<KafkaCommitted>>> KafkaLookup::Impl::committed(
    const std::vector<std::int32_t>& partitions, int timeout_ms) {
  const std::string asked = fmt::format("offsets of group '{}'", settings_.group);
  std::map<std::int32_t, std::optional<KafkaCommitted>> found;
  if (partitions.empty()) return found;
  const KafkaPartitions list(
      rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const std::int32_t partition : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), settings_.topic.c_str(), partition);
  }
  // A time-out leaves every partition at "no offset" without an error: this code is what counts.
  const auto error = rd_kafka_committed(client_.get(), list.get(), timeout_ms);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return failure(asked, error);
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& each = list->elems[i];
    if (each.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return failure(fmt::format("{}, partition {}", asked, each.partition), each.err);
    }
    std::optional<KafkaCommitted>& committed = found[each.partition];
    if (each.offset >= 0) {
      committed = {each.offset, text_before_zero(each)};
    } else if (each.offset != RD_KAFKA_OFFSET_INVALID) {
      return failure(asked, fmt::format("partition {} is at {}", each.partition, each.offset));
    }
  }
  return found;
}

Result<std::optional<KafkaRecord>> KafkaLookup::Impl::wait_for_record(std::int32_t partition,
                                                                      std::int64_t offset,
                                                                      int timeout_ms) {
  const std::string asked = fmt::format("the record {}/{}@{}", settings_.topic, partition, offset);
  const std::int64_t deadline_ms = monotonic_ms() + timeout_ms;
  std::string last = fmt::format("no answer within {} ms", timeout_ms);
  for (std::int64_t left_ms = timeout_ms; left_ms > 0; left_ms = deadline_ms - monotonic_ms()) {
    const KafkaMessage message(rd_kafka_consumer_poll(client_.get(), static_cast<int>(left_ms)));
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF || is_out_of_range(message->err)) {
      return std::nullopt;
    }
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      last = rd_kafka_message_errstr(message.get());
      continue;  // librdkafka tries again until the time is over
    }
    if (message->offset != offset) return std::nullopt;
    const LogMessage read = message_of(*message);
    return KafkaRecord{.offset = offset,
                       .timestamp_ms = read.timestamp_ms,
                       .hash = record_hash(read.key, read.value)};
  }
  return failure(asked, last);
}

Result<std::optional<KafkaRecord>> KafkaLookup::Impl::record(std::int32_t partition,
                                                             std::int64_t offset, int timeout_ms) {
  CHECK(offset >= 0);
  const std::scoped_lock lock(reading_);
  if (const auto error = assign_one(client_.get(), settings_, partition, offset);
      error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return failure(fmt::format("partition {}", partition), error);
  }
  auto found = wait_for_record(partition, offset, timeout_ms);
  rd_kafka_assign(client_.get(), nullptr);
  return found;
}

KafkaLookup::KafkaLookup(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KafkaLookup::~KafkaLookup() = default;

Result<std::unique_ptr<KafkaLookup>> KafkaLookup::open(const KafkaSettings& settings) {
  auto impl = std::make_unique<Impl>(settings);
  if (auto opened = impl->open(); !opened) return std::unexpected(opened.error());
  return std::unique_ptr<KafkaLookup>(new KafkaLookup(std::move(impl)));
}

Result<std::string> KafkaLookup::cluster_id(int timeout_ms) {
  return impl_->cluster_id(timeout_ms);
}
Result<std::int32_t> KafkaLookup::partition_count(int timeout_ms) {
  const auto count = impl_->partition_count(timeout_ms);
  if (!count) return std::unexpected(count.error());
  if (!*count) {
    return fail("there is no {}; create it, or correct [kafka] topic", shown(impl_->settings()));
  }
  return **count;
}
Result<std::optional<std::int32_t>> KafkaLookup::partition_count_if_any(int timeout_ms) {
  return impl_->partition_count(timeout_ms);
}
Result<std::string> KafkaLookup::cleanup_policy(int timeout_ms) {
  return impl_->cleanup_policy(timeout_ms);
}
Result<KafkaWatermarks> KafkaLookup::watermarks(std::int32_t partition, int timeout_ms) {
  return impl_->watermarks(partition, timeout_ms);
}
Result<std::map<std::int32_t, std::optional<KafkaCommitted>>> KafkaLookup::committed(
    const std::vector<std::int32_t>& partitions, int timeout_ms) {
  return impl_->committed(partitions, timeout_ms);
}
Result<std::optional<KafkaRecord>> KafkaLookup::record(std::int32_t partition, std::int64_t offset,
                                                       int timeout_ms) {
  return impl_->record(partition, offset, timeout_ms);
}

}  // namespace bikeflow
