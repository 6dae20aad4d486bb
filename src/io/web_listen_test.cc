#include "io/web_listen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bikeflow {
namespace {

TEST(WebListen, AnAddressAndAPort) {
  struct Case {
    const char *text, *address;
    int port;
    bool is_loopback;
  };
  for (const Case& each :
       {Case{"127.0.0.1:8080", "127.0.0.1", 8080, true}, Case{"[::1]:8080", "::1", 8080, true},
        Case{"0.0.0.0:80", "0.0.0.0", 80, false}, Case{"[::]:0", "::", 0, false},
        Case{"localhost:0", "127.0.0.1", 0, true},
        Case{"127.1.2.3:65535", "127.1.2.3", 65535, true}, Case{"10.0.0.1:1", "10.0.0.1", 1, false},
        Case{"[2001:db8::7]:80", "2001:db8::7", 80, false}}) {
    const auto place = parse_listen(each.text);
    ASSERT_TRUE(place) << each.text;
    EXPECT_EQ(place->address, each.address);
    EXPECT_EQ(place->port, each.port);
    EXPECT_EQ(place->is_loopback, each.is_loopback) << each.text;
  }
  EXPECT_EQ(parse_listen("[::1]:80")->text(), "[::1]:80");
  EXPECT_EQ(parse_listen("localhost:80")->text(), "127.0.0.1:80");
}

TEST(WebListen, AnythingElseIsNone) {
  for (const char* text : {"", ":", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x",
                           "127.0.0.1:-1", "127.0.0.1:65536", "127.0.0.1:80 ", "::1:80", "[::1]",
                           "[127.0.0.1]:80", "example.org:80", "127.0.0:80", "[::1:80"}) {
    const auto place = parse_listen(text);
    ASSERT_FALSE(place) << text;
    EXPECT_THAT(place.error().message, ::testing::HasSubstr("write 127.0.0.1:8080"));
  }
}

}  // namespace
}  // namespace bikeflow
