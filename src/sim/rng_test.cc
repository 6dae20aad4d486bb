#include "sim/rng.h"

#include <array>

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

TEST(Rng, GivesTheNumbersOfItsDefinition) {
  // SplitMix64 of seed 0 begins E220A8397B1DCDAF, 6E789E6AA1B965F4, 06C45D188009454F,
  // F88BB8A8724C81EC; xoshiro256** multiplies the second of them first.
  const std::uint64_t second = 0x6E78'9E6A'A1B9'65F4;
  const std::uint64_t by_five = second * 5;
  EXPECT_EQ(Rng(0).next(), ((by_five << 7) | (by_five >> 57)) * 9);
}

TEST(Rng, IsTheSameEverywhere) {
  Rng rng(42);
  std::uint64_t mixed = 0;
  for (int i = 0; i < 1000; ++i) mixed = mixed * 31 + rng.next();
  for (int i = 0; i < 1000; ++i) mixed = mixed * 31 + rng.below(1000);
  for (int i = 0; i < 1000; ++i) {
    mixed = mixed * 31 + static_cast<std::uint64_t>(rng.exponential() * 1e6);
  }
  EXPECT_EQ(mixed, 17'393'832'762'628'244'999U);
}

TEST(Rng, ForksAreIndependentOfWhatWasDrawn) {
  Rng a(7);
  Rng b(7);
  b.next();
  EXPECT_EQ(a.fork(3).next(), b.fork(3).next());
  EXPECT_NE(a.fork(3).next(), a.fork(4).next());
}

TEST(Rng, BelowIsEven) {
  Rng rng(1);
  std::array<int, 6> seen{};
  for (int i = 0; i < 60'000; ++i) ++seen[rng.below(6)];
  for (int count : seen) EXPECT_NEAR(count, 10'000, 400);
  EXPECT_EQ(rng.below(1), 0U);
}

TEST(Rng, BetweenHasBothEnds) {
  Rng rng(1);
  bool low = false;
  bool high = false;
  for (int i = 0; i < 100; ++i) {
    const std::int64_t drawn = rng.between(-2, 2);
    ASSERT_TRUE(drawn >= -2 && drawn <= 2);
    low |= drawn == -2;
    high |= drawn == 2;
  }
  EXPECT_TRUE(low && high);
}

TEST(Rng, ExponentialHasMeanAndSpreadOne) {
  Rng rng(1);
  const int count = 100'000;
  double sum = 0;
  double squares = 0;
  int longer_than_two = 0;
  for (int i = 0; i < count; ++i) {
    const double x = rng.exponential();
    sum += x;
    squares += x * x;
    longer_than_two += x > 2;
  }
  EXPECT_NEAR(sum / count, 1, 0.02);
  EXPECT_NEAR(squares / count, 2, 0.08);
  EXPECT_NEAR(longer_than_two, 0.1353 * count, 500);
}

}  // namespace
}  // namespace bikeflow
