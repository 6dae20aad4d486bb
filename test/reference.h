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
};

struct Outcome {
  std::vector<HourlyRow> rows;    // by start, then end, then station id
  std::vector<LateRow> late;      // in the order in which they were judged; source is empty
  std::vector<Position> too_far;  // dead letters `time_jump`, in the order of arrival
  std::int64_t accepted = 0;      // observations neither late nor dead letters
  std::int64_t repeated = 0;      // of those, duplicates and conflicts together
};

Outcome evaluate(const Input& input, const Settings& settings);

// What a set of files does with times far ahead: the arrivals in the order in
// which the watermark meets them, and those that no station confirmed.
struct Admission {
  std::vector<const Arrival*> admitted;
  std::vector<const Arrival*> refused;  // in the order of arrival
};
Admission admit_from_files(const std::vector<Arrival>& arrivals, Seconds delay);

}  // namespace bikeflow::reference
