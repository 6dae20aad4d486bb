// How long it takes from a record's being produced to its being seen in the live view of a run.
//
//   kafka_visible BROKERS TOPIC LAKE RATE SECONDS
//
// One process has the pipeline as `bikeflow run` has it, a producer that sends RATE records a
// second on a steady beat, and a reader that waits for changes of the live view. Both clocks are
// the same. A record is one of 2,738 stations, each 30 s of event time after the one before of its
// station, so that each is a change of its own. Prints the median and the 99th percentile, in
// milliseconds.

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include <fmt/core.h>

#include "base/zone.h"
#include "bench/percentiles.h"
#include "io/clock.h"
#include "io/interrupt.h"
#include "io/kafka_producer.h"
#include "io/kafka_run.h"
#include "io/live_hub.h"
#include "io/random.h"

namespace bikeflow {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kSystem = "seoul";
constexpr std::int64_t kStations = 2738;
constexpr Seconds kStep = 30;
constexpr int kSettleMs = 20'000;  // to join and to find the partitions
constexpr int kLastMs = 10'000;    // for the last record to be seen

[[noreturn]] void give_up(std::string_view message) {
  fmt::print(stderr, "kafka_visible: {}\n", message);
  std::exit(1);
}

std::string name_of(std::int64_t station) { return fmt::format("ST-{}", station); }

struct Sent {
  std::vector<Clock::time_point> at;  // by the record's number among its station's
  std::vector<Clock::time_point> seen;
};

// The event time of a station's n-th record, all before now.
struct Beat {
  Seconds first = 0;
  [[nodiscard]] Seconds time(std::int64_t n) const { return first + n * kStep; }
  [[nodiscard]] std::int64_t number(Seconds at) const { return (at - first) / kStep; }
};

std::string record_of(std::int64_t station, std::int64_t n, Seconds at) {
  return fmt::format(
      R"({{"rackTotCnt":"15","stationName":"{}. a station of the usual length","parkingBikeTotCnt":"{}",)"
      R"("shared":"107","stationLatitude":"37.55564880","stationLongitude":"126.91062927",)"
      R"("stationId":"{}","timestamp":"{}"}})",
      station, n % 15, name_of(station), format_utc(at));
}

// Sends on the beat; sent[station].at[n] is written before the record is handed over.
void produce(KafkaProducer& producer, const Beat& beat, std::int64_t records, std::int64_t rate,
             std::vector<Sent>& sent) {
  const Clock::time_point start = Clock::now();
  for (std::int64_t i = 0; i < records; ++i) {
    std::this_thread::sleep_until(start + std::chrono::nanoseconds(i * 1'000'000'000 / rate));
    const std::int64_t station = i % kStations;
    const std::int64_t n = i / kStations;
    const std::string record = record_of(station, n, beat.time(n));
    sent[static_cast<std::size_t>(station)].at[static_cast<std::size_t>(n)] = Clock::now();
    if (auto done = producer.send(name_of(station), record, wall_now() * 1000); !done) {
      give_up(done.error().message);
    }
  }
  if (auto done = producer.flush(kLastMs); !done) give_up(done.error().message);
}

// Notes when each record was first seen, or one after it of the same station.
void watch(const LiveHub& hub, const Beat& beat, std::int64_t records,
           std::unordered_map<std::string, std::int64_t>& stations, std::vector<Sent>& sent) {
  std::vector<std::int64_t> next(kStations, 0);
  std::int64_t left = records;
  std::uint64_t version = 0;
  std::int64_t last_ms = monotonic_ms();
  while (left > 0) {
    if (monotonic_ms() - last_ms > kSettleMs) give_up("records are missing in the live view");
    if (hub.wait(version, 100) == version) continue;
    const LiveChanges changes =
        hub.read([&](const LiveView& view) { return view.since(kSystem, version); });
    const Clock::time_point now = Clock::now();
    version = changes.version;
    const auto take = [&](const std::string& id, Seconds observed_at) {
      const std::int64_t station = stations.at(id);
      const std::int64_t n = beat.number(observed_at);
      for (std::int64_t& at = next[static_cast<std::size_t>(station)]; at <= n; ++at, --left) {
        sent[static_cast<std::size_t>(station)].seen[static_cast<std::size_t>(at)] = now;
        last_ms = monotonic_ms();
      }
    };
    for (const LiveSeen& seen : changes.stations) take(seen.id, seen.now.observed_at);
    for (const auto& [at, ids] : changes.seen_again) {
      for (const std::string& id : ids) take(id, at);
    }
  }
}

void print(std::int64_t rate, std::int64_t records, const std::vector<Sent>& sent) {
  std::vector<double> took_ms;
  for (const Sent& station : sent) {
    for (std::size_t n = 0; n < station.at.size(); ++n) {
      if (station.at[n] == Clock::time_point()) continue;
      took_ms.push_back(
          std::chrono::duration<double, std::milli>(station.seen[n] - station.at[n]).count());
    }
  }
  const Percentiles took(std::move(took_ms));
  fmt::print("{} records at {} a second: p50 {:.1f} ms, p99 {:.1f} ms, most {:.1f} ms\n", records,
             rate, took.at(0.5), took.at(0.99), took.at(1));
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() != 5) give_up("BROKERS TOPIC LAKE RATE SECONDS");
  const std::int64_t rate = std::atoll(arguments[3].c_str());
  const std::int64_t records = rate * std::atoll(arguments[4].c_str());
  const std::int64_t of_each = records / kStations + 1;
  const KafkaSettings kafka{
      .brokers = arguments[0], .topic = arguments[1], .group = arguments[1], .client = {}};
  LiveHub hub;
  KafkaRunSettings settings;
  settings.kafka = kafka;
  settings.lake_url = arguments[2];
  settings.live = &hub;
  settings.owner.systems = {{kSystem, Zone::load("Asia/Seoul").value()}};
  settings.owner.checkpoint_every = 30;
  auto pipeline = KafkaRun::open(
      settings, system_random,
      {[](const std::string&) {}, [](const std::string& text) { fmt::print(stderr, "{}\n", text); },
       [](const std::string& text) { give_up(text); }});
  if (!pipeline) give_up(pipeline.error().message);
  watch_for_interrupts();
  std::thread running([&] {
    if (const auto done = (*pipeline)->run(); !done) give_up(done.error().message);
  });
  KafkaSettings sending = kafka;
  sending.client = {{"linger.ms", "1"}};
  auto producer = KafkaProducer::open(sending, [](KafkaLogLevel, std::string_view) {});
  if (!producer) give_up(producer.error().message);

  const Beat beat{wall_now() - (of_each + 1) * kStep};
  std::vector<Sent> sent(kStations);
  std::unordered_map<std::string, std::int64_t> stations;
  for (std::int64_t i = 0; i < kStations; ++i) {
    auto& station = sent[static_cast<std::size_t>(i)];
    station.at.resize(static_cast<std::size_t>(of_each));
    station.seen.resize(static_cast<std::size_t>(of_each));
    stations.emplace(name_of(i), i);
  }
  std::this_thread::sleep_for(std::chrono::seconds(3));  // joined, and at the end of the topic
  std::thread watching([&] { watch(hub, beat, records, stations, sent); });
  produce(**producer, beat, records, rate, sent);
  watching.join();
  print(rate, records, sent);
  std::raise(SIGTERM);
  running.join();
  return 0;
}

}  // namespace
}  // namespace bikeflow

int main(int argc, char** argv) {
  return bikeflow::run(std::vector<std::string>(argv + 1, argv + argc));
}
