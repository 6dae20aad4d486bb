#include "sim/fleet_counts.h"

#include <array>

#include <fmt/format.h>

namespace bikeflow::sim {
namespace {

using C = FleetCounts;
constexpr std::array kAll = {
    &C::kills,       &C::kills_between, &C::pauses,         &C::joins,         &C::rebalances,
    &C::commits,     &C::refused,       &C::lost,           &C::answers_lost,  &C::held,
    &C::held_sent,   &C::puts,          &C::puts_repeated,  &C::late_outcomes, &C::puts_after_death,
    &C::clock_jumps, &C::far_jumps,     &C::outages,        &C::replaced,      &C::finishes,
    &C::finished,    &C::cut_short,     &C::finished_alone, &C::caught_up,     &C::grown,
    &C::told_late,   &C::aged,          &C::gaps,           &C::stops,         &C::accepted,
    &C::rewinds,     &C::discards,      &C::stale,          &C::late_copies,   &C::late_closed};
static_assert(sizeof(FleetCounts) == kAll.size() * sizeof(std::int64_t));

}  // namespace

void FleetCounts::add(const FleetCounts& other) {
  for (const auto each : kAll) this->*each += other.*each;
}

std::string FleetCounts::text() const {
  return fmt::format(
             "  joins {}, rebalances {}, kills {} and between two requests {}, pauses {}, clients "
             "replaced {}\n"
             "  commits {}, refused {}, lost {}, answers lost {}, held back {} and sent later {}\n"
             "  puts {}, answers lost {}, after death {}, landing again {} (of closed hours {}); "
             "outcomes "
             "too late {}; lists that are stale {}; outages {}, clock jumps {} (far {})\n",
             joins, rebalances, kills, kills_between, pauses, replaced, commits, refused, lost,
             answers_lost, held, held_sent, puts, puts_repeated, puts_after_death, late_copies,
             late_closed, late_outcomes, stale, outages, clock_jumps, far_jumps) +
         fmt::format(
             "  asked to end {}: in good order {} (alone {}), cut short {}; caught up {}\n"
             "  partitions added {}, learnt of {} times; aged out {} times, unread {}, stops {}; "
             "orders: "
             "accept-gap {}, rewind {}, discard {}\n",
             finishes, finished, finished_alone, cut_short, caught_up, grown, told_late, aged, gaps,
             stops, accepted, rewinds, discards);
}

}  // namespace bikeflow::sim
