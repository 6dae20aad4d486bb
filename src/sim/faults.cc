#include "sim/faults.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

namespace bikeflow::sim {
namespace {

template <std::size_t Size>
double one_of(Rng& rng, const std::array<double, Size>& values) {
  return values[rng.below(static_cast<std::uint32_t>(Size))];
}

bool needs_room(Operation operation) { return operation != Operation::kRemoveOld; }

}  // namespace

void FaultCounts::add(const FaultCounts& other) {
  for (std::size_t i = 0; i < kOperations; ++i) {
    for (std::size_t j = 0; j < kFaults; ++j) of_operation[i][j] += other.of_operation[i][j];
  }
  killed_reading += other.killed_reading;
  torn_checkpoints += other.torn_checkpoints;
  groups_in_part += other.groups_in_part;
  currents_unsure += other.currents_unsure;
  power_cuts += other.power_cuts;
  files_taken_back += other.files_taken_back;
  lives += other.lives;
}

std::string FaultCounts::text() const {
  constexpr std::array<std::string_view, kOperations> kOperationWords = {
      "write checkpoint", "set CURRENT", "put files", "remove old"};
  constexpr std::array<std::string_view, kFaults> kFaultWords = {
      "done", "killed before", "midway", "after", "failed before", "midway", "disk full"};
  std::string out;
  for (std::size_t i = 0; i < kOperations; ++i) {
    fmt::format_to(std::back_inserter(out), "  {:16}", kOperationWords[i]);
    for (std::size_t j = 0; j < kFaults; ++j) {
      fmt::format_to(std::back_inserter(out), "  {} {}", kFaultWords[j], of_operation[i][j]);
    }
    out += '\n';
  }
  fmt::format_to(std::back_inserter(out),
                 "  lives {}, killed while reading {}, power cuts {} (files taken back {}), torn "
                 "checkpoints {}, groups seen in part {}, CURRENT unsure {}\n",
                 lives, killed_reading, power_cuts, files_taken_back, torn_checkpoints,
                 groups_in_part, currents_unsure);
  return out;
}

Faults::Faults(Rng rng) : rng_(rng), shape_(rng.fork(1)) {
  kill_ = one_of<4>(rng_, {0.01, 0.05, 0.15, 0.35});
  fail_ = one_of<3>(rng_, {0, 0.02, 0.08});
  fill_ = one_of<3>(rng_, {0, 0.01, 0.03});
  kill_reading_ = one_of<3>(rng_, {0, 0.02, 0.08});
  cut_power_ = one_of<3>(rng_, {0, 0.25, 0.5});
  storm_ = one_of<2>(rng_, {0, 0.7});
  most_lives_ = static_cast<int>(rng_.between(2, 14));
}

Faults Faults::none() {
  Faults none{Rng(0)};
  none.stop();
  return none;
}

Fault Faults::draw(Operation operation) {
  if (!is_on_) return Fault::kNone;
  if (storm_for_ > 0) --storm_for_;
  if (full_for_ == 0 && rng_.chance(fill_)) full_for_ = static_cast<int>(rng_.between(1, 6));
  if (full_for_ > 0 && needs_room(operation)) {
    --full_for_;
    return Fault::kDiskFull;
  }
  // What killed a process once often kills the next one soon.
  if (rng_.chance(storm_for_ > 0 ? std::max(kill_, 0.3) : kill_)) {
    storm_for_ = rng_.chance(storm_) ? 8 : 0;
    constexpr std::array kKills = {Fault::kKilledBefore, Fault::kKilledMidway, Fault::kKilledMidway,
                                   Fault::kKilledAfter};
    return kKills[rng_.below(4)];
  }
  if (rng_.chance(fail_)) return rng_.chance(0.4) ? Fault::kFailsBefore : Fault::kFailsMidway;
  return Fault::kNone;
}

Fault Faults::next(Operation operation) {
  const Fault fault = draw(operation);
  ++counts_.of_operation[static_cast<std::size_t>(operation)][static_cast<std::size_t>(fault)];
  return fault;
}

bool Faults::kills_reading() {
  const bool kills = is_on_ && rng_.chance(kill_reading_);
  if (kills) ++counts_.killed_reading;
  return kills;
}

bool Faults::cuts_power() {
  const bool cuts = is_on_ && rng_.chance(cut_power_);
  if (cuts) ++counts_.power_cuts;
  return cuts;
}

}  // namespace bikeflow::sim
