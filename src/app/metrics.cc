#include "app/metrics.h"

#include <initializer_list>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "base/version.h"

namespace bikeflow {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

// Families in the order of their page, each with its samples.
class Families {
 public:
  // What follows belongs to it.
  void counter(std::string name, std::string help) {
    begin(std::move(name), std::move(help), MetricType::Counter);
  }
  void gauge(std::string name, std::string help) {
    begin(std::move(name), std::move(help), MetricType::Gauge);
  }
  void summary(std::string name, std::string help) {
    begin(std::move(name), std::move(help), MetricType::Summary);
  }

  template <class Number>
  void add(Labels labels, Number value) {
    ClientMetric& metric = sample(std::move(labels));
    const auto number = static_cast<double>(value);
    (families_.back().type == MetricType::Counter ? metric.counter.value : metric.gauge.value) =
        number;
  }
  void add(Labels labels, std::int64_t count, double sum) {
    ClientMetric& metric = sample(std::move(labels));
    metric.summary.sample_count = static_cast<std::uint64_t>(count);
    metric.summary.sample_sum = sum;
  }

  [[nodiscard]] std::string text() const {
    return prometheus::TextSerializer().Serialize(families_);
  }

 private:
  void begin(std::string name, std::string help, MetricType type) {
    families_.push_back({std::move(name), std::move(help), type, {}});
  }
  ClientMetric& sample(Labels labels) {
    ClientMetric& metric = families_.back().metric.emplace_back();
    metric.label = std::move(labels);
    return metric;
  }

