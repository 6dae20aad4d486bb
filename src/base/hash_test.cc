#include "base/hash.h"

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

// Stored in files: these values never change. They are those of XXH3's reference implementation.
TEST(Hash, IsXxh3) {
  EXPECT_EQ(hash64(""), 0x2d06800538d394c2U);
  EXPECT_EQ(hash64("bikeflow"), 0xd8448b3b2471cf01U);
  std::string all_bytes;
  for (int i = 0; i < 5 * 256; ++i) all_bytes.push_back(static_cast<char>(i));
  EXPECT_EQ(hash64(all_bytes), 0x4844b009e164352eU);
}

TEST(Hex, RoundTrips) {
  for (const std::uint64_t value :
       {std::uint64_t{0}, std::uint64_t{0xdeadbeef}, ~std::uint64_t{0}}) {
    EXPECT_EQ(parse_hex(format_hex(value)), value);
  }
  EXPECT_EQ(format_hex(0xdeadbeef), "00000000deadbeef");
  for (const char* text : {"", "deadbeef", "00000000DEADBEEF", "00000000deadbeeg",
                           "+0000000deadbeef", "00000000deadbeef0"}) {
    EXPECT_FALSE(parse_hex(text)) << text;
  }
}

}  // namespace
}  // namespace bikeflow
