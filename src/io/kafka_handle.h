// What kafka_*.cc share: owners for librdkafka's C objects, and how its clients are configured.
//
// Only those files include this header, and only this header includes librdkafka.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "io/kafka_settings.h"
#include "model/log_message.h"

namespace bikeflow {

template <auto Free>
struct KafkaDelete {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

// A client. Its end neither leaves a group nor sends what is waiting; but it waits for the answer
// to a commit that was sent.
inline void end_kafka_client(rd_kafka_t* client) {
  rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}
using KafkaHandle = std::unique_ptr<rd_kafka_t, KafkaDelete<end_kafka_client>>;
using KafkaConf = std::unique_ptr<rd_kafka_conf_t, KafkaDelete<rd_kafka_conf_destroy>>;
using KafkaQueue = std::unique_ptr<rd_kafka_queue_t, KafkaDelete<rd_kafka_queue_destroy>>;
using KafkaEvent = std::unique_ptr<rd_kafka_event_t, KafkaDelete<rd_kafka_event_destroy>>;
using KafkaMessage = std::unique_ptr<rd_kafka_message_t, KafkaDelete<rd_kafka_message_destroy>>;
using KafkaTopic = std::unique_ptr<rd_kafka_topic_t, KafkaDelete<rd_kafka_topic_destroy>>;
using KafkaError = std::unique_ptr<rd_kafka_error_t, KafkaDelete<rd_kafka_error_destroy>>;
using KafkaPartitions = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                        KafkaDelete<rd_kafka_topic_partition_list_destroy>>;

struct KafkaProperty {
  const char* name = nullptr;
  const char* value = nullptr;
  enum class Rule : std::uint8_t {
    kFixed,    // [kafka.client] must not name it
    kDefault,  // [kafka.client] may set another value
    kIfThere,  // as kDefault; librdkafka may be too old to know it
  } rule = Rule::kFixed;
};

// Brokers, what all our clients have in common, `properties`, and settings.client. An Error names
// the property that librdkafka does not take.
Result<KafkaConf> make_kafka_conf(const KafkaSettings& settings,
                                  std::span<const KafkaProperty> properties);

// Takes the configuration. Requires: kind fits it.
Result<KafkaHandle> make_kafka_handle(rd_kafka_type_t kind, KafkaConf conf,
                                      const KafkaSettings& settings);

// Of a consumer that is no member of the group, whose name it only says, for the broker's ACLs: it
// commits nothing and moves nobody's reading. `properties` are its own besides.
Result<KafkaConf> make_onlooker_conf(const KafkaSettings& settings,
                                     std::span<const KafkaProperty> properties);
// One that reads, and says nothing for the log.
Result<KafkaHandle> make_onlooker(const KafkaSettings& settings,
                                  std::span<const KafkaProperty> properties);

// "topic 'bikes' at localhost:9092".
std::string shown(const KafkaSettings& settings);

// "; look at sasl.username and sasl.password in [kafka.client]", by why a connection failed; empty
// where waiting may help.
std::string kafka_advice(std::string_view why);

KafkaLogLevel kafka_log_level(int syslog_level);

// "Local: Timed out", or the broker's words.
inline std::string_view text_of(rd_kafka_resp_err_t error) { return rd_kafka_err2str(error); }

inline std::string_view bytes_of(const void* data, std::size_t size_bytes) {
  return {static_cast<const char*>(data), size_bytes};
}

// As librdkafka gives it; the views are good as long as the message.
LogMessage message_of(const rd_kafka_message_t& message);

// Reads one partition, from that offset on, and nothing else; rd_kafka_assign(client, nullptr) ends
// it.
rd_kafka_resp_err_t assign_one(rd_kafka_t* client, const KafkaSettings& settings,
                               std::int32_t partition, std::int64_t offset);

// The broker no longer has, or does not yet have, the offset that was asked for.
bool is_out_of_range(rd_kafka_resp_err_t error);

}  // namespace bikeflow
