// How fast a Parquet file of recorded observations becomes batches.
//
//   build/bench/parquet_input_bench

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "base/check.h"
#include "io/parquet_input.h"
#include "lake/parquet.h"

namespace bikeflow {
namespace {

constexpr int kStations = 282;
constexpr int kPolls = 4000;

// The file of late rows has the columns of recorded observations.
std::string make_file() {
  std::vector<LateRow> rows;
  rows.reserve(std::size_t{kStations} * kPolls);
  for (int poll = 0; poll < kPolls; ++poll) {
    for (int station = 0; station < kStations; ++station) {
      LateRow& row = rows.emplace_back();
      row.station_id = std::to_string(5 + station);
      row.observed_at = 1'372'827'600 + 60 * poll;
      row.counts.bikes = static_cast<std::int16_t>((station * 7 + poll / 50) % 20);
      row.counts.racks = static_cast<std::int16_t>(15 + station % 20);
    }
  }
  const auto bytes = encode_late(rows, {});
  CHECK(bytes.has_value());
  std::string path = "/tmp/parquet_input_bench_XXXXXX";
  const File file(mkstemp(path.data()));
  CHECK(write_all(file, *bytes, path).has_value());
  return path;
}

void read(benchmark::State& state) {
  const std::string path = make_file();
  const auto file = open_file(path, O_RDONLY);
  CHECK(file.has_value());
  std::int64_t records = 0;
  for (auto _ : state) {
    SystemNames names;
    auto input =
        ParquetInput::open(*file, {.source = path, .system = "divvy", .zone_of = {}}, names);
    CHECK(input.has_value());
    for (auto chunk = input->next();; chunk = input->next()) {
      CHECK(chunk.has_value());
      if (!*chunk) break;
      for (const Batch& batch : (*chunk)->batches) {
        records += static_cast<std::int64_t>(batch.records.size());
      }
    }
  }
  unlink(path.c_str());
  CHECK(records == static_cast<std::int64_t>(state.iterations()) * kStations * kPolls);
  state.counters["rows"] =
      benchmark::Counter(static_cast<double>(records), benchmark::Counter::kIsRate);
}
BENCHMARK(read)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace bikeflow

BENCHMARK_MAIN();
