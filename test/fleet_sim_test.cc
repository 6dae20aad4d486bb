// The publishing protocol with Kafka in a simulated world with faults: every seed is a small topic,
// some processes in one group that are killed, paused and disturbed over and over, and a lake that
// must be right in the end and at every moment before it.
//
//   ./dev sim --seeds 100000   more of them
//   ./dev sim --seed 4711      one again
//
// The same by BIKEFLOW_SEEDS and BIKEFLOW_SEED in the environment.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "sim/fleet.h"
#include "sim/fleet_conduct.h"
#include "sim/input.h"
#include "test/sim_judge.h"
#include "test/sim_seeds.h"

namespace bikeflow::sim {

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
  const Seeds seeds = seeds_from_environment(kDefaultSeeds);
  Met met;
  FleetCounts counts;
  play_all(seeds, [&](std::uint64_t seed) {
    FleetConduct honest;
    Outcome outcome = play(seed, honest);
    met.add(outcome.met);
    counts.add(outcome.counts);
    return std::move(outcome.violations);
  });
  if (HasFatalFailure()) return;
  fmt::print("{} seeds from {} on\n{}{}", seeds.count, seeds.first, met.text(), counts.text());
  if (seeds.count < kDefaultSeeds) return;
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
        counts.rewinds, counts.late_closed, counts.far_jumps}) {
    EXPECT_GT(often, 100);
  }
  EXPECT_GT(counts.discards, 50);
  EXPECT_GT(met.future, 100);
  EXPECT_GT(met.shared_directories, 20);
  EXPECT_EQ(counts.held_sent, 0);  // a client of unknown outcome never lives to send it
}

TEST(FleetSim, ASeedIsTheSameTwice) {
  expect_the_same_twice([](std::uint64_t seed) {
    FleetConduct honest;
    const Outcome outcome = play(seed, honest);
    return fmt::format("{:016x}\n{}", outcome.fingerprint, outcome.counts.text());
  });
}

// The simulation can fail: a program that does one thing otherwise is found out.
class FleetSimFinds : public ::testing::TestWithParam<Planted<FleetConduct>> {};

TEST_P(FleetSimFinds, ThePlantedBug) {
  expect_found(GetParam().name, 2000,
               [](std::uint64_t seed) { return play(seed, *GetParam().make()).violations; });
}

INSTANTIATE_TEST_SUITE_P(Planted, FleetSimFinds, ::testing::ValuesIn(planted_fleet_bugs()),
                         [](const auto& bug) { return std::string(bug.param.name); });

}  // namespace
}  // namespace bikeflow::sim
