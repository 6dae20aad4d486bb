// The publishing protocol with Kafka in a simulated world with faults: every seed is a small topic,
// some processes in one group that are killed, paused and disturbed over and over, and a lake that
// must be right in the end and at every moment before it.
//
//   ./dev sim --seeds 100000   more of them
//   ./dev sim --seed 4711      one again
//
// The same by BIKEFLOW_SEEDS and BIKEFLOW_SEED in the environment.
#include <gtest/gtest.h>

#include <cstdio>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "sim/fleet.h"
#include "sim/fleet_conduct.h"
#include "sim/input.h"
#include "test/sim_judge.h"
#include "test/sim_seeds.h"

namespace bikeflow::sim {

void PrintTo(const PlantedFleetBug& bug, std::ostream* out) { *out << bug.name; }

namespace {

constexpr std::uint64_t kDefaultSeeds = 2000;

enum Purpose : std::uint64_t { kInput = 1, kFleet };

struct Outcome {
  std::vector<std::string> violations;
  Met met;
  FleetCounts counts;
  std::uint64_t fingerprint = 0;
};

Outcome play(std::uint64_t seed, FleetConduct& conduct) {
  const Rng rng(seed);
  const Input input = generate_topic(rng.fork(kInput));
  Fleet fleet(input, conduct, rng.fork(kFleet), true);
  Outcome outcome;
  const Result<void> done = fleet.run();
  outcome.counts = fleet.counts();
  outcome.fingerprint = fingerprint(fleet.bucket());
  if (!done) {
    outcome.violations.push_back("stuck: " + done.error().message);
    return outcome;
  }
  Verdict verdict = judge(input, fleet);
  outcome.violations = std::move(verdict.violations);
  outcome.met = verdict.met;
  if (fleet.went_back() > 0) {
    outcome.violations.push_back(fmt::format("{} offsets went back", fleet.went_back()));
  }
  return outcome;
}

TEST(FleetSim, EverySeedEndsAsTheReferenceWantsIt) {
  const std::uint64_t first = number_from("BIKEFLOW_SEED", 1);
  const bool is_replay = std::getenv("BIKEFLOW_SEED") != nullptr;
  const std::uint64_t seeds = number_from("BIKEFLOW_SEEDS", is_replay ? 1 : kDefaultSeeds);
  Met met;
  FleetCounts counts;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    FleetConduct honest;
    const Outcome outcome = play(seed, honest);
    ASSERT_TRUE(outcome.violations.empty()) << story(seed, outcome.violations);
    met.add(outcome.met);
    counts.add(outcome.counts);
    if ((seed - first + 1) % 10'000 == 0) {
      fmt::print("{} seeds\n", seed - first + 1);
      std::fflush(stdout);
    }
  }
  fmt::print("{} seeds from {} on\n{}{}", seeds, first, met.text(), counts.text());
  if (seeds < kDefaultSeeds) return;
  for (const std::int64_t often : {met.rows,
                                   met.markers,
                                   met.late,
                                   met.dead_letters,
                                   met.repeated,
                                   met.unobserved,
                                   met.idle_closes,
                                   counts.kills,
                                   counts.kills_between,
                                   counts.pauses,
                                   counts.rebalances,
                                   counts.lost,
                                   counts.answers_lost,
                                   counts.held,
                                   counts.puts_repeated,
                                   counts.puts_after_death,
                                   counts.late_outcomes,
                                   counts.clock_jumps,
                                   counts.outages,
                                   counts.finished,
                                   counts.finished_alone,
                                   counts.caught_up,
                                   counts.grown,
                                   counts.told_late,
                                   counts.aged,
                                   counts.stale,
                                   counts.late_copies,
                                   met.aged_out}) {
    EXPECT_GT(often, 1000);
  }
  for (const std::int64_t often :
       {counts.refused, counts.cut_short, counts.gaps, counts.stops, counts.accepted,
        counts.rewinds, counts.discards, counts.late_closed, counts.far_jumps}) {
    EXPECT_GT(often, 100);
  }
  EXPECT_GT(met.future, 100);
  EXPECT_GT(met.shared_directories, 20);
  EXPECT_EQ(counts.held_sent, 0);  // a client of unknown outcome never lives to send it
}

TEST(FleetSim, ASeedIsTheSameTwice) {
  std::set<std::uint64_t> different;
  constexpr std::uint64_t kSeeds = 40;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    FleetConduct honest;
    const Outcome once = play(seed, honest);
    const Outcome again = play(seed, honest);
    ASSERT_EQ(once.fingerprint, again.fingerprint) << story(seed, {});
    ASSERT_EQ(once.counts.text(), again.counts.text()) << story(seed, {});
    different.insert(once.fingerprint);
  }
  EXPECT_EQ(different.size(), kSeeds);
}

// The simulation can fail: a program that does one thing otherwise is found out.
class FleetSimFinds : public ::testing::TestWithParam<PlantedFleetBug> {};

TEST_P(FleetSimFinds, ThePlantedBug) {
  constexpr std::uint64_t kMostSeeds = 2000;
  for (std::uint64_t seed = 1; seed <= kMostSeeds; ++seed) {
    const auto conduct = GetParam().make();
    const Outcome outcome = play(seed, *conduct);
    if (outcome.violations.empty()) continue;
    fmt::print("{}: found by seed {}: {}\n", GetParam().name, seed, outcome.violations.front());
    return;
  }
  FAIL() << GetParam().name << ": not found in " << kMostSeeds << " seeds";
}

INSTANTIATE_TEST_SUITE_P(Planted, FleetSimFinds, ::testing::ValuesIn(planted_fleet_bugs()),
                         [](const auto& bug) { return std::string(bug.param.name); });

}  // namespace
}  // namespace bikeflow::sim
