// What an hour's file costs to write and to read back, and its size.
//
//   build/bench/parquet_bench

#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "base/check.h"
#include "lake/metadata_keys.h"
#include "lake/parquet.h"

namespace bikeflow {
namespace {

// Rows like those of a summer afternoon in Seoul (2,799 stations) or Chicago (282).
std::vector<HourlyRow> make_rows(int stations) {
  std::mt19937 random(1);
  const auto below = [&](std::uint32_t bound) {
    return static_cast<std::int32_t>(random() % bound);
  };
  std::poisson_distribution<std::int32_t> movements(2.1);
  std::vector<HourlyRow> rows;
  rows.reserve(static_cast<std::size_t>(stations));
  for (int i = 0; i < stations; ++i) {
    HourlyRow& row = rows.emplace_back();
    row.window = {1'723'384'800, 1'723'388'400};
    row.station_id = "ST-" + std::to_string(4 + 3 * i);
    row.total_rental = movements(random);
    row.total_return = movements(random);
    row.unobserved_change = below(50) == 0 ? 3 : 0;
    row.bikes_open = 5 + below(20);
    row.bikes_close = static_cast<std::int32_t>(row.bikes_open + row.total_return -
                                                row.total_rental + row.unobserved_change);
    row.bikes_min = std::max(0, std::min(row.bikes_open, row.bikes_close) - below(2));
    row.bikes_max = std::max(row.bikes_open, row.bikes_close) + below(2);
    row.observed_seconds = below(10) == 0 ? 3600 - below(120) : 3600;
    row.empty_seconds = row.bikes_min == 0 ? below(3600) : 0;
    row.full_seconds = below(20) == 0 ? below(3600) : 0;
    row.largest_rental = row.total_rental > 0 ? 1 + below(8) / 7 : 0;
    row.largest_return = row.total_return > 0 ? 1 + below(8) / 7 : 0;
  }
  std::ranges::sort(rows, {}, &HourlyRow::station_id);
  return rows;
}

KeyValues make_metadata() {
  KeyValues pairs;
  for (const std::string_view key : {metadata::kSource,          metadata::kPartition,
                                     metadata::kSystem,          metadata::kWindowStart,
                                     metadata::kWindowEnd,       metadata::kLength,
                                     metadata::kSlide,           metadata::kDelay,
                                     metadata::kMaxGap,          metadata::kTimezone,
                                     metadata::kLayout,          metadata::kPathTime,
                                     metadata::kClosedBy,        metadata::kFirstOffset,
                                     metadata::kLastOffset,      metadata::kRows,
                                     metadata::kRowHash,         metadata::kPreviousName,
                                     metadata::kPreviousRowHash, metadata::kLakeId,
                                     metadata::kVersion}) {
    pairs.emplace_back(key, "value of " + std::string(key));
  }
  return pairs;
}

void encode(benchmark::State& state) {
  const auto rows = make_rows(static_cast<int>(state.range(0)));
  const KeyValues pairs = make_metadata();
  std::size_t size_bytes = 0;
  for (auto _ : state) {
    const auto bytes = encode_hourly(rows, pairs);
    CHECK(bytes.has_value());
    size_bytes = bytes->size();
  }
  state.counters["file_bytes"] = static_cast<double>(size_bytes);
}
BENCHMARK(encode)->Arg(282)->Arg(2799)->Unit(benchmark::kMicrosecond);

void decode(benchmark::State& state) {
  const auto bytes = encode_hourly(make_rows(static_cast<int>(state.range(0))), make_metadata());
  CHECK(bytes.has_value());
  for (auto _ : state) {
    const auto file = decode_hourly(*bytes);
    CHECK(file.has_value());
  }
}
BENCHMARK(decode)->Arg(282)->Arg(2799)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace bikeflow

BENCHMARK_MAIN();
