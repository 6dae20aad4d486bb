// The independent judge: what the lake must hold for a list of records, written
// from the page "What the numbers mean" alone, slowly and obviously. It shares
// no code with the core but the nouns of the model.
//
// It keeps every observation in memory and computes each column of a row by
// that column's definition.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/observation.h"
#include "model/rows.h"

namespace bikeflow::reference {

// A well-formed record of one system.
struct Arrival {
  Seconds observed_at = 0;
  Position position;
  std::uint32_t station = 0;  // index into Input::stations
  Counts counts;
};

// A decision of the clock: nothing more will come from before `end`.
struct Close {
  std::size_t after = 0;  // so many arrivals
  Seconds end = 0;
};

struct Settings {
  Seconds length = kHour;
  Seconds slide = kHour;
  Seconds delay = 10 * kMinute;
  Seconds max_gap = 10 * kMinute;
  Seconds hour_phase = 0;  // by which the windows' hours are ahead of UTC's: Zone::hour_phase()
  bool is_file = false;    // a time far ahead waits for another station to confirm it
  bool closes_all = true;  // at the end of the input; else only what the watermark has reached
};

struct Input {
  std::vector<std::string> stations;
  std::vector<Arrival> arrivals;  // in the order of arrival
  std::vector<Seconds> clock;     // the wall clock at each arrival; empty: long after all of them
  std::vector<Close> closes;      // ascending; none where the settings say is_file
};

struct Outcome {
  std::vector<HourlyRow> rows;    // by start, then end, then station id
  std::vector<LateRow> late;      // in the order in which they were judged; source is empty
  std::vector<Position> future;   // dead letters `future`, in the order of arrival
  std::vector<Position> too_far;  // dead letters `time_jump`, in the order of arrival
  std::int64_t accepted = 0;      // observations neither late nor dead letters
  std::int64_t repeated = 0;      // of those, duplicates and conflicts together
};

Outcome evaluate(const Input& input, const Settings& settings);

// The arrivals in the order in which the watermark meets them, and the dead letters in that of
// arrival.
struct Admission {
  std::vector<const Arrival*> admitted;
  std::vector<const Arrival*> future;
  std::vector<const Arrival*> too_far;
};
Admission admit(const Input& input, const Settings& settings);

}  // namespace bikeflow::reference
