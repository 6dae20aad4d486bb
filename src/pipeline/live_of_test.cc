#include "pipeline/live_of.h"

#include <gtest/gtest.h>

#include "test/property.h"

namespace bikeflow {
namespace {

constexpr Seconds kStart = 1'700'000'000 / kHour * kHour;
constexpr StationIndex kStations = 3;

// What came in order is known after a restart as if there had been none.
void agrees() {
  TaskSettings settings;
  settings.windows.hour_phase = *rc::gen::element(Seconds{0}, 30 * kMinute);
  settings.windows.length = *rc::gen::element(kHour, 20 * kMinute);
  settings.windows.slide = settings.windows.length / *rc::gen::element(1, 4);
  Task task(settings);
  LiveStations live(live_rule_of(settings));
  Seconds at = kStart + *rc::gen::inRange<Seconds>(0, kHour);
  const int polls = *rc::gen::inRange(0, 60);
  for (int poll = 0; poll < polls; ++poll) {
    Batch batch;
    if (poll == 0) batch.new_stations = {"a", "b", "c"};
    for (StationIndex i = 0; i < kStations; ++i) {
      if (*rc::gen::inRange(0, 10) == 0) continue;  // this poll did not list it
      const auto bikes = static_cast<std::int16_t>(*rc::gen::inRange(0, 6));
      batch.records.push_back({.observed_at = at, .counts = {bikes, 5}, .station = i});
    }
    task.observe(batch, "feed", at);
    live.observe(batch, at);
    at += *rc::gen::element(Seconds{1}, Seconds{30}, Seconds{300}, Seconds{601}, 2 * kHour);
  }
  const LiveStations restored = live_stations_of(task);
  RC_ASSERT(restored.size() == live.size());
  for (StationIndex i = 0; i < live.size(); ++i) {
    RC_ASSERT(restored.at(i).observed_at == live.at(i).observed_at);
    RC_ASSERT(restored.at(i).counts == live.at(i).counts);
    RC_ASSERT(restored.at(i).window_start == live.at(i).window_start);
    RC_ASSERT(restored.at(i).rentals == live.at(i).rentals);
    RC_ASSERT(restored.at(i).returns == live.at(i).returns);
  }
}

TEST(LiveStationsOf, ATaskKnowsWhatALiveViewBesideItKnows) { check(500, agrees); }

}  // namespace
}  // namespace bikeflow