  std::vector<MetricFamily> families_;
};

double seconds(std::int64_t ms) { return static_cast<double>(ms) / 1000; }

void add_process(const ProcessNumbers& process, Families& out) {
  out.gauge("bikeflow_build_info", "1, of this version.");
  out.add({{"version", std::string(program_version())}}, 1);
  out.gauge("process_resident_memory_bytes", "Memory of the process that is in the machine's.");
  out.add({}, process.resident_bytes);
  out.counter("process_cpu_seconds_total", "Time of the processor that it has used.");
  out.add({}, process.cpu_seconds);
  out.gauge("process_start_time_seconds", "When it began, since 1970.");
  out.add({}, process.started_at);
  out.gauge("process_open_fds", "Files and connections that it has open.");
  out.add({}, process.open_files);
}

void add_parts(const std::vector<PartNumbers>& parts, Families& out) {
  const auto labels = [](const PartNumbers& part) {
    return Labels{{"system", part.system}, {"partition", fmt::format("{}", part.partition)}};
  };
  const auto counter = [&](const char* name, const char* help, std::int64_t TaskCounters::* count) {
    out.counter(name, help);
    for (const PartNumbers& part : parts) out.add(labels(part), part.counters.*count);
  };
  counter("bikeflow_records_total", "Records that were read as observations.",
          &TaskCounters::records);
  counter("bikeflow_duplicates_total", "Observations that came again as they were.",
          &TaskCounters::duplicates);
  counter("bikeflow_conflicts_total",
          "Observations of the same station and second with other counts; the lowest stays.",
          &TaskCounters::conflicts);
  counter("bikeflow_late_total",
          "Observations from before the watermark: rows of late, not counted.",
          &TaskCounters::late);
  out.counter("bikeflow_gaps_total",
              "Silences of a station longer than max_gap; a change over one is unobserved_change.");
  for (const PartNumbers& part : parts) out.add(labels(part), part.gaps);
  counter("bikeflow_windows_closed_total", "Windows with rows that were closed.",
          &TaskCounters::windows);
  counter("bikeflow_rows_total", "Rows of hourly_summary.", &TaskCounters::rows);
  counter("bikeflow_rentals_total", "Rentals in them.", &TaskCounters::rentals);
  counter("bikeflow_returns_total", "Returns in them.", &TaskCounters::returns);
  const auto gauge = [&](const char* name, const char* help, const auto& value) {
    out.gauge(name, help);
    for (const PartNumbers& part : parts) {
      if (part.is_here && part.newest_at != 0) out.add(labels(part), part.*value);
    }
  };
  gauge("bikeflow_watermark_timestamp_seconds",
        "Up to when windows close: the watermark's delay is time() less this.",
        &PartNumbers::watermark);
  gauge("bikeflow_newest_observation_timestamp_seconds", "When the newest observation was made.",
        &PartNumbers::newest_at);
  gauge("bikeflow_open_windows",
        "Windows that are not closed, up to that of the newest observation.",
        &PartNumbers::open_windows);
}

void add_jobs(const std::vector<JobNumbers>& jobs, Families& out) {
  const auto labels = [](const JobNumbers& job) {
    return Labels{{"source", job.source}, {"partition", fmt::format("{}", job.partition)}};
  };
  out.counter("bikeflow_dead_letters_total", "Records that are no observation, by reason.");
  for (const JobNumbers& job : jobs) {
    for (std::size_t i = 0; i < kReasonCount; ++i) {
      Labels with_reason = labels(job);
      with_reason.push_back({"reason", std::string(reason_word(static_cast<Reason>(i)))});
      out.add(std::move(with_reason), job.dead_letters[i]);
    }
  }
  const auto gauge = [&](const char* name, const char* help, const auto& value) {
    out.gauge(name, help);
    for (const JobNumbers& job : jobs) {
      const std::optional<std::int64_t> number = job.is_here ? value(job) : std::nullopt;
      if (number) out.add(labels(job), *number);
    }
  };
  using Number = std::optional<std::int64_t>;
  gauge("bikeflow_lag_records",
        "Records of the topic that are there and not read yet; not known while no broker answers.",
        [](const JobNumbers& job) { return job.lag; });
  gauge("bikeflow_partition_stopped", "1 while it cannot go on; the log says why, and what to do.",
        [](const JobNumbers& job) -> Number { return job.is_stopped ? 1 : 0; });
  gauge("bikeflow_partition_paused", "1 while reading waits for the store ([checkpoint] due_max).",
        [](const JobNumbers& job) -> Number { return job.is_paused ? 1 : 0; });
  gauge("bikeflow_due_files", "Files that are due, and that the store has not acknowledged.",
        [](const JobNumbers& job) -> Number { return job.due_files; });
  gauge("bikeflow_due_bytes", "Their size.",
        [](const JobNumbers& job) -> Number { return job.due_bytes; });
  gauge("bikeflow_checkpoint_timestamp_seconds",
        "When this process last made a checkpoint: its age is time() less this.",
        [](const JobNumbers& job) -> Number {
          return job.checkpoints.last_at == 0 ? Number() : job.checkpoints.last_at;
        });
  gauge("bikeflow_checkpoint_bytes", "That one's size.", [](const JobNumbers& job) -> Number {
    return job.checkpoint_bytes == 0 ? Number() : job.checkpoint_bytes;
  });
  out.summary("bikeflow_checkpoint_duration_seconds",
              "How long checkpoints took, from their bytes to their commit.");
  for (const JobNumbers& job : jobs) {
    out.add(labels(job), job.checkpoints.count, seconds(job.checkpoints.took_ms));
  }
}

void add_feeds(const std::vector<FeedNumbers>& feeds, Families& out) {
  const auto all = [&](const auto& value, bool is_left_out_at_0) {
    for (const FeedNumbers& feed : feeds) {
      if (is_left_out_at_0 && feed.*value == 0) continue;
      out.add({{"system", feed.system}}, feed.*value);
    }
  };
  out.counter("bikeflow_feed_polls_total", "Polls that have ended.");
  all(&FeedNumbers::polls, false);
  out.counter("bikeflow_feed_failures_total", "Of these, those that brought nothing that is used.");
  all(&FeedNumbers::failures, false);
  out.counter("bikeflow_feed_rounds_rejected_total", "Of these, those that were not believed.");
  all(&FeedNumbers::rounds_rejected, false);
  out.gauge("bikeflow_feed_failures_in_a_row", "Failures since the last success.");
  all(&FeedNumbers::failures_in_a_row, false);
  out.gauge("bikeflow_feed_success_timestamp_seconds",
            "When it last said what is believed, changed or not.");
  all(&FeedNumbers::succeeded_at, true);
  out.gauge("bikeflow_feed_data_timestamp_seconds",
            "Of when that was: the data's age is time() less this.");
  all(&FeedNumbers::data_at, true);
  out.gauge("bikeflow_feed_stations", "Stations in it.");
  all(&FeedNumbers::stations, false);
  out.gauge("bikeflow_feed_frozen_stations",
            "Of these, those whose counts have stayed for 24 hours while others moved.");
  all(&FeedNumbers::frozen, false);
}

void add_stations(const std::map<std::string, LiveTotals>& systems, Families& out) {
  out.gauge(
      "bikeflow_stations",
      "Stations by what they are now: empty, full, some (bikes and places), or stale (unknown).");
  for (const auto& [system, totals] : systems) {
    const std::int64_t some = totals.known - totals.empty - totals.full - totals.stale;
    for (const auto& [state, count] : {std::pair("empty", totals.empty),
                                       {"full", totals.full},
                                       {"some", some},
                                       {"stale", totals.stale}}) {
      out.add({{"system", system}, {"state", state}}, count);
    }
  }
  out.gauge("bikeflow_bikes", "Bikes at the stations that are not stale.");
  for (const auto& [system, totals] : systems) out.add({{"system", system}}, totals.bikes);
}

void add_store(const std::map<std::string, StoreNumbers>& store, Families& out) {
  out.counter(
      "bikeflow_store_operations_total",
      "Operations on the lake's store that have ended, by result: ok or error (tried again).");
  for (const auto& [operation, numbers] : store) {
    out.add({{"operation", operation}, {"result", "ok"}}, numbers.done);
    out.add({{"operation", operation}, {"result", "error"}}, numbers.failed);
  }
  out.counter("bikeflow_store_operation_seconds_total", "How long they took.");
  for (const auto& [operation, numbers] : store) {
    out.add({{"operation", operation}}, seconds(numbers.took_ms));
  }
}

void add_http(const HttpServerCounts& http, Families& out) {
  out.gauge("bikeflow_sse_clients", "Pages and others that listen to events.");
  out.add({}, http.streams_now);
  out.gauge("bikeflow_http_connections", "Connections that are open.");
  out.add({}, http.connections_now);
  out.counter("bikeflow_http_answers_total",
              "Answers by the hundreds of their status, refusals too.");
  for (std::size_t i = 1; i < http.answers.size(); ++i) {
    out.add({{"status", fmt::format("{}xx", i)}}, http.answers[i]);
  }
  out.counter("bikeflow_http_refused_total", "What clients did not get, and why.");
  for (std::size_t i = 0; i < http.refused.size(); ++i) {
    out.add({{"reason", kWebRefusedNames[i]}}, http.refused[i]);
  }
  out.counter("bikeflow_http_received_bytes_total", "Bytes of requests.");
  out.add({}, http.bytes_in);
  out.counter("bikeflow_http_sent_bytes_total", "Bytes of answers and events.");
  out.add({}, http.bytes_out);
  out.gauge("bikeflow_http_unsent_bytes",
            "Bytes of answers and events in memory until their clients have taken all of them; "
            "once where several get the same.");
  out.add({}, http.unsent_bytes_now);
  out.counter("bikeflow_http_failures_total", "Requests that came to nothing by a fault of ours.");
  out.add({}, http.failures);
}

void add_redis(const std::optional<RedisCounts>& redis, Families& out) {
  out.gauge("bikeflow_redis_connected", "1 while Redis takes what it is told.");
  if (redis) out.add({}, redis->is_connected ? 1 : 0);
  out.counter("bikeflow_redis_stations_written_total", "Stations' states that Redis has taken.");
  if (redis) out.add({}, redis->stations);
  out.counter("bikeflow_redis_failures_total", "Tries that came to nothing.");
  if (redis) out.add({}, redis->failures);
}

}  // namespace

std::string metrics_text(const MetricsInput& input) {
  Families families;
  add_parts(input.run.parts, families);
  add_jobs(input.run.jobs, families);
  add_feeds(input.run.feeds, families);
  add_stations(input.systems, families);
  add_store(input.run.store, families);
  add_http(input.http, families);
  add_redis(input.redis, families);
  add_process(input.process, families);
  return families.text();
}

}  // namespace bikeflow
