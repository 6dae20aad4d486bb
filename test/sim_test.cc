// The embedded publishing protocol in a simulated world with faults: every seed is a small input, a
// program that is killed and fails over and over, and a lake that must be right in the end and at
// every moment before it.
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

#include "sim/conduct.h"
#include "sim/faults.h"
#include "sim/input.h"
#include "sim/machine.h"
#include "test/sim_judge.h"
#include "test/sim_seeds.h"

namespace bikeflow::sim {

namespace {

constexpr std::uint64_t kDefaultSeeds = 400;

// What each generator is for: drawing more for one changes no other.
enum Purpose : std::uint64_t { kInput = 1, kFaults, kProgram, kProgramWithoutFaults };

struct Outcome {
  std::vector<std::string> violations;
  Met met;
  FaultCounts faults;
  std::uint64_t fingerprint = 0;
};

Outcome play(std::uint64_t seed, Conduct& conduct) {
  const Rng rng(seed);
  const Input input = generate(rng.fork(kInput));
  Machine machine(input, conduct, Faults(rng.fork(kFaults)), rng.fork(kProgram));
  Outcome outcome;
  const Result<void> done = machine.run();
  outcome.faults = machine.disk().faults().counts();
  outcome.fingerprint = fingerprint(machine.disk());
  if (!done) {
    outcome.violations.push_back("stuck: " + done.error().message);
    return outcome;
  }
  Verdict verdict = judge(input, machine);
  outcome.violations = std::move(verdict.violations);
  outcome.met = verdict.met;
  if (!outcome.violations.empty()) return outcome;

  Conduct honest;
  Machine calm(input, honest, Faults::none(), rng.fork(kProgramWithoutFaults));
  calm.repeat(machine.history());
  if (const Result<void> again = calm.run(); !again) {
    outcome.violations.push_back("stuck without any fault: " + again.error().message);
  } else if (const std::string differs = difference(machine.disk().lake(), calm.disk().lake());
             !differs.empty()) {
    outcome.violations.push_back("differs from a run without faults: " + differs);
  }
  return outcome;
}

TEST(Sim, EverySeedEndsAsTheReferenceWantsIt) {
  const Seeds seeds = seeds_from_environment(kDefaultSeeds);
  Met met;
  FaultCounts faults;
  play_all(seeds, [&](std::uint64_t seed) {
    Conduct honest;
    Outcome outcome = play(seed, honest);
    met.add(outcome.met);
    faults.add(outcome.faults);
    return std::move(outcome.violations);
  });
  if (HasFatalFailure()) return;
  fmt::print("{} seeds from {} on\n{}{}", seeds.count, seeds.first, met.text(), faults.text());
  if (seeds.count < kDefaultSeeds) return;
  for (const std::int64_t often : {met.rows, met.markers, met.late, met.dead_letters, met.repeated,
                                   met.unobserved, met.idle_closes, met.lost_polls}) {
    EXPECT_GT(often, 100);
  }
  EXPECT_GT(met.future, 100);
  EXPECT_GT(met.time_jumps, 100);
  EXPECT_GT(met.shared_directories, 20);
  for (std::size_t i = 0; i < kOperations; ++i) {
    for (std::size_t j = 0; j < kFaults; ++j) {
      const bool cannot_be = static_cast<Operation>(i) == Operation::kRemoveOld &&
                             static_cast<Fault>(j) == Fault::kDiskFull;
      EXPECT_EQ(faults.of_operation[i][j] == 0, cannot_be);
    }
  }
  EXPECT_GT(faults.torn_checkpoints, 100);
  EXPECT_GT(faults.groups_in_part, 50);
  EXPECT_GT(faults.files_taken_back, 20);
  EXPECT_GT(faults.currents_unsure, 50);
}

TEST(Sim, ASeedIsTheSameTwice) {
  expect_the_same_twice([](std::uint64_t seed) {
    Conduct honest;
    const Outcome outcome = play(seed, honest);
    return fmt::format("{:016x}\n{}", outcome.fingerprint, outcome.faults.text());
  });
}

// The simulation can fail: a program that does one thing otherwise is found out.
class SimFinds : public ::testing::TestWithParam<Planted<Conduct>> {};

TEST_P(SimFinds, ThePlantedBug) {
  expect_found(GetParam().name, 1000,
               [](std::uint64_t seed) { return play(seed, *GetParam().make()).violations; });
}

INSTANTIATE_TEST_SUITE_P(Planted, SimFinds, ::testing::ValuesIn(planted_bugs()),
                         [](const auto& bug) { return std::string(bug.param.name); });

}  // namespace
}  // namespace bikeflow::sim
