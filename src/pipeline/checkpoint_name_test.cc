#include "pipeline/checkpoint_name.h"

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

TEST(CheckpointName, IsReadBackAndNothingElseIs) {
  EXPECT_EQ(checkpoint_name(7, 0xAB), "7-00000000000000ab");
  EXPECT_EQ(checkpoint_sequence("7-00000000000000ab"), 7);
  EXPECT_EQ(checkpoint_sequence(checkpoint_name(UINT64_MAX, UINT64_MAX)), UINT64_MAX);
  for (const char* name :
       {"", "7", "7-", "-ab", "07-00000000000000ab", "7-ab", "7-00000000000000AB",
        "7-00000000000000ab ", "7-00000000000000ab.tmp", "x-00000000000000ab",
        "18446744073709551616-00000000000000ab", "CURRENT", "../7-00000000000000ab"}) {
    EXPECT_EQ(checkpoint_sequence(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace bikeflow
