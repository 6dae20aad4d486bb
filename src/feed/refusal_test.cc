#include "feed/refusal.h"

#include <string>

#include <gtest/gtest.h>

#include "feed/utf8.h"

namespace bikeflow {
namespace {

TEST(Shown, EscapesWhatIsNotPrintable) {
  EXPECT_EQ(shown("ST-4"), "ST-4");
  EXPECT_EQ(shown("망원역 \U0001F632"), "망원역 \U0001F632");
  EXPECT_EQ(shown(std::string("a\0\n\x7F", 4)), "a\\x00\\x0A\\x7F");
  EXPECT_EQ(shown("\xFF\xEB\xA7z\xF0\x9F"), "\\xFF\\xEB\\xA7z\\xF0\\x9F");
}

TEST(Shown, ShortensByCharacters) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "망";
  EXPECT_EQ(shown(text), text);
  EXPECT_EQ(shown(text + "a"), text + "...");
  EXPECT_LT(shown(std::string(1'000'000, '\xFF')).size(), 200U);
}

TEST(Shown, IsAlwaysUtf8) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      EXPECT_TRUE(is_utf8(shown(std::string{static_cast<char>(a), static_cast<char>(b), '\x80'})));
    }
  }
}

TEST(Malformed, SaysWhatIsThere) {
  EXPECT_EQ(malformed(Reason::kNotJson, "{x", 1, "a key in quotes"),
            (Refusal{Reason::kNotJson, "expected a key in quotes, found 'x'", 1}));
  EXPECT_EQ(malformed(Reason::kNotJson, "{", 1, "it").detail, "expected it, found the end");
  EXPECT_EQ(malformed(Reason::kNotJson, " ", 0, "it").detail, "expected it, found a space");
  EXPECT_EQ(malformed(Reason::kNotJson, "\n", 0, "it").detail, "expected it, found byte 0x0A");
  EXPECT_EQ(malformed(Reason::kNotJson, "망", 0, "it").detail, "expected it, found '망'");
  EXPECT_EQ(malformed(Reason::kNotJson, "\xFF", 0, "it").detail, "expected it, found byte 0xFF");
}

}  // namespace
}  // namespace bikeflow
