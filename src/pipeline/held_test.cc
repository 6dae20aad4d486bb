#include "pipeline/held.h"

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

// Files are read in the order of their times, not of their numbers.
TEST(HeldTest, TheOldestGoesWhateverItsPosition) {
  Held held;
  for (std::size_t i = 0; i <= kMostHeld; ++i) {
    HeldRecord record;
    record.at = 1'700'000'000;
    record.position = {i < 2 ? 7 : 1, static_cast<std::int64_t>(i)};
    EXPECT_TRUE(held.add(std::move(record), false).empty());
  }
  const std::vector<HeldRecord> gone = held.take_overflow();
  ASSERT_EQ(gone.size(), 1u);
  EXPECT_EQ(gone[0].position, (Position{7, 0}));
  EXPECT_EQ(held.size(), kMostHeld);
  EXPECT_TRUE(held.take_overflow().empty());
}

}  // namespace
}  // namespace bikeflow
