#include "io/web_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bikeflow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

std::string why(const std::string& target) {
  const auto parsed = parse_target(target);
  return parsed ? "taken as " + parsed->path : parsed.error().message;
}

std::string path(const std::string& target) {
  const auto parsed = parse_target(target);
  return parsed ? parsed->path : parsed.error().message;
}

TEST(WebTarget, APathIsDecodedAndNormalised) {
  const auto target = parse_target("/api/%EB%94%B0/ST-4+b%20c/");
  ASSERT_TRUE(target);
  EXPECT_THAT(target->segments, ElementsAre("api", "따", "ST-4+b c"));
  EXPECT_EQ(target->path, "/api/따/ST-4+b c");
  EXPECT_EQ(target->authority, "");
  EXPECT_THAT(target->query, IsEmpty());

  EXPECT_EQ(path("/"), "/");
  EXPECT_EQ(path("/."), "/");
  EXPECT_EQ(path("//a///b//"), "/a/b");
  EXPECT_EQ(path("/a/./b/../c"), "/a/c");
  EXPECT_EQ(path("/a/%2e%2E/c"), "/c");
  EXPECT_EQ(path("/a/.."), "/");
  EXPECT_EQ(path("/...%2e/..a"), "/..../..a");
}

TEST(WebTarget, ASlashInsideOfASegmentIsNoSeparator) {
  const auto target = parse_target("/stations/a%2fb%5Cc");
  ASSERT_TRUE(target);
  EXPECT_THAT(target->segments, ElementsAre("stations", "a/b\\c"));
  EXPECT_EQ(target->path, "/stations/a%2Fb\\c");
}

TEST(WebTarget, NothingLeavesTheRootOrHidesDots) {
  for (const char* target : {"/..", "/a/../..", "/%2e%2e/etc/passwd", "/../../etc/passwd"}) {
    EXPECT_THAT(why(target), HasSubstr("leaves the root")) << target;
  }
  for (const char* target :
       {"/..%2f", "/..%2fetc", "/a%2f..%2fb", "/%2e%2e%5cx", "/a%5c..", "/.%2f", "/a/%2e%2f"}) {
    EXPECT_THAT(why(target), HasSubstr("hides dots")) << target;
  }
}

TEST(WebTarget, AQueryIsDecoded) {
  const auto target = parse_target("/?a=1&b=x+y%2B%26&&c&=d&e=f=g&from=2024-08-11T13:30:00Z");
  ASSERT_TRUE(target);
  EXPECT_THAT(target->query,
              ElementsAre(Pair("a", "1"), Pair("b", "x y+&"), Pair("c", ""), Pair("", "d"),
                          Pair("e", "f=g"), Pair("from", "2024-08-11T13:30:00Z")));
  EXPECT_THAT(parse_target("/a?")->query, IsEmpty());
  // Dots and slashes mean nothing in there.
  EXPECT_THAT(parse_target("/a?../b=%2F..")->query, ElementsAre(Pair("../b", "/..")));
}

TEST(WebTarget, AQueryHasABound) {
  std::string target = "/?";
  for (std::size_t i = 0; i < kMostParameters; ++i) target += "a=b&";
  EXPECT_TRUE(parse_target(target));
  EXPECT_THAT(why(target + "a=b"), HasSubstr("more than 100 parameters"));
}

TEST(WebTarget, WhatIsBrokenIsRefused) {
  for (const char* target : {"/%", "/%4", "/%zz", "/a?b=%g0", "/a?%", "/%4g"}) {
    EXPECT_THAT(why(target), HasSubstr("hexadecimal")) << target;
  }
  for (const char* target : {"/%00", "/a%0d%0aX:y", "/a?b=%00", "/%7f", "/a?b%1F"}) {
    EXPECT_THAT(why(target), HasSubstr("control character")) << target;
  }
  for (const char* target : {"/%ff", "/%c0%ae%c0%ae/", "/a?b=%ED%A0%80"}) {
    EXPECT_THAT(why(target), HasSubstr("UTF-8")) << target;
  }
  for (const std::string& target : {std::string("/a#b"), std::string("/\xEB\x94\xB0"),
                                    std::string("/a\0b", 4), std::string("/a b")}) {
    EXPECT_THAT(why(target), HasSubstr("printable ASCII")) << target;
  }
  for (const char* target : {"", "*", "a", "localhost:80", "https://localhost/", "?a=b"}) {
    EXPECT_THAT(why(target), HasSubstr("begin with a slash")) << target;
  }
}

TEST(WebTarget, AnAbsoluteOneNamesItsHost) {
  const auto target = parse_target("HTTP://localhost:8080/a/b?c=d");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->authority, "localhost:8080");
  EXPECT_EQ(target->path, "/a/b");
  EXPECT_THAT(target->query, ElementsAre(Pair("c", "d")));
  EXPECT_EQ(path("http://localhost"), "/");
  EXPECT_EQ(path("http://localhost?a=b"), "/");
  EXPECT_EQ(why("http:///a"), "the request's target names no host");
}

}  // namespace
}  // namespace bikeflow
