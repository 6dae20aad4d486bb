// The embedded publishing protocol in a simulated world with faults: every seed is a small input, a
// program that is killed and fails over and over, and a lake that must be right in the end and at
// every moment before it.
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

#include "sim/conduct.h"
#include "sim/faults.h"
#include "sim/input.h"
#include "sim/machine.h"
#include "test/sim_judge.h"
#include "test/sim_seeds.h"

namespace bikeflow::sim {

void PrintTo(const PlantedBug& bug, std::ostream* out) { *out << bug.name; }

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
  const std::uint64_t first = number_from("BIKEFLOW_SEED", 1);
  const bool is_replay = std::getenv("BIKEFLOW_SEED") != nullptr;
  const std::uint64_t seeds = number_from("BIKEFLOW_SEEDS", is_replay ? 1 : kDefaultSeeds);
  Met met;
  FaultCounts faults;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    Conduct honest;
    const Outcome outcome = play(seed, honest);
    ASSERT_TRUE(outcome.violations.empty()) << story(seed, outcome.violations);
    met.add(outcome.met);
    faults.add(outcome.faults);
    if ((seed - first + 1) % 10'000 == 0) {
      fmt::print("{} seeds\n", seed - first + 1);
      std::fflush(stdout);
    }
  }
  fmt::print("{} seeds from {} on\n{}{}", seeds, first, met.text(), faults.text());
  if (seeds < kDefaultSeeds) return;
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
  std::set<std::uint64_t> different;
  constexpr std::uint64_t kSeeds = 40;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Conduct honest;
    const Outcome once = play(seed, honest);
    const Outcome again = play(seed, honest);
    ASSERT_EQ(once.fingerprint, again.fingerprint) << story(seed, {});
    ASSERT_EQ(once.faults.text(), again.faults.text()) << story(seed, {});
    different.insert(once.fingerprint);
  }
  EXPECT_EQ(different.size(), kSeeds);
}

// The simulation can fail: a program that does one thing otherwise is found out.
class SimFinds : public ::testing::TestWithParam<PlantedBug> {};

TEST_P(SimFinds, ThePlantedBug) {
  constexpr std::uint64_t kMostSeeds = 1000;
  for (std::uint64_t seed = 1; seed <= kMostSeeds; ++seed) {
    const auto conduct = GetParam().make();
    const Outcome outcome = play(seed, *conduct);
    if (outcome.violations.empty()) continue;
    fmt::print("{}: found by seed {}: {}\n", GetParam().name, seed, outcome.violations.front());
    return;
  }
  FAIL() << GetParam().name << ": not found in " << kMostSeeds << " seeds";
}

INSTANTIATE_TEST_SUITE_P(Planted, SimFinds, ::testing::ValuesIn(planted_bugs()),
                         [](const auto& bug) { return std::string(bug.param.name); });

}  // namespace
}  // namespace bikeflow::sim
