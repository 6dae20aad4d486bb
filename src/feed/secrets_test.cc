#include "feed/secrets.h"

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

TEST(Secrets, AreMaskedWholeAndInParts) {
  Secrets secrets;
  secrets.add("Bearer abcdef123");
  secrets.add("user:abcdef");
  secrets.add("");
  EXPECT_EQ(secrets.masked("'Bearer abcdef123', abcdef123abcdef, abcde, user, Bearer"),
            "'***', ******, abcde, user, ***");
  EXPECT_TRUE(secrets.are_in("https://a/abcdef/b"));
  EXPECT_FALSE(secrets.are_in("https://a/user/b"));
  EXPECT_EQ(secrets.masked(""), "");
}

TEST(Secrets, ShortOnesWouldBeEverywhere) {
  Secrets secrets;
  secrets.add("475");
  secrets.add("a b c");
  EXPECT_EQ(secrets.masked("HTTP 475 a b c"), "HTTP 475 a b c");
  EXPECT_FALSE(Secrets().are_in("anything"));
}

}  // namespace
}  // namespace bikeflow
