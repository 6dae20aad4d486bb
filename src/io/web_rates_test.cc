#include "io/web_rates.h"

#include <string>

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

constexpr std::int64_t kSecond = 1000;

TEST(WebRates, SoManyAtOnceThenSoManyASecond) {
  WebRates rates(2, 3, 10);
  std::int64_t now = 1'000'000;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(rates.wait_ms("a", now), 0);
  EXPECT_EQ(rates.wait_ms("a", now), 500);
  EXPECT_EQ(rates.wait_ms("b", now), 0);
  now += 499;
  EXPECT_EQ(rates.wait_ms("a", now), 1);
  now += 1;
  EXPECT_EQ(rates.wait_ms("a", now), 0);
  EXPECT_EQ(rates.wait_ms("a", now), 500);
  // What was refused costs nothing, and no more than the burst is saved up.
  now += 100 * kSecond;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(rates.wait_ms("a", now), 0);
  EXPECT_EQ(rates.wait_ms("a", now), 500);
}

TEST(WebRates, NoLimit) {
  WebRates rates(0, 0, 1);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(rates.wait_ms("a", 5), 0);
  EXPECT_EQ(rates.addresses(), 0);
}

TEST(WebRates, AddressesAreForgottenOnceTheyHaveRested) {
  WebRates rates(1, 2, 10);
  EXPECT_EQ(rates.wait_ms("a", 0), 0);
  EXPECT_EQ(rates.wait_ms("b", 500), 0);
  rates.forget_rested(999);
  EXPECT_EQ(rates.addresses(), 2);
  rates.forget_rested(1000);
  EXPECT_EQ(rates.addresses(), 1);
  rates.forget_rested(1500);
  EXPECT_EQ(rates.addresses(), 0);
}

TEST(WebRates, TooManyAddressesShareOne) {
  WebRates rates(1, 1, 3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(rates.wait_ms(std::to_string(i), 0), 0);
  EXPECT_EQ(rates.wait_ms("x", 0), 0);
  EXPECT_GT(rates.wait_ms("y", 0), 0);
  EXPECT_LE(rates.addresses(), 4);
  // There is room again once others have rested.
  EXPECT_EQ(rates.wait_ms("z", kSecond), 0);
  EXPECT_EQ(rates.wait_ms("w", kSecond), 0);
}

}  // namespace
}  // namespace bikeflow
