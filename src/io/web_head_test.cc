#include "io/web_head.h"

#include <string_view>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bikeflow {
namespace {

using ::testing::HasSubstr;
using Step = WebHeadReader::Step;

constexpr std::size_t kMostBytes = 1024;

// The head, or its refusal: "400 ...".
struct Read {
  WebHead head;
  std::string refusal, rest;
};

Read read(std::string bytes) {
  WebHeadReader reader(kMostBytes);
  switch (reader.read(bytes)) {
    case Step::kDone:
      return {reader.head(), "", bytes};
    case Step::kRefused:
      return {{}, fmt::format("{} {}", reader.status(), reader.why()), bytes};
    case Step::kNeedsMore:
      break;
  }
  return {{}, "needs more", bytes};
}

TEST(WebHead, HasWhatTheServerLooksAt) {
  const Read got = read(
      "GET /a?b HTTP/1.1\r\nhost: localhost:1\r\nAccept-Encoding: br\r\naccept-encoding: gzip\r\n"
      "If-None-Match:  \"v1\" \r\nAuthorization: Bearer x\r\nLAST-EVENT-ID: 17-3\r\nX: "
      "y\r\n\r\nGET /b");
  EXPECT_EQ(got.refusal, "");
  EXPECT_EQ(got.head.method, "GET");
  EXPECT_EQ(got.head.target, "/a?b");
  EXPECT_EQ(got.head.host, "localhost:1");
  EXPECT_EQ(got.head.hosts, 1);
  EXPECT_EQ(got.head.accept_encoding, "br, gzip");
  EXPECT_EQ(got.head.if_none_match, "\"v1\"");
  EXPECT_EQ(got.head.authorization, "Bearer x");
  EXPECT_EQ(got.head.last_event_id, "17-3");
  EXPECT_FALSE(got.head.has_body);
  EXPECT_TRUE(got.head.keeps_alive);
  EXPECT_EQ(got.rest, "GET /b");
}

TEST(WebHead, SaysWhetherTheConnectionGoesOn) {
  EXPECT_FALSE(read("GET / HTTP/1.1\r\nConnection: close\r\n\r\n").head.keeps_alive);
  EXPECT_FALSE(read("GET / HTTP/1.0\r\n\r\n").head.keeps_alive);
  EXPECT_FALSE(read("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").head.keeps_alive);
  EXPECT_TRUE(
      read("GET / HTTP/1.1\r\nConnection: x, Upgrade\r\nUpgrade: h2c\r\n\r\n").head.keeps_alive);
}

TEST(WebHead, KnowsABodyHoweverItIsAnnounced) {
  EXPECT_TRUE(read("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx").head.has_body);
  EXPECT_TRUE(read("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n").head.has_body);
  EXPECT_TRUE(read("GET / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n").head.has_body);
  EXPECT_TRUE(read("GET / HTTP/1.1\r\nTransfer-Encoding:\r\n\r\n").head.has_body);
  EXPECT_FALSE(read("POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n").head.has_body);
}

TEST(WebHead, TwoHostsAreTwo) {
  EXPECT_EQ(read("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").head.hosts, 2);
  EXPECT_EQ(read("GET / HTTP/1.1\r\n\r\n").head.hosts, 0);
}

TEST(WebHead, WhatIsNoRequestIsRefusedAtOnce) {
  using namespace std::string_literals;  // NOLINT(google-build-using-namespace)
  for (const std::string& bytes : {
           "\x16\x03\x01\x02"s,  // TLS begins so
           " / HTTP/1.1\r\n"s,
           "G\0T / HTTP/1.1\r\n"s,
           "GET  HTTP/1.1\r\n"s,
           "GET \0 HTTP/1.1\r\n"s,
           "G(T / HTTP/1.1\r\n"s,
           "GET / HTTP/1.1\r\nHost : a\r\n\r\n"s,
           "GET / HTTP/1.1\r\n: a\r\n\r\n"s,
           "GET / HTTP/1.1\r\nX: a\0b\r\n\r\n"s,
           "GET / HTTP/1.1\r\nX: a\rb\r\n\r\n"s,
           "GET / HTTP/1.1\r\nX: a\nY: b\r\n\r\n"s,
           "GET / HTTP/1.1\r\nno colon\r\n\r\n"s,
           "GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"s,
           "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"s,
           "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"s,
           "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"s,
           "GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"s,
           "GET / HTTP/1.1\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n"s,
           "\r\n\r\nGET / HTTP/1.1\r\n\r\n"s,
       }) {
    EXPECT_THAT(read(bytes).refusal, HasSubstr("400 ")) << bytes;
  }
}

TEST(WebHead, OtherVersionsAreNamedSo) {
  for (const char* bytes :
       {"GET / HTTP/2.0\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/1.2\r\n\r\n",
        "GET / HTTP/0.9\r\n\r\n", "GET / ICY/1.1\r\n\r\n", "GET / HTTP/1.1 x\r\n\r\n"}) {
    EXPECT_EQ(read(bytes).refusal, "505 HTTP/1.1 is spoken here") << bytes;
  }
}

TEST(WebHead, OneLineBreakBeforeItIsNoHarm) {
  EXPECT_EQ(read("\r\nGET / HTTP/1.1\r\n\r\n").head.method, "GET");
  WebHeadReader reader(kMostBytes);
  std::string bytes;
  for (const char c : std::string_view("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r")) {
    bytes += c;
    ASSERT_EQ(reader.read(bytes), Step::kNeedsMore);
  }
  bytes += '\n';
  ASSERT_EQ(reader.read(bytes), Step::kDone);
  EXPECT_EQ(reader.head().host, "a");
}

TEST(WebHead, HasABound) {
  // Exactly so many bytes are taken, one more is refused, however they come.
  const std::string line = "GET / HTTP/1.1\r\nX: ";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{100}, kMostBytes * 2}) {
    for (const bool is_too_long : {false, true}) {
      std::string whole =
          line + std::string(kMostBytes - line.size() - 4 + is_too_long, 'x') + "\r\n\r\n";
      WebHeadReader reader(kMostBytes);
      std::string bytes;
      Step step = Step::kNeedsMore;
      for (std::size_t at = 0; at < whole.size() && step == Step::kNeedsMore; at += piece) {
        bytes += whole.substr(at, piece);
        step = reader.read(bytes);
      }
      EXPECT_EQ(step, is_too_long ? Step::kRefused : Step::kDone) << piece;
      if (is_too_long) {
        EXPECT_EQ(reader.status(), 431);
      }
    }
  }
}

TEST(WebHead, LongLinesAndManyHeadersAreTooLarge) {
  EXPECT_THAT(read("GET /" + std::string(2000, 'x')).refusal, HasSubstr("431 "));
  EXPECT_THAT(read("GET /" + std::string(2000, 'x') + " HTTP/1.1\r\n\r\n").refusal,
              HasSubstr("431 "));
  EXPECT_THAT(read(std::string(2000, 'G')).refusal, HasSubstr("431 "));
  std::string many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i <= WebHeadReader::kMostHeaders; ++i) many += "a:\r\n";
  EXPECT_THAT(read(many + "\r\n").refusal, HasSubstr("431 "));
}

TEST(WebHead, AHeaderInSeveralLinesIsOne) {
  EXPECT_EQ(read("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n").head.host, "a b");
}

}  // namespace
}  // namespace bikeflow
