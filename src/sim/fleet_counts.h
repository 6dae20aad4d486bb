// How often what happened in a simulated fleet: a simulation that never kills a process proves
// nothing of kills.
#pragma once

#include <cstdint>
#include <string>

namespace bikeflow::sim {

struct FleetCounts {
  std::int64_t kills = 0, kills_between = 0, pauses = 0, joins = 0, rebalances = 0;
  std::int64_t commits = 0, refused = 0, lost = 0, answers_lost = 0, held = 0, held_sent = 0;
  std::int64_t puts = 0, puts_repeated = 0, puts_after_death = 0, late_outcomes = 0;
  std::int64_t clock_jumps = 0, far_jumps = 0, outages = 0, replaced = 0;
  // Asked to end; of those, the ones that did in good order, and that were done alone in the group;
  // that a rebalance or the time limit cut short; that ended on their own, at the log's end.
  std::int64_t finishes = 0, finished = 0, finished_alone = 0, cut_short = 0, caught_up = 0;
  std::int64_t grown = 0, told_late = 0;       // partitions added; processes that learnt of it
  std::int64_t aged = 0, gaps = 0, stops = 0;  // log ends cut; before they were read; stopped
  std::int64_t accepted = 0, rewinds = 0, discards = 0;  // orders
  std::int64_t stale = 0;                                // lists that did not show what was there
  std::int64_t late_copies = 0, late_closed = 0;         // PUTs of a live process that land twice
  void add(const FleetCounts& other);
  [[nodiscard]] std::string text() const;
};

}  // namespace bikeflow::sim
