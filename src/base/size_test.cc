#include "base/size.h"

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

TEST(FormatSize, TakesTheUnitThatAPersonWould) {
  EXPECT_EQ(format_size(0), "0 bytes");
  EXPECT_EQ(format_size(999), "999 bytes");
  EXPECT_EQ(format_size(1000), "1.0 kB");
  EXPECT_EQ(format_size(1'234'567), "1.2 MB");
  EXPECT_EQ(format_size(376'000'000), "376.0 MB");
  EXPECT_EQ(format_size(9'223'372'036'854'775'807), "9223.4 PB");
}

TEST(FormatSize, NeverWritesAThousandOfAUnit) {
  EXPECT_EQ(format_size(999'949), "999.9 kB");
  EXPECT_EQ(format_size(999'950), "1.0 MB");
}

}  // namespace
}  // namespace bikeflow
