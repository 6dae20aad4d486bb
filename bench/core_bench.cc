// Order, movements and windows from memory: observations a second on one core.
//
//   ./dev bench core
//
// Counts move as in the simulated city (one observation in 29 shows a movement, every station is
// polled each 30 s); the input's records are ready in memory, as a reader would hand them over.

#include <benchmark/benchmark.h>

#include <fmt/format.h>

#include "pipeline/task.h"

namespace bikeflow {
namespace {

constexpr StationIndex kStations = 2799;
constexpr Seconds kStart = 1'700'000'000 / kDay * kDay;

// Twelve hours of polls, a batch each.
std::vector<Batch> polls(Seconds poll, Seconds span) {
  std::vector<Batch> batches;
  std::vector<std::int16_t> bikes(kStations, 8);
  std::uint64_t random = 1;
  for (Seconds t = 0; t < span; t += poll) {
    Batch batch;
    if (t == 0) {
      for (StationIndex i = 0; i < kStations; ++i)
        batch.new_stations.push_back(fmt::format("ST-{}", i));
    }
    batch.first = {0, t / poll * kStations};
    for (StationIndex i = 0; i < kStations; ++i) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      if (t % 30 == 0 && (random >> 33) % 29 == 0) {
        const int step = (random >> 62) % 2 == 0 ? -1 : 1;
        bikes[i] = static_cast<std::int16_t>(std::clamp(bikes[i] + step, 0, 20));
      }
      batch.records.push_back({kStart + t, {bikes[i], 15}, i, i, 0, 0});
    }
    batches.push_back(std::move(batch));
  }
  return batches;
}

void BM_OrderDiffWindow(benchmark::State& state) {
  const std::vector<Batch> batches = polls(30, 12 * kHour);
  std::int64_t observations = 0;
  for (auto _ : state) {
    Task task{TaskSettings{}};
    for (const Batch& batch : batches) task.observe(batch, "bench", kStart + kDay);
    task.end_input(kStart + kDay, true);
    benchmark::DoNotOptimize(task.take_closed());
    observations += task.counters().accepted;
  }
  state.SetItemsProcessed(observations);
}
BENCHMARK(BM_OrderDiffWindow)->Unit(benchmark::kMillisecond);

void BM_OrderDiffWindowWithStringIds(benchmark::State& state) {
  std::vector<Batch> batches = polls(30, 12 * kHour);
  std::vector<std::string> ids;
  for (StationIndex i = 0; i < kStations; ++i) ids.push_back(fmt::format("ST-{}", i));
  std::int64_t observations = 0;
  for (auto _ : state) {
    Task task{TaskSettings{}};
    Names names;
    for (Batch& batch : batches) {
      for (Record& record : batch.records) record.station = names.intern(ids[record.offset]);
      task.observe(batch, "bench", kStart + kDay);
    }
    task.end_input(kStart + kDay, true);
    benchmark::DoNotOptimize(task.take_closed());
    observations += task.counters().accepted;
  }
  state.SetItemsProcessed(observations);
}
BENCHMARK(BM_OrderDiffWindowWithStringIds)->Unit(benchmark::kMillisecond);

// The state of a city whose stations are polled each 30 s and each second, moving alike.
void BM_StateBytesPerStation(benchmark::State& state) {
  const std::vector<Batch> batches = polls(state.range(0), kHour);
  std::size_t bytes = 0;
  std::size_t saved = 0;
  for (auto _ : state) {
    Task task{TaskSettings{}};
    for (const Batch& batch : batches) task.observe(batch, "bench", kStart + kDay);
    bytes = task.memory_bytes();
    task.take_closed();
    Writer out;
    task.save(out);
    saved = out.bytes().size();
  }
  state.counters["bytes/station"] = static_cast<double>(bytes) / kStations;
  state.counters["saved/station"] = static_cast<double>(saved) / kStations;
}
BENCHMARK(BM_StateBytesPerStation)->Arg(30)->Arg(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace bikeflow

BENCHMARK_MAIN();
