#include <algorithm>
#include <numeric>
#include <vector>

#include <fmt/format.h>

#include "app/checklist.h"
#include "app/feed_specs.h"
#include "app/kafka_settings_of.h"
#include "io/kafka_lookup.h"

namespace bikeflow {
namespace {

constexpr int kWaitMs = 10'000;

}  // namespace

void check_kafka(const Config& whole, Checklist& list) {
  const KafkaConfig& config = *whole.kafka;
  const bool reads = whole.lake.has_value(), writes = !whole.feeds.empty();
  if (const auto known = systems_are_known(whole); reads && !known) {
    list.add(Verdict::kFailed, "systems", known.error().message);
  }
  const auto failed = [&](const Error& error) {
    list.add(Verdict::kFailed, "kafka", error.message);
  };
  const auto lookup = KafkaLookup::open(kafka_settings_of(config));
  if (!lookup) return failed(lookup.error());
  const auto cluster = (*lookup)->cluster_id(kWaitMs);
  if (!cluster) return failed(cluster.error());
  const auto found = (*lookup)->partition_count_if_any(kWaitMs);
  if (found && !*found && writes) {
    list.add(Verdict::kOk, "kafka",
             fmt::format("{}: cluster {}, no topic {} yet: bikeflow poll creates it with {}",
                         config.brokers, *cluster, config.topic,
                         counted(config.partitions, "partition", "partitions")));
    return;
  }
  const auto count = (*lookup)->partition_count(kWaitMs);
  if (!count) return failed(count.error());
  list.add(Verdict::kOk, "kafka",
           fmt::format("{}: cluster {}, topic {} of {}", config.brokers, *cluster, config.topic,
                       counted(*count, "partition", "partitions")));

  const auto policy = (*lookup)->cleanup_policy(kWaitMs);
  if (!policy) {
    list.add(Verdict::kUnchecked, "topic", policy.error().message);
  } else if (policy->contains("compact")) {
    list.add(Verdict::kFailed, "topic",
             fmt::format("{} is compacted (cleanup.policy = {}): records would be gone before they "
                         "are read; set cleanup.policy = delete on it",
                         config.topic, *policy));
  } else {
    list.add(Verdict::kOk, "topic", fmt::format("cleanup.policy = {}", *policy));
  }

  if (!reads) return;
  std::vector<std::int32_t> partitions(static_cast<std::size_t>(*count));
  std::iota(partitions.begin(), partitions.end(), 0);
  const auto commits = (*lookup)->committed(partitions, kWaitMs);
  if (!commits) return failed(commits.error());
  const auto with_commit =
      std::ranges::count_if(*commits, [](const auto& each) { return each.second.has_value(); });
  list.add(Verdict::kOk, "group",
           fmt::format("{}: has committed offsets of {} of {}", config.group, with_commit,
                       counted(*count, "partition", "partitions")));
}

}  // namespace bikeflow
