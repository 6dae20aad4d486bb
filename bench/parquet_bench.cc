// What an hour's file costs to write and to read back, and its size; and what the dashboard takes
// to read a week of one station from a lake of such files, beside only opening and reading them.
//
//   build/bench/parquet_bench

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "app/lake_hours.h"
#include "base/check.h"
#include "io/local_store.h"
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

void decode_one_station(benchmark::State& state) {
  const auto rows = make_rows(static_cast<int>(state.range(0)));
  const auto bytes = encode_hourly(rows, make_metadata());
  CHECK(bytes.has_value());
  for (auto _ : state) {
    const auto found = StationReader(rows[rows.size() / 2].station_id).read(*bytes);
    CHECK(found.has_value() && found->size() == 1);
  }
}
BENCHMARK(decode_one_station)->Arg(282)->Arg(2799)->Unit(benchmark::kMicrosecond);

// A week of Seoul on disk, as of one partition. Its files are in the page cache.
class Week {
 public:
  Week() : folder_((std::filesystem::temp_directory_path() / "bikeflow-week-XXXXXX").string()) {
    CHECK(::mkdtemp(folder_.data()) != nullptr);
    auto store = LocalStore::open(folder_, "bench");
    CHECK(store.has_value());
    std::vector<HourlyRow> rows = make_rows(2799);
    for (Seconds hour = 0; hour < 7 * 24; ++hour) {
      const Window window{kBegin + hour * kHour, kBegin + (hour + 1) * kHour};
      for (HourlyRow& row : rows) row.window = window;
      const auto bytes = encode_hourly(rows, make_metadata());
      paths_.push_back(hourly_path(LakeRule{}, of_.zone, of_.system, "bikes", 0, window));
      CHECK(bytes && store->put(paths_.back(), *bytes).has_value());
    }
    CHECK(store->sync().has_value());
    station_ = rows[rows.size() / 2].station_id;
  }
  ~Week() { std::filesystem::remove_all(folder_); }
  Week(const Week&) = delete;
  Week& operator=(const Week&) = delete;

  // As a program does that has just been started.
  [[nodiscard]] std::size_t rows() const {
    const auto found =
        LakeHours(folder_, LakeRule{}).rows(of_, {kBegin, kBegin + 7 * kDay}, station_, 1000);
    CHECK(found.has_value());
    return found->size();
  }

  [[nodiscard]] std::size_t bytes() const {
    auto store = LocalStore::open(folder_, "bench");
    std::size_t size = 0;
    for (const std::string& path : paths_) size += store->get(path).value().value().size();
    return size;
  }

 private:
  static constexpr Seconds kBegin = 1'723'384'800;
  LakeHoursOf of_{.system = "seoul", .zone = Zone::load("Asia/Seoul").value()};
  std::string folder_, station_;
  std::vector<std::string> paths_;
};

void week_of_a_station(benchmark::State& state) {
  const Week week;
  using Clock = std::chrono::steady_clock;
  std::chrono::duration<double> bare{0}, ours{0};
  for (auto _ : state) {
    const auto begin = Clock::now();
    benchmark::DoNotOptimize(week.bytes());
    const auto middle = Clock::now();
    CHECK(week.rows() == 7U * 24);
    ours += Clock::now() - middle;
    bare += middle - begin;
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - middle).count());
  }
  state.counters["ms_bare_read"] = bare.count() * 1e3 / static_cast<double>(state.iterations());
  state.counters["ratio"] = ours / bare;
}
BENCHMARK(week_of_a_station)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace bikeflow

BENCHMARK_MAIN();
