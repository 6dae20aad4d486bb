// The simulated city: one day of Seoul's 2,799 stations polled every 30 s, 8 million observations.
//
//   build/bench/city_bench

#include <benchmark/benchmark.h>

#include "sim/feed.h"
#include "sim/text.h"

namespace bikeflow {
namespace {

constexpr Seconds kMonday = 1'401'634'800;  // 2014-06-02T00:00:00+09:00

// Trips alone, without a feed: polled once a day.
void riders_of_a_day(benchmark::State& state) {
  const City city = make_city(CityName::kSeoul, kAllStations, 1).value();
  const Zone zone = Zone::load(city.time_zone).value();
  std::size_t events = 0;
  for (auto _ : state) {
    CityWorld world(city, zone, {.start = kMonday, .seed = 1});
    events += world.advance(kMonday + kDay - 1).size();
  }
  state.counters["events/s"] =
      benchmark::Counter(static_cast<double>(events), benchmark::Counter::kIsRate);
}
BENCHMARK(riders_of_a_day)->Unit(benchmark::kMillisecond);

void day(benchmark::State& state, const RecordForm* form) {
  const City city = make_city(CityName::kSeoul, kAllStations, 1).value();
  const Zone zone = Zone::load(city.time_zone).value();
  std::int64_t records = 0;
  std::int64_t bytes = 0;
  for (auto _ : state) {
    CityFeed feed(city, zone, {.world = {.start = kMonday, .seed = 1}, .end = kMonday + kDay});
    RecordText text(city, zone, form != nullptr ? *form : RecordForm::kTopic);
    std::string out;
    CityPoll poll;
    while (feed.next(poll)) {
      records += std::ssize(poll.observations);
      if (form == nullptr) continue;
      for (const CityObservation& seen : poll.observations) text.append(out, seen);
      bytes += std::ssize(out);
      out.clear();
    }
  }
  state.SetItemsProcessed(records);
  state.SetBytesProcessed(bytes);
}

void observations_of_a_day(benchmark::State& state) { day(state, nullptr); }
BENCHMARK(observations_of_a_day)->Unit(benchmark::kMillisecond);

void recorded_text_of_a_day(benchmark::State& state) {
  const RecordForm form = RecordForm::kRecorded;
  day(state, &form);
}
BENCHMARK(recorded_text_of_a_day)->Unit(benchmark::kMillisecond);

void topic_text_of_a_day(benchmark::State& state) {
  const RecordForm form = RecordForm::kTopic;
  day(state, &form);
}
BENCHMARK(topic_text_of_a_day)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace bikeflow

BENCHMARK_MAIN();
