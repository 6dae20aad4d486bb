// The topic that a producer writes to: there, or created.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "io/kafka_settings.h"

namespace bikeflow {

// How it is created where there is none: with as many replicas as the broker gives by itself.
struct TopicPlan {
  std::int32_t partitions = 4;
  Seconds retention = 7 * kDay;
};

// Creates the topic if there is none; one that is there is left as it is. What there is now, for
// people, and whether that is another number of partitions than planned. An Error: no broker, or it
// does not let us.
struct FoundTopic {
  std::string text;  // "topic 'bikes' at localhost:9092: created with 4 partitions, ..."
  bool is_as_planned = true;
};
Result<FoundTopic> find_or_create_topic(const KafkaSettings& settings, const TopicPlan& plan,
                                        int timeout_ms);

}  // namespace bikeflow
