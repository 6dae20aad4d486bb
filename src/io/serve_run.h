// The live view of a whole topic, whoever turns it into rows: reads all partitions from a day ago
// on, and writes nothing.
//
// Threads: one calls it and does all of it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "base/result.h"
#include "io/interrupt.h"
#include "io/kafka_lookup.h"
#include "io/kafka_settings.h"
#include "io/kafka_tail.h"
#include "io/live_hub.h"
#include "io/notify.h"
#include "io/outage.h"
#include "io/run_voice.h"
#include "live/live_stations.h"
#include "model/names.h"
#include "pipeline/log_reader.h"
#include "pipeline/task.h"

namespace bikeflow {

struct ServeRunSettings {
  KafkaSettings kafka;
  std::vector<LogSystem> systems;
  TaskSettings task;
  LiveHub* live = nullptr;  // outlives the run
};

class ServeRun {
 public:
  // An Error where there is no such topic, or no broker answers.
  static Result<std::unique_ptr<ServeRun>> open(ServeRunSettings settings, RunVoice voice);

  void run(const std::function<bool()>& is_over = is_interrupted);

 private:
  // A system's stations in a partition.
  struct Part {
    Names names;
    LiveStations live;
    Seconds newest = 0;
  };
  struct Partition {
    LogReader reader;
    std::vector<Part> parts;  // by system
  };

  ServeRun(ServeRunSettings settings, RunVoice voice)
      : settings_(std::move(settings)), voice_(std::move(voice)) {}

  void follow();
  Partition& partition(std::int32_t number);
  void read(std::int32_t number, std::span<const LogMessage> messages);
  void tell();
  void tell_progress();

  ServeRunSettings settings_;
  RunVoice voice_;
  ServiceNotifier service_ = ServiceNotifier::from_environment();
  std::unique_ptr<KafkaLookup> lookup_;
  std::unique_ptr<KafkaTail> tail_;
  Outage outage_{"the Kafka cluster cannot be used", "the Kafka cluster can be used again"};
  std::map<std::int32_t, Partition> partitions_;
  std::int64_t counted_ms_ = 0, told_progress_ms_ = 0;
};

}  // namespace bikeflow
