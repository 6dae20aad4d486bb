#include "base/json_text.h"

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

TEST(JsonText, EscapesWhatJsonCannotHold) {
  EXPECT_EQ(json_string("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(json_string("line\n\ttab"), R"("line\n\ttab")");
  EXPECT_EQ(json_string(std::string_view("\0\x1f", 2)), R"("\u0000\u001f")");
  EXPECT_EQ(json_string(""), R"("")");
}

TEST(JsonText, KeepsUtf8AndReplacesWhatIsNone) {
  EXPECT_EQ(json_string("따릉이 \xF0\x9F\x9A\xB2"), "\"따릉이 \xF0\x9F\x9A\xB2\"");
  EXPECT_EQ(json_string("a\xFFz"), R"("a\ufffdz")");
  EXPECT_EQ(json_string("\xC0\xAF"), R"("\ufffd\ufffd")");            // overlong
  EXPECT_EQ(json_string("\xED\xA0\x80"), R"("\ufffd\ufffd\ufffd")");  // a surrogate
  EXPECT_EQ(json_string("\xEB\x94"), R"("\ufffd\ufffd")");            // cut off
  EXPECT_EQ(json_string("\xF5\x80\x80\x80").size(), 4U * 6 + 2);      // beyond U+10FFFF
}

}  // namespace
}  // namespace bikeflow
