#include "base/nearest.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace bikeflow {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"length",  "slide", "delay",
                                                    "max_gap", "id",    "url"};

TEST(Nearest, FindsTheNameOfATypingError) {
  EXPECT_EQ(nearest_name("lenght", kNames), "length");  // two neighbours swapped: one edit
  EXPECT_EQ(nearest_name("slid", kNames), "slide");
  EXPECT_EQ(nearest_name("maxgap", kNames), "max_gap");
  EXPECT_EQ(nearest_name("DELAY", kNames), "delay");
  EXPECT_EQ(nearest_name("ulr", kNames), "url");
}

TEST(Nearest, IsSilentWhereNothingIsNear) {
  EXPECT_EQ(nearest_name("timezone", kNames), std::nullopt);
  EXPECT_EQ(nearest_name("", kNames), std::nullopt);
  EXPECT_EQ(nearest_name("xy", kNames), std::nullopt);  // two edits make any name of two letters
  EXPECT_EQ(nearest_name(std::string(100'000, 'x'), kNames), std::nullopt);
}

TEST(Nearest, TakesTheFirstOfEquals) {
  constexpr std::array<std::string_view, 2> names = {"hour", "four"};
  EXPECT_EQ(nearest_name("your", names), "hour");
}

TEST(Nearest, EndsAMessage) {
  EXPECT_EQ(did_you_mean("lenght", kNames), "; did you mean 'length'?");
  EXPECT_EQ(did_you_mean("timezone", kNames), "");
}

}  // namespace
}  // namespace bikeflow
