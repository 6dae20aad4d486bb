// Random polls of a few stations, for property tests: stretches of equal counts, gaps, disorder,
// duplicates, conflicts, and times far ahead.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <vector>

#include <rapidcheck.h>

#include "base/time.h"
#include "pipeline/task.h"
#include "test/reference.h"

namespace bikeflow {

inline constexpr std::uint32_t kStations = 4;

// One observation and what becomes of it on its way. Small numbers, so that a failing scenario
// shrinks.
struct Poll {
  enum class Wait : std::uint8_t { kSame, kSeconds, kDelay, kGap, kWindow, kOneDay };
  Wait wait = Wait::kSame;  // event time since the observation before it: so much ...
  int more_seconds = 0;     // ... and this
  std::uint32_t station = 0;
  bool is_as_before = true;  // the station's counts have not changed
  int bikes = 0;
  int racks = 0;
  int lag_percent = 0;  // it arrives so many hundredths of the delay after its time
  enum class Again : std::uint8_t { kNo, kDuplicate, kConflict };
  Again again = Again::kNo;  // it is sent a second time
  int second_lag_percent = 0;
  bool is_far_ahead = false;  // its time is wrong by months
};
std::ostream& operator<<(std::ostream& out, const Poll& poll);

struct Scenario {
  reference::Settings settings;
  std::vector<Poll> polls;
};
std::ostream& operator<<(std::ostream& out, const Scenario& scenario);

// How far the polls of a scenario go beyond the usual.
struct Wildness {
  int most_lag_percent = 100;  // above 100, some observations are late
  bool has_far_ahead = false;
};
rc::Gen<Scenario> any_scenario(const Wildness& wildness);

// The polls as they arrive. `lag_shift` changes who overtakes whom: with lags up to 100 % every
// shift is another order inside the allowed delay.
reference::Input arrivals_of(const Scenario& scenario, int lag_shift = 0);

TaskSettings task_settings(const reference::Settings& settings);

// What a task gave for an input, all of it.
struct Published {
  std::vector<ClosedWindow> closed;
  std::vector<HourlyRow> rows;  // of `closed`
  std::vector<LateRow> late;
  std::vector<DeadLetter> refused;

  void take_from(Task& task);
};

// A part of the arrivals as a batch. Requires: parts of one input are made in order, with one
// `names`.
Batch batch_of(const reference::Input& input, std::size_t begin, std::size_t end, Names& names);

inline constexpr Seconds kLongAfter =
    4'000'000'000;  // a wall clock by which nothing is in the future

}  // namespace bikeflow
