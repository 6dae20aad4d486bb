#include "feed/utf8.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

// Random bytes of which most are near the bounds of what UTF-8 allows.
std::string random_bytes(std::mt19937& random, std::size_t size) {
  static const std::string kPieces[] = {"a",
                                        "\"",
                                        "\x7F",
                                        "\x80",
                                        "\x9F",
                                        "\xA0",
                                        "\xBF",
                                        "\xC0",
                                        "\xC1",
                                        "\xC2",
                                        "\xDF",
                                        "\xE0",
                                        "\xE1",
                                        "\xEC",
                                        "\xED",
                                        "\xEE",
                                        "\xEF",
                                        "\xF0",
                                        "\xF4",
                                        "\xF5",
                                        "\xFF",
                                        "\xC3\xA9",
                                        "망",
                                        "역",
                                        "\xED\x9F\xBF",
                                        "\xE0\xA0\x80",
                                        "\xF0\x90\x80\x80"};
  std::string text;
  while (text.size() < size) text += kPieces[random() % std::size(kPieces)];
  return text;
}

TEST(Utf8, PrefixAgreesWithTheCheck) {
  std::mt19937 random(1);
  int valid = 0;
  for (int i = 0; i < 200'000; ++i) {
    const std::string text = random_bytes(random, random() % 6);
    const std::size_t prefix = utf8_prefix(text);
    ASSERT_EQ(prefix == text.size(), is_utf8(text));
    ASSERT_TRUE(is_utf8(std::string_view(text).substr(0, prefix)));
    valid += static_cast<int>(prefix == text.size());
  }
  EXPECT_GT(valid, 10'000);
}

TEST(Utf8, EveryTwoBytesAndBoundsOfThreeAndFour) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const std::string two = {static_cast<char>(a), static_cast<char>(b)};
      ASSERT_EQ(utf8_prefix(two) == 2, is_utf8(two));
      for (const char* tail :
           {"\x80", "\xBF", "\x7F", "\xC0", "\x80\x80", "\xBF\xBF", "\x80\x7F"}) {
        const std::string more = two + tail;
        ASSERT_EQ(utf8_prefix(more) == more.size(), is_utf8(more));
      }
    }
  }
}

// A yes is always right, and no is said only where something in the whole text is wrong.
TEST(Utf8, PartOfAText) {
  std::mt19937 random(2);
  int yes = 0;
  for (int i = 0; i < 300'000; ++i) {
    std::string part;
    if (i % 2 == 0) {
      part = random_bytes(random, 1 + random() % 40);
    } else {
      while (part.size() < 1 + random() % 60) part += random() % 3 == 0 ? "a" : "\xED\x95\x9C";
      if (i % 3 == 0) part.at(random() % part.size()) = static_cast<char>(random());
    }
    std::string text(2 + random() % 20, '"');
    const std::size_t before = text.size();
    text.append(part).append("\"").append(random() % 20, 'x');
    const char* const from = text.data() + before;
    const bool answer = is_utf8_between(text, from, from + part.size());
    ASSERT_EQ(answer, is_utf8(text)) << i;
    yes += static_cast<int>(answer);
  }
  EXPECT_GT(yes, 30'000);
}

TEST(Utf8, PartAtTheEdges) {
  for (const std::string text :
       {"\xC3\xA9", "a\xC3\xA9", "\xC3\xA9 a", "\xEB\xA7\x9D", "abcdefghijklmnopq\xC3\xA9"}) {
    EXPECT_TRUE(is_utf8_between(text, text.data(), text.data() + text.size()));
    const std::string cut = text.substr(0, text.rfind('\xC3') + 1);
    if (cut.ends_with('\xC3')) {
      EXPECT_FALSE(is_utf8_between(cut, cut.data(), cut.data() + cut.size()));
    }
  }
}

}  // namespace
}  // namespace bikeflow
