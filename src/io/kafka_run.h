// The pipeline from a topic to a lake, as one member of a consumer group: polls, carries out what
// the pure core (pipeline/member.h) asks for, and tells it what came of it.
//
// Threads: one calls it, polls and commits; requests to the store are carried out by others, while
// that one goes on polling.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/kafka_consumer.h"
#include "io/kafka_lookup.h"
#include "io/live_hub.h"
#include "io/notify.h"
#include "io/outage.h"
#include "io/run_board.h"
#include "io/run_voice.h"
#include "io/store.h"
#include "io/store_pool.h"
#include "pipeline/member.h"

namespace bikeflow {

struct KafkaRunSettings {
  KafkaSettings kafka;
  OwnerSettings owner;   // cluster and lake_id are found out
  std::string lake_url;  // a folder, or s3://bucket/prefix
  std::size_t store_threads = 8;
  std::int64_t finish_within_ms = 30'000;  // after an interrupt
  LiveHub* live = nullptr;                 // told of every change at once; outlives the run
  // Without which the service manager hears of no life: whether what runs beside this one has done
  // something since it was asked last. Empty: nothing does.
  std::function<bool()> is_alive_beside;
  RunBoard* board = nullptr;  // told of its numbers each second; outlives the run
};

struct RunSummary {
  std::int64_t records = 0;
  std::int64_t partitions = 0;       // owned at the end
  std::vector<std::string> stopped;  // why, of partitions that could not go on
  std::optional<std::string> left;   // why the group was left: a newer version is needed
  bool was_interrupted = false;
  bool is_unfinished = false;  // the time for the last checkpoint was not enough
  bool was_cut_short = false;  // a rebalance took partitions away before their last checkpoint
};

class KafkaRun final : private KafkaListener, private KafkaSink {
 public:
  // Looks for the cluster, the topic and the lake, registers as a writer of it, and joins nothing
  // yet. `random` and `voice` as long as this.
  static Result<std::unique_ptr<KafkaRun>> open(KafkaRunSettings settings,
                                                std::function<std::uint64_t()> random,
                                                RunVoice voice);
  ~KafkaRun() override;

  // Until an interrupt, or with until_caught_up until the topic's end as it was at the start.
  Result<RunSummary> run();

 private:
  KafkaRun(KafkaRunSettings settings, std::function<std::uint64_t()> random, RunVoice voice)
      : settings_(std::move(settings)), random_(std::move(random)), voice_(std::move(voice)) {}

  Result<void> open_lake_of_run();
  Result<void> find_out_lake(bool is_s3);
  Result<void> look_at_topic();
  Result<void> join();

  void assigned(const std::vector<std::int32_t>& partitions) override;
  void revoked() override;
  void unreachable(std::string_view why, bool is_all) override;
  void log(KafkaLogLevel level, std::string_view text) override;
  void messages(std::int32_t partition, std::span<const LogMessage> messages) override;
  void at_end(std::int32_t partition, std::int64_t next_offset) override;
  void failed(std::int32_t partition, const PartitionError& error) override;

  Result<void> carry_out();
  Result<void> carry_out(Request request);
  void confirm_ends();
  void look_for_partitions();
  [[nodiscard]] std::optional<std::int64_t> lag(std::int32_t partition) const;
  void tell_live();
  void tell_numbers();
  void report();
  void report_outages();
  [[nodiscard]] std::string what_waits_for_store() const;
  void ask_whether_cluster_is_back();
  [[nodiscard]] bool is_finished(RunSummary& summary);
  [[nodiscard]] Now now() const;

  KafkaRunSettings settings_;
  std::function<std::uint64_t()> random_;
  RunVoice voice_;
  ServiceNotifier service_ = ServiceNotifier::from_environment();
  std::vector<std::unique_ptr<Store>> stores_;
  std::unique_ptr<KafkaLookup> lookup_;
  std::unique_ptr<Member> member_;
  Outage store_outage_{"the store cannot be used", "the store can be used again"};
  Outage cluster_outage_{"the Kafka cluster cannot be used", "the Kafka cluster can be used again"};
  std::string last_unreachable_;  // why, of any broker
  std::unique_ptr<StorePool> pool_;
  std::unique_ptr<KafkaConsumer> consumer_;

  std::map<std::int32_t, std::int64_t> ends_;  // partitions that were read to their end -> offset
  std::map<std::int32_t, std::string> told_stopped_;
  std::int64_t records_ = 0, reported_records_ = 0;
  std::int64_t reported_ms_ = 0, report_due_ms_ = 0, confirmed_ms_ = 0, counted_ms_ = 0,
               asked_ms_ = 0;
  std::optional<std::int64_t> told_unreachable_ms_;
  std::int64_t told_ms_ = 0, told_progress_ms_ = 0, told_numbers_ms_ = 0;
  bool has_ended_ = false;
  bool has_untold_ = false;  // messages that the live view is still to be told of
  std::optional<std::int64_t> finish_by_ms_;
  std::optional<std::string> left_;
  std::optional<Error> failure_;
};

}  // namespace bikeflow
