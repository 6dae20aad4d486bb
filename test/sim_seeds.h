// Which seeds a simulation plays, and how it tells of one that failed.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace bikeflow::sim {

// Of the environment: BIKEFLOW_SEED, BIKEFLOW_SEEDS.
inline std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

inline std::string story(std::uint64_t seed, const std::vector<std::string>& violations) {
  std::string out = fmt::format("seed {}; once more: ./dev sim --seed {}\n", seed, seed);
  for (const std::string& violation : violations) out += "  " + violation + "\n";
  return out;
}

}  // namespace bikeflow::sim
