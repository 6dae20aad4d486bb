#include "io/kafka_topic.h"

#include <array>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "base/check.h"
#include "io/kafka_handle.h"
#include "io/kafka_lookup.h"

namespace bikeflow {
namespace {

using AdminOptions =
    std::unique_ptr<rd_kafka_AdminOptions_t, KafkaDelete<rd_kafka_AdminOptions_destroy>>;
using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, KafkaDelete<rd_kafka_NewTopic_destroy>>;

constexpr int kReplicasOfBroker = -1;

std::string shown(std::int32_t partitions) {
  return partitions == 1 ? "1 partition" : fmt::format("{} partitions", partitions);
}

std::unexpected<Error> refused(const KafkaSettings& settings, rd_kafka_resp_err_t error,
                               std::string_view words) {
  const bool is_forbidden = error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
                            error == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
  return fail("there is no {}, and it cannot be created: {}{}", shown(settings), words,
              is_forbidden ? "; create it, or let this user create it" : "");
}

// True where somebody else was faster.
Result<bool> create(const KafkaSettings& settings, const TopicPlan& plan, int timeout_ms) {
  auto conf = make_kafka_conf(settings, {});
  if (!conf) return std::unexpected(conf.error());
  rd_kafka_conf_set_log_cb(conf->get(), nullptr);
  auto client = make_kafka_handle(RD_KAFKA_PRODUCER, *std::move(conf), settings);
  if (!client) return std::unexpected(client.error());
  std::array<char, 512> text{};
  const NewTopic topic(rd_kafka_NewTopic_new(settings.topic.c_str(), plan.partitions,
                                             kReplicasOfBroker, text.data(), text.size()));
  if (topic == nullptr) return fail("{}: {}", shown(settings), text.data());
  const std::string retention_ms = fmt::format("{}", plan.retention * 1000);
  for (const auto& [name, value] :
       {std::pair{"retention.ms", retention_ms.c_str()}, std::pair{"cleanup.policy", "delete"}}) {
    CHECK(rd_kafka_NewTopic_set_config(topic.get(), name, value) == RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  const AdminOptions options(
      rd_kafka_AdminOptions_new(client->get(), RD_KAFKA_ADMIN_OP_CREATETOPICS));
  for (const auto set :
       {rd_kafka_AdminOptions_set_request_timeout, rd_kafka_AdminOptions_set_operation_timeout}) {
    if (set(options.get(), timeout_ms, text.data(), text.size()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return fail("{}: {}", shown(settings), text.data());
    }
  }
  const KafkaQueue answers(rd_kafka_queue_new(client->get()));
  rd_kafka_NewTopic_t* asked = topic.get();
  rd_kafka_CreateTopics(client->get(), &asked, 1, options.get(), answers.get());
  const KafkaEvent answer(rd_kafka_queue_poll(answers.get(), timeout_ms + 100));
  if (answer == nullptr) {
    return refused(settings, RD_KAFKA_RESP_ERR__TIMED_OUT, text_of(RD_KAFKA_RESP_ERR__TIMED_OUT));
  }
  if (const auto error = rd_kafka_event_error(answer.get()); error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return refused(settings, error, rd_kafka_event_error_string(answer.get()));
  }
  std::size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer.get()), &count);
  CHECK(count == 1);
  const auto error = rd_kafka_topic_result_error(results[0]);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return false;
  if (error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return true;
  const char* words = rd_kafka_topic_result_error_string(results[0]);
  return refused(settings, error, words != nullptr ? words : text_of(error));
}

}  // namespace

Result<FoundTopic> find_or_create_topic(const KafkaSettings& settings, const TopicPlan& plan,
                                        int timeout_ms) {
  auto lookup = KafkaLookup::open(settings);
  if (!lookup) return std::unexpected(lookup.error());
  auto count = (*lookup)->partition_count_if_any(timeout_ms);
  if (!count) return std::unexpected(count.error());
  if (!*count) {
    const auto was_there = create(settings, plan, timeout_ms);
    if (!was_there) return std::unexpected(was_there.error());
    if (!*was_there) {
      return FoundTopic{
          fmt::format("{}: created with {}, which keep records for {}", shown(settings),
                      shown(plan.partitions), format_duration(plan.retention)),
          true};
    }
    count = (*lookup)->partition_count_if_any(timeout_ms);
    if (!count) return std::unexpected(count.error());
  }
  const std::int32_t partitions = count->value_or(0);
  if (partitions == plan.partitions) {
    return FoundTopic{fmt::format("{}: {}", shown(settings), shown(partitions)), true};
  }
  return FoundTopic{fmt::format("{}: it has {} and is left so, although [kafka] partitions says {}",
                                shown(settings), shown(partitions), plan.partitions),
                    false};
}

}  // namespace bikeflow
