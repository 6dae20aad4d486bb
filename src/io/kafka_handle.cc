#include "io/kafka_handle.h"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include <fmt/core.h>

namespace bikeflow {
namespace {

using Rule = KafkaProperty::Rule;

// Before, it sent the client's nonce twice, which such brokers no longer let pass.
constexpr int kScramWithKafka4 = 0x020601ff;

constexpr std::size_t kErrorTextBytes = 512;

// Who the client is to the broker's operator, and that it makes no topics of misspelt names.
constexpr std::array kCommon = {
    KafkaProperty{"client.id", "bikeflow", Rule::kDefault},
    // Log lines wait in a queue until the owner polls, so that no thread of librdkafka calls us.
    KafkaProperty{"log.queue", "true"},
    KafkaProperty{"log.thread.name", "false", Rule::kDefault},
};

constexpr std::array kOnlooker = {
    KafkaProperty{"enable.auto.commit", "false"},
    KafkaProperty{"enable.auto.offset.store", "false"},
    KafkaProperty{"isolation.level", "read_committed"},
    KafkaProperty{"allow.auto.create.topics", "false"},
    KafkaProperty{"partition.assignment.strategy", "range,roundrobin"},
};

Result<void> set(rd_kafka_conf_t* conf, const KafkaProperty& property) {
  std::array<char, kErrorTextBytes> text{};
  const rd_kafka_conf_res_t outcome =
      rd_kafka_conf_set(conf, property.name, property.value, text.data(), text.size());
  if (outcome == RD_KAFKA_CONF_OK) return {};
  if (outcome == RD_KAFKA_CONF_UNKNOWN && property.rule == Rule::kIfThere) return {};
  return fail("kafka client property '{}': {}", property.name, text.data());
}

}  // namespace

Result<KafkaConf> make_kafka_conf(const KafkaSettings& settings,
                                  std::span<const KafkaProperty> properties) {
  KafkaConf conf(rd_kafka_conf_new());
  const KafkaProperty brokers{"bootstrap.servers", settings.brokers.c_str()};
  std::map<std::string_view, KafkaProperty> ours{{brokers.name, brokers}};
  for (const KafkaProperty& property : kCommon) ours.emplace(property.name, property);
  for (const KafkaProperty& property : properties) ours.emplace(property.name, property);

  for (const auto& [name, value] : settings.client) {
    const auto own = ours.find(name);
    if (own != ours.end() && own->second.rule == Rule::kFixed) {
      return fail("[kafka.client] '{}' is not yours to set: bikeflow needs it to be '{}'", name,
                  own->second.value);
    }
    if (auto done = set(conf.get(), {name.c_str(), value.c_str()}); !done) {
      return with_context("[kafka.client]", done.error());
    }
  }
  // After theirs: some properties have a second name, and what is fixed must win.
  for (const auto& [name, property] : ours) {
    if (settings.client.contains(property.name)) continue;
    if (auto done = set(conf.get(), property); !done) return std::unexpected(done.error());
  }
  return conf;
}

Result<KafkaHandle> make_kafka_handle(rd_kafka_type_t kind, KafkaConf conf,
                                      const KafkaSettings& settings) {
  std::array<char, kErrorTextBytes> text{};
  KafkaHandle handle(rd_kafka_new(kind, conf.get(), text.data(), text.size()));
  if (handle == nullptr) {
    return fail("{}: no Kafka client: {}{}", shown(settings), text.data(),
                kafka_advice(text.data()));
  }
  [[maybe_unused]] const rd_kafka_conf_t* taken = conf.release();
  return handle;
}

Result<KafkaConf> make_onlooker_conf(const KafkaSettings& settings,
                                     std::span<const KafkaProperty> properties) {
  std::vector<KafkaProperty> all(kOnlooker.begin(), kOnlooker.end());
  all.insert(all.end(), properties.begin(), properties.end());
  auto conf = make_kafka_conf(settings, all);
  if (!conf) return conf;
  if (auto done = set(conf->get(), {"group.id", settings.group.c_str()}); !done) {
    return std::unexpected(done.error());
  }
  return conf;
}

Result<KafkaHandle> make_onlooker(const KafkaSettings& settings,
                                  std::span<const KafkaProperty> properties) {
  auto conf = make_onlooker_conf(settings, properties);
  if (!conf) return std::unexpected(conf.error());
  rd_kafka_conf_set_log_cb(conf->get(), nullptr);
  auto client = make_kafka_handle(RD_KAFKA_CONSUMER, *std::move(conf), settings);
  if (client) rd_kafka_poll_set_consumer(client->get());
  return client;
}

std::string shown(const KafkaSettings& settings) {
  return fmt::format("topic '{}' at {}", settings.topic, settings.brokers);
}

// By librdkafka's words, and OpenSSL's; the first that fits.
std::string kafka_advice(std::string_view why) {
  const auto says = [&](auto... words) { return (why.contains(words) || ...); };
  if (says("ssl.ca.location failed")) {
    return "; ssl.ca.location in [kafka.client] must name a file that can be read, of certificates "
           "in PEM";
  }
  if (says("certificate verify failed", "could not be verified")) {
    return "; ssl.ca.location in [kafka.client] must name the certificate of the authority that "
           "signed the broker's, and [kafka] brokers the host as the broker's certificate names it";
  }
  if (says("Unsupported SASL mechanism")) {
    return "; take one of these as sasl.mechanism in [kafka.client]";
  }
  if (says("SASL authentication error", "Authentication failed")) {
    std::string advice = "; look at sasl.username and sasl.password in [kafka.client]";
    if (says("SCRAM") && rd_kafka_version() < kScramWithKafka4) {
      advice += fmt::format(
          ". If they are right: librdkafka {} cannot log in by SCRAM to Kafka 4.0 or newer; use "
          "sasl.mechanism = PLAIN there, or librdkafka 2.6.1 or newer",
          rd_kafka_version_str());
    }
    return advice;
  }
  if (says("security.protocol", "SSL handshake failed", "SSL transport error")) {
    return "; look at security.protocol in [kafka.client]: this listener of the broker expects "
           "another one";
  }
  return "";
}

KafkaLogLevel kafka_log_level(int syslog_level) {
  if (syslog_level <= 3) return KafkaLogLevel::kError;
  if (syslog_level == 4) return KafkaLogLevel::kWarning;
  return syslog_level <= 6 ? KafkaLogLevel::kInfo : KafkaLogLevel::kDebug;
}

LogMessage message_of(const rd_kafka_message_t& message) {
  LogMessage record{.offset = message.offset,
                    .timestamp_ms = -1,
                    .key = bytes_of(message.key, message.key_len),
                    .value = std::nullopt};
  rd_kafka_timestamp_type_t kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const std::int64_t timestamp_ms = rd_kafka_message_timestamp(&message, &kind);
  if (kind != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE) record.timestamp_ms = timestamp_ms;
  if (message.payload != nullptr) record.value = bytes_of(message.payload, message.len);
  return record;
}

rd_kafka_resp_err_t assign_one(rd_kafka_t* client, const KafkaSettings& settings,
                               std::int32_t partition, std::int64_t offset) {
  const KafkaPartitions list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), settings.topic.c_str(), partition)->offset = offset;
  return rd_kafka_assign(client, list.get());
}

bool is_out_of_range(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE ||
         error == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET;
}

}  // namespace bikeflow
