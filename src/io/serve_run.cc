#include "io/serve_run.h"

#include <algorithm>
#include <utility>

#include "io/clock.h"
#include "pipeline/live_of.h"

namespace bikeflow {
namespace {

constexpr Seconds kReadBack = kDay;  // what the page shows of a station's past
constexpr int kPollMs = 200;
constexpr int kAskMs = 5'000;
constexpr std::int64_t kCountEveryMs = 10'000;
constexpr std::int64_t kTellProgressMs = 500;

Now now() { return {wall_now(), monotonic_ms()}; }

}  // namespace

Result<std::unique_ptr<ServeRun>> ServeRun::open(ServeRunSettings settings, RunVoice voice) {
  std::unique_ptr<ServeRun> run(new ServeRun(std::move(settings), std::move(voice)));
  auto lookup = KafkaLookup::open(run->settings_.kafka);
  if (!lookup) return std::unexpected(lookup.error());
  run->lookup_ = *std::move(lookup);
  auto tail = KafkaTail::open(run->settings_.kafka);
  if (!tail) return std::unexpected(tail.error());
  run->tail_ = *std::move(tail);
  const auto count = run->lookup_->partition_count(kAskMs);
  if (!count) return std::unexpected(count.error());
  return run;
}

void ServeRun::run(const std::function<bool()>& is_over) {
  service_.ready();
  while (!is_over()) {
    follow();
    tail_->poll(kPollMs, [&](std::int32_t number, std::span<const LogMessage> messages) {
      outage_.worked(now());
      read(number, messages);
    });
    if (const auto trouble = tail_->take_trouble()) outage_.failed(*trouble, now());
    tell();
    if (const auto news = outage_.take_news("what is shown gets old meanwhile", now())) {
      news->is_over ? voice_.info(news->text) : voice_.warning(news->text);
    }
    service_.alive(monotonic_ms());
  }
  service_.stopping();
}

// Partitions may be added to a topic at any time.
void ServeRun::follow() {
  const std::int64_t now_ms = monotonic_ms();
  if (counted_ms_ != 0 && now_ms - counted_ms_ < kCountEveryMs) return;
  counted_ms_ = now_ms;
  const auto count = lookup_->partition_count(kAskMs);
  if (!count) return outage_.failed(count.error().message, now());
  if (const auto done = tail_->follow(*count, wall_now() - kReadBack, kAskMs); !done) {
    return outage_.failed(done.error().message, now());
  }
  outage_.worked(now());
}

ServeRun::Partition& ServeRun::partition(std::int32_t number) {
  const auto found = partitions_.find(number);
  if (found != partitions_.end()) return found->second;
  Partition fresh{LogReader(settings_.systems, number, settings_.kafka.topic, true), {}};
  for (const LogSystem& system : settings_.systems) {
    TaskSettings task = settings_.task;
    task.windows.hour_phase = system.zone.hour_phase();
    fresh.parts.push_back({{}, LiveStations(live_rule_of(task)), 0});
  }
  return partitions_.emplace(number, std::move(fresh)).first->second;
}

void ServeRun::read(std::int32_t number, std::span<const LogMessage> messages) {
  Partition& of = partition(number);
  const Seconds wall = wall_now();
  // What is no observation is the pipeline's to keep.
  for (const Batch& batch : of.reader.read(messages, wall).batches) {
    Part& part = of.parts[batch.system];
    for (const std::string& station : batch.new_stations) part.names.intern(station);
    part.live.observe(batch, wall);
    for (std::size_t i = 0; i < batch.records.size(); ++i) {
      const Seconds at = batch.records[i].observed_at;
      if (at <= batch.arrived[i].clock + kFutureTolerance) part.newest = std::max(part.newest, at);
    }
  }
}

void ServeRun::tell() {
  for (auto& [number, of] : partitions_) {
    for (std::size_t i = 0; i < of.parts.size(); ++i) {
      Part& part = of.parts[i];
      if (!part.live.has_news()) continue;
      settings_.live->tell({number, settings_.systems[i].name}, part.names, part.live.take_news());
    }
  }
  const std::int64_t now_ms = monotonic_ms();
  if (now_ms - told_progress_ms_ < kTellProgressMs) return;
  told_progress_ms_ = now_ms;
  tell_progress();
}

// As those have it who turn the same records into rows.
void ServeRun::tell_progress() {
  for (const auto& [number, of] : partitions_) {
    for (std::size_t i = 0; i < of.parts.size(); ++i) {
      if (of.parts[i].newest == 0) continue;
      TaskSettings task = settings_.task;
      task.windows.hour_phase = settings_.systems[i].zone.hour_phase();
      LiveProgress progress;
      progress.watermark = of.parts[i].newest - task.delay;
      progress.window_end = task.windows.pane_start(progress.watermark) + task.windows.slide;
      progress.window_start = progress.window_end - task.windows.length;
      // While no broker answers, the end that the client has is an old one.
      if (!outage_.is_on()) progress.lag = tail_->lag(number);
      settings_.live->tell_progress({number, settings_.systems[i].name}, std::move(progress));
    }
  }
}

}  // namespace bikeflow
