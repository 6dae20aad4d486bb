// What the configuration says of Kafka, as the client takes it.
#pragma once

#include "app/config.h"
#include "io/kafka_settings.h"

namespace bikeflow {

inline KafkaSettings kafka_settings_of(const KafkaConfig& config) {
  KafkaSettings settings{config.brokers, config.topic, config.group, {}};
  for (const auto& [name, value] : config.client) settings.client.emplace(name, value.reveal());
  return settings;
}

}  // namespace bikeflow
