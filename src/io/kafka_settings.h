// Which topic of which cluster, and how its client is to be set up.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace bikeflow {

struct KafkaSettings {
  std::string brokers;  // "host:9092,other:9092"
  std::string topic;
  std::string group;  // consumers and look-ups only

  // [kafka.client]: properties handed on to librdkafka (security.protocol, sasl.*, ssl.*,
  // session.timeout.ms, ...). What correctness hangs on is ours and refused here.
  std::map<std::string, std::string> client;
};

enum class KafkaLogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

}  // namespace bikeflow
