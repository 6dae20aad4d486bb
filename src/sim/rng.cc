#include "sim/rng.h"

namespace bikeflow {

Rng::Rng(std::uint64_t seed) : seed_(seed) {
  std::uint64_t x = seed;
  for (std::uint64_t& word : state_) {  // SplitMix64
    x += kGolden;
    std::uint64_t z = x;
    z = (z ^ (z >> 30)) * 0xBF58'476D'1CE4'E5B9;
    z = (z ^ (z >> 27)) * 0x94D0'49BB'1331'11EB;
    word = z ^ (z >> 31);
  }
}

std::uint32_t Rng::below(std::uint32_t n) {
  // Lemire's method: the high half of a product, with the few values refused that would make it
  // uneven.
  std::uint64_t product = (next() >> 32) * n;
  if (static_cast<std::uint32_t>(product) < n) {
    const std::uint32_t uneven = -n % n;
    while (static_cast<std::uint32_t>(product) < uneven) product = (next() >> 32) * n;
  }
  return static_cast<std::uint32_t>(product >> 32);
}

double Rng::exponential() {
  // Von Neumann's method needs comparisons only: a falling run of uniform numbers of odd length
  // accepts its first one as the fraction; each run of even length adds 1.
  for (double whole = 0;; whole += 1) {
    const double first = unit();
    double last = first;
    for (bool odd = true;; odd = !odd) {
      const double drawn = unit();
      if (drawn >= last) {
        if (odd) return whole + first;
        break;
      }
      last = drawn;
    }
  }
}

}  // namespace bikeflow
