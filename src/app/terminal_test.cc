#include "app/terminal.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace bikeflow {
namespace {

TEST(TerminalText, GroupsDigits) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(15'666'628), "15,666,628");
  EXPECT_EQ(grouped(-123'456), "-123,456");
  EXPECT_EQ(grouped(-100), "-100");
  EXPECT_EQ(grouped(INT64_MIN), "-9,223,372,036,854,775,808");
}

TEST(TerminalText, SaysHowLong) {
  EXPECT_EQ(readable_span(0.04), "0.0 s");
  EXPECT_EQ(readable_span(12.34), "12.3 s");
  EXPECT_EQ(readable_span(59.96), "1 min 00 s");
  EXPECT_EQ(readable_span(185), "3 min 05 s");
  EXPECT_EQ(readable_span(7620), "2 h 07 min");
  EXPECT_EQ(readable_span(86400 * 3 + 3600 * 4), "3 d 04 h");
  EXPECT_EQ(readable_span(-1), "?");
}

TEST(TerminalText, SaysHowMuch) {
  EXPECT_EQ(readable_bytes(1023), "1023 B");
  EXPECT_EQ(readable_bytes(4096), "4.0 KiB");
  EXPECT_EQ(readable_bytes(1024 * 1024 - 1), "1.0 MiB");
  EXPECT_EQ(readable_bytes(UINT64_MAX), "16.0 EiB");
}

TEST(TerminalText, CountsColumnsOfWideCharacters) {
  EXPECT_EQ(display_width("ST-4"), 4);
  EXPECT_EQ(display_width("따릉이"), 6);
  EXPECT_EQ(display_width("é"), 1);         // composed
  EXPECT_EQ(display_width("e\u0301"), 1);   // combining
  EXPECT_EQ(display_width("\xFF\xFF"), 2);  // bytes that are no characters
  EXPECT_EQ(pad_right("따릉이", 8), "따릉이  ");
  EXPECT_EQ(pad_left("따릉이", 8), "  따릉이");
  EXPECT_EQ(pad_left("long enough", 4), "long enough");
}

TEST(TerminalText, ColoursOnlyWhereThereAreColours) {
  EXPECT_EQ(coloured(Terminal{.is_terminal = true, .colours = true}, Colour::kRed, "no"),
            "\x1b[31mno\x1b[0m");
  EXPECT_EQ(coloured(Terminal{}, Colour::kRed, "no"), "no");
}

}  // namespace
}  // namespace bikeflow
