#include "io/redis_settings.h"

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

RedisSettings read(std::string_view url) {
  const auto settings = parse_redis_url(url);
  EXPECT_TRUE(settings) << url << ": " << settings.error().message;
  return settings.value_or(RedisSettings{});
}

std::string error_of(std::string_view url) {
  const auto settings = parse_redis_url(url);
  return settings ? "no error" : settings.error().message;
}

TEST(RedisSettings, AUrlHasUsualParts) {
  EXPECT_EQ(read("redis://localhost").place, (RedisPlace{"localhost", 6379}));
  EXPECT_EQ(read("redis://10.0.0.7:6380/").place, (RedisPlace{"10.0.0.7", 6380}));
  EXPECT_EQ(read("redis://[::1]").place, (RedisPlace{"::1", 6379}));
  EXPECT_EQ(read("redis://[fe80::2]:7000/3").place, (RedisPlace{"fe80::2", 7000}));
  EXPECT_EQ(read("redis://[fe80::2]:7000/3").database, 3);
  EXPECT_EQ(read("redis://h/15").database, 15);
}

TEST(RedisSettings, AUserAndAPasswordMayHoldAnything) {
  EXPECT_EQ(read("redis://:secret@h:1").user, "");
  EXPECT_EQ(read("redis://:secret@h:1").password, "secret");
  const RedisSettings both = read("redis://city%40home:a:b/c@d%25%2f@h:1/2");
  EXPECT_EQ(both.user, "city@home");
  EXPECT_EQ(both.password, "a:b/c@d%/");
  EXPECT_EQ(both.place, (RedisPlace{"h", 1}));
  EXPECT_EQ(both.database, 2);
}

TEST(RedisSettings, WhatIsWrongIsNamedWithoutThePassword) {
  EXPECT_NE(error_of("rediss://h").find("has no TLS for Redis"), std::string::npos);
  EXPECT_NE(error_of("http://h").find("redis://"), std::string::npos);
  EXPECT_EQ(error_of("redis://"), "no host is named");
  EXPECT_EQ(error_of("redis://:6379"), "no host is named");
  EXPECT_EQ(error_of("redis://h:0"), "the port is no number from 1 to 65535");
  EXPECT_EQ(error_of("redis://h:65536"), "the port is no number from 1 to 65535");
  EXPECT_EQ(error_of("redis://[::1"), "an address in brackets has no end");
  EXPECT_EQ(error_of("redis://h/first"),
            "what follows the host is no number of a database, such as /0");
  for (const char* url :
       {"redis://u:hunter2%4@h", "redis://u:hunter2%zz@h", "redis://u:hunter2@h:x"}) {
    EXPECT_EQ(error_of(url).find("hunter2"), std::string::npos) << url;
    EXPECT_NE(error_of(url), "no error") << url;
  }
  EXPECT_EQ(error_of("redis://hunter2@h"),
            "the user has no password: USER:PASSWORD@HOST, or :PASSWORD@HOST");
}

TEST(RedisSettings, APlaceIsShownAsItIsRead) {
  for (const char* text : {"localhost:26379", "[::1]:26379"}) {
    EXPECT_EQ(shown(parse_redis_place(text, 1).value()), text);
  }
  EXPECT_EQ(shown(parse_redis_place("h", 26379).value()), "h:26379");
}

}  // namespace
}  // namespace bikeflow
