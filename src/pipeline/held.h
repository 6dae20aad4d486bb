// Recorded observations that jump ahead in time, waiting for another station to confirm the jump.
//
// A file has no second clock to judge a time by: one record from the year 2099 would close every
// window. So a time more than a day ahead of the latest accepted one is held until another station
// has been seen there too: (1) two held records of different stations within a day of each other
// confirm each other, and everything held up to a day after the later of them; (2) an accepted
// observation of another station whose time is within the delay of a held one, or past it, confirms
// that one. A system of one station confirms itself with a second, later record. The first
// observations of a system are held in the same way, where one station is enough.
//
// Threads: none; one owner.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "model/batch.h"

namespace bikeflow {

struct HeldRecord {
  StationIndex station = 0;
  Seconds at = 0;
  Counts counts;
  Position position;
  Seconds received_at = 0;
  std::string source;
  std::string raw;  // as a dead letter would keep it
};

inline constexpr std::size_t kMostHeld = 4096;  // further ones push the oldest out, as dead letters

class Held {
 public:
  // Holds `record` and returns what it confirms, itself included, by time and arrival.
  // `one_is_enough`: a second record of the same station at a later time confirms too.
  std::vector<HeldRecord> add(HeldRecord record, bool one_is_enough);

  // What an accepted observation of `station` at `at` confirms.
  std::vector<HeldRecord> confirmed_by(StationIndex station, Seconds at, Seconds delay);

  // The oldest, where there are more than kMostHeld.
  std::vector<HeldRecord> take_overflow();

  // All, by time and arrival.
  std::vector<HeldRecord> take_all();

  [[nodiscard]] bool empty() const { return records_.empty(); }
  [[nodiscard]] std::size_t size() const { return records_.size(); }
  // No accepted time before this confirms anything.
  [[nodiscard]] Seconds earliest() const { return earliest_; }

  void save(Writer& out) const;
  bool load(Reader& in, std::size_t stations);

 private:
  // Removes and returns those that `wanted` names, by time and arrival.
  template <class Wanted>
  std::vector<HeldRecord> take(Wanted&& wanted);

  std::vector<HeldRecord> records_;  // in the order of arrival
  Seconds earliest_ = 0;             // of records_
};

}  // namespace bikeflow
