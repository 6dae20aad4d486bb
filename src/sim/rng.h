// Random numbers that are the same on every machine: xoshiro256** by David Blackman and Sebastiano
// Vigna (https://prng.di.unimi.it, public domain), seeded by their SplitMix64. The standard
// library's distributions differ between libraries, and log() between machines, so neither is used
// here.
//
// Threads: none; one owner. The seed is an argument of everything that is simulated.
#pragma once

#include <array>
#include <cstdint>

namespace bikeflow {

class Rng {
 public:
  explicit Rng(std::uint64_t seed);

  // An independent generator for one purpose: drawing more for one purpose changes no other.
  [[nodiscard]] Rng fork(std::uint64_t purpose) const { return Rng(seed_ ^ (purpose * kGolden)); }

  std::uint64_t next() {
    const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate(state_[3], 45);
    return result;
  }

  // 0 to 1, without 1.
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  bool chance(double probability) { return unit() < probability; }

  // 0 to n - 1. Requires: n > 0.
  std::uint32_t below(std::uint32_t n);
  // Both ends are inside. Requires: low <= high, less than 2^32 values.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + below(static_cast<std::uint32_t>(high - low + 1));
  }
  double uniform(double low, double high) { return low + (high - low) * unit(); }

  // The waiting time to the next event of a process that has one per unit of time.
  double exponential();

 private:
  static constexpr std::uint64_t kGolden = 0x9E37'79B9'7F4A'7C15;
  static std::uint64_t rotate(std::uint64_t x, int bits) {
    return (x << bits) | (x >> (64 - bits));
  }

  std::uint64_t seed_;
  std::array<std::uint64_t, 4> state_;
};

}  // namespace bikeflow
