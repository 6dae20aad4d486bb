// What the tests of simulated worlds have in common: which seeds they play, how they tell of one
// that failed, and that a seed is the same twice and a planted bug is found.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "sim/planted.h"

namespace bikeflow::sim {

template <class Conduct>
void PrintTo(const Planted<Conduct>& bug, std::ostream* out) {
  *out << bug.name;
}

struct Seeds {
  std::uint64_t first = 1;
  std::uint64_t count = 1;
};

// Of the environment: BIKEFLOW_SEED, BIKEFLOW_SEEDS; of a first alone, that one.
inline Seeds seeds_from_environment(std::uint64_t otherwise) {
  const char* const first = std::getenv("BIKEFLOW_SEED");
  const char* const count = std::getenv("BIKEFLOW_SEEDS");
  Seeds seeds{1, otherwise};
  if (first != nullptr) seeds = {std::strtoull(first, nullptr, 10), 1};
  if (count != nullptr) seeds.count = std::strtoull(count, nullptr, 10);
  return seeds;
}

inline std::string story(std::uint64_t seed, const std::vector<std::string>& violations) {
  std::string out = fmt::format("seed {}; once more: ./dev sim --seed {}\n", seed, seed);
  for (const std::string& violation : violations) out += "  " + violation + "\n";
  return out;
}

// `play` takes a seed and gives what was wrong.
template <class Play>
void play_all(const Seeds& seeds, Play&& play) {
  for (std::uint64_t i = 0; i < seeds.count; ++i) {
    const std::vector<std::string> violations = play(seeds.first + i);
    ASSERT_TRUE(violations.empty()) << story(seeds.first + i, violations);
    if ((i + 1) % 10'000 == 0) {
      fmt::print("{} seeds\n", i + 1);
      std::fflush(stdout);
    }
  }
}

// `play` takes a seed and gives all that it has come to, as a text.
template <class Play>
void expect_the_same_twice(Play&& play) {
  constexpr std::uint64_t kSeeds = 40;
  std::set<std::string> different;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const std::string once = play(seed);
    ASSERT_EQ(once, play(seed)) << story(seed, {});
    different.insert(once);
  }
  EXPECT_EQ(different.size(), kSeeds);
}

// `play` takes a seed and gives what was wrong, with the bug in it.
template <class Play>
void expect_found(std::string_view bug, std::uint64_t most_seeds, Play&& play) {
  for (std::uint64_t seed = 1; seed <= most_seeds; ++seed) {
    const std::vector<std::string> violations = play(seed);
    if (violations.empty()) continue;
    fmt::print("{}: found by seed {}: {}\n", bug, seed, violations.front());
    return;
  }
  FAIL() << bug << ": not found in " << most_seeds << " seeds";
}

}  // namespace bikeflow::sim
