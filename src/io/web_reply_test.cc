#include "io/web_reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/compress.h"

namespace bikeflow {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr Seconds kNow = 1'723'383'000;  // 2024-08-11T13:30:00Z, a Sunday

const std::string& long_text() {
  static const std::string kText = [] {
    std::string text;
    for (int i = 0; i < 500; ++i) text += "station " + std::to_string(i) + "\n";
    return text;
  }();
  return kText;
}

WebReply reply(const WebRequest& request, const WebAnswer& answer, bool keeps_alive = true) {
  const auto made = web_reply(request, answer, keeps_alive, kNow);
  EXPECT_TRUE(made) << made.error().message;
  return made.value_or(WebReply{});
}

WebRequest get(const std::string& accept_encoding = "", const std::string& if_none_match = "") {
  return {.method = "GET", .accept_encoding = accept_encoding, .if_none_match = if_none_match};
}

TEST(WebReply, IsHttp) {
  const WebReply made =
      reply(get(), {.content_type = "text/plain",
                    .body = "hello",
                    .headers = {{"ETag", "\"v\""}, {"Cache-Control", "no-cache"}}});
  EXPECT_EQ(made.status, 200);
  EXPECT_EQ(
      made.head,
      "HTTP/1.1 200 OK\r\nDate: Sun, 11 Aug 2024 13:30:00 GMT\r\n"
      "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nX-Frame-Options: DENY\r\n"
      "ETag: \"v\"\r\nCache-Control: no-cache\r\n"
      "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
      "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(made.body, "hello");
  EXPECT_THAT(reply(get(), {}, false).head, HasSubstr("Connection: close\r\n"));
}

TEST(WebReply, APagesOwnPolicyTakesThePlaceOfOurs) {
  const WebReply made =
      reply(get(), {.headers = {{"content-security-policy", "default-src 'self'"}}});
  EXPECT_THAT(made.head, HasSubstr("default-src 'self'"));
  EXPECT_THAT(made.head, Not(HasSubstr("'none'")));
}

TEST(WebReply, TextIsCompressedForWhoAcceptsIt) {
  const WebAnswer answer{.content_type = "application/json; charset=utf-8",
                         .body = long_text(),
                         .headers = {{"ETag", "\"v\""}}};
  const WebReply packed = reply(get("br, gzip"), answer);
  EXPECT_LT(packed.body.size(), long_text().size() / 2);
  EXPECT_THAT(packed.head, HasSubstr("Content-Encoding: gzip\r\n"));
  EXPECT_THAT(packed.head, HasSubstr("Vary: Accept-Encoding\r\n"));
  EXPECT_THAT(packed.head, HasSubstr("ETag: W/\"v\"\r\n"));
  EXPECT_THAT(packed.head,
              HasSubstr("Content-Length: " + std::to_string(packed.body.size()) + "\r\n"));
  const WebReply plain = reply(get("br"), answer);
  EXPECT_EQ(plain.body, long_text());
  EXPECT_THAT(plain.head, HasSubstr("Vary: Accept-Encoding\r\n"));
  EXPECT_THAT(plain.head, Not(HasSubstr("Content-Encoding")));
  // What was packed is the same text.
  const WebReply unpacked = reply(get(), {.body = packed.body, .is_gzipped = true});
  EXPECT_EQ(unpacked.body, long_text());
}

TEST(WebReply, WhatIsShortOrCompressedAlreadyIsNotCompressed) {
  const std::string edge(kLeastBytesToCompress, 'a');
  EXPECT_EQ(reply(get("gzip"), {.content_type = "text/plain", .body = edge}).body, edge);
  EXPECT_LT(reply(get("gzip"), {.content_type = "text/plain", .body = edge + "a"}).body.size(),
            100);
  EXPECT_EQ(
      reply(get("gzip"), {.content_type = "application/vnd.apache.parquet", .body = long_text()})
          .body,
      long_text());
  EXPECT_EQ(reply(get("gzip"), {.content_type = "image/png", .body = long_text()}).body,
            long_text());
  // Text that does not shrink.
  std::string noise;
  for (std::uint32_t i = 0, x = 1; i < 2000; ++i)
    noise += static_cast<char>((x = x * 1664525 + 1013904223) >> 24);
  const WebReply made = reply(get("gzip"), {.content_type = "text/plain", .body = noise});
  EXPECT_EQ(made.body, noise);
  EXPECT_THAT(made.head, Not(HasSubstr("Content-Encoding")));
}

TEST(WebReply, WhatIsGzippedIsPassedOnOrUnpacked) {
  const WebAnswer answer{.content_type = "text/css", .body = gzip(long_text()), .is_gzipped = true};
  const WebReply passed = reply(get("gzip"), answer);
  EXPECT_EQ(passed.body, answer.body);
  EXPECT_THAT(passed.head, HasSubstr("Content-Encoding: gzip\r\n"));
  const WebReply unpacked = reply(get("gzip;q=0"), answer);
  EXPECT_EQ(unpacked.body, long_text());
  EXPECT_THAT(unpacked.head, Not(HasSubstr("Content-Encoding")));
  EXPECT_THAT(unpacked.head, HasSubstr("Vary: Accept-Encoding\r\n"));
  // At the edges of the room that is unpacked into.
  for (const int more : {-1, 0, 1}) {
    const std::string text((std::size_t{1} << 17) + more, 'x');
    EXPECT_EQ(reply(get(), {.body = gzip(text), .is_gzipped = true}).body.size(), text.size());
  }
}

TEST(WebReply, ABrokenAnswerIsABugThatIsNamed) {
  const auto why = [](const WebAnswer& answer) {
    const auto made = web_reply(get(), answer, true, kNow);
    return made ? "none" : made.error().message;
  };
  const std::string packed = gzip(long_text());
  EXPECT_THAT(why({.body = "x", .is_gzipped = true}), HasSubstr("no gzip"));
  EXPECT_THAT(why({.body = packed.substr(0, 500), .is_gzipped = true}), HasSubstr("cut off"));
  EXPECT_THAT(why({.body = packed.substr(0, 20) + packed.substr(30), .is_gzipped = true}),
              HasSubstr("damaged"));
  EXPECT_THAT(why({.headers = {{"X", "a\r\nSet-Cookie: b"}}}), HasSubstr("line break"));
  EXPECT_THAT(why({.headers = {{"X\n", "a"}}}), HasSubstr("line break"));
  EXPECT_THAT(why({.headers = {{"content-length", "1"}}}), HasSubstr("server's to write"));
  EXPECT_THAT(why({.content_type = "a\r\nb"}), HasSubstr("breaks the line"));
  EXPECT_THAT(why({.status = 101}), HasSubstr("status 101"));
}

TEST(WebReply, HeadHasNoBodyButItsLength) {
  const WebReply made = reply({.method = "HEAD"}, {.content_type = "text/plain", .body = "hello"});
  EXPECT_EQ(made.body, "");
  EXPECT_THAT(made.head, HasSubstr("Content-Length: 5\r\n"));
}

TEST(WebReply, WhoHasItAlreadyGetsNothing) {
  const WebAnswer answer{.content_type = "text/plain",
                         .body = long_text(),
                         .headers = {{"ETag", "\"v\""}, {"Cache-Control", "no-cache"}}};
  const WebReply made = reply(get("gzip", "W/\"v\""), answer);
  EXPECT_EQ(made.status, 304);
  EXPECT_THAT(made.head, StartsWith("HTTP/1.1 304 Not Modified\r\n"));
  EXPECT_THAT(made.head, HasSubstr("ETag: W/\"v\"\r\nCache-Control: no-cache\r\n"));
  EXPECT_THAT(made.head, HasSubstr("Vary: Accept-Encoding\r\n"));
  EXPECT_THAT(made.head, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(made.head, Not(HasSubstr("Content-Type:")));
  EXPECT_EQ(made.body, "");
  EXPECT_EQ(reply(get("", "\"w\""), answer).status, 200);
  WebAnswer missing = answer;
  missing.status = 404;
  EXPECT_EQ(reply(get("", "\"v\""), missing).status, 404);
}

TEST(WebReply, WhichEtagsAreNamed) {
  for (const char* yes :
       {"\"v\"", "W/\"v\"", "*", " \"a\" , \"v\"", "\"a,b\",W/\"v\",\"c\"", "\"a\"\"v\""}) {
    EXPECT_TRUE(names_etag(yes, "\"v\"")) << yes;
    EXPECT_TRUE(names_etag(yes, "W/\"v\"")) << yes;
  }
  for (const char* no : {"", "v", "\"V\"", "\"v", "\"a\"", "\"v,\"", "a\"v\"", "**"}) {
    EXPECT_FALSE(names_etag(no, "\"v\"")) << no;
  }
  EXPECT_FALSE(names_etag("*", ""));
}

TEST(WebReply, WhoAcceptsGzip) {
  for (const char* yes : {"gzip", "GZIP", "x-gzip", "*", "br;q=1.0, gzip;q=0.8, *;q=0.1",
                          "gzip;q=0.001", "identity, gzip ; q=1", "*;q=0, gzip", "gzip;q=1;x=0"}) {
    EXPECT_TRUE(accepts_gzip(yes)) << yes;
  }
  for (const char* no : {"", "identity", "br", "gzip;q=0", "gzip;q=0.000", "gzip; Q=0.", "*;q=0",
                         "gzip;q=0, *", "gzipx", "x"}) {
    EXPECT_FALSE(accepts_gzip(no)) << no;
  }
}

TEST(WebReply, AnErrorIsJson) {
  const WebReply made = reply(get(), web_error(404, "no \"x\""));
  EXPECT_THAT(made.head, StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(made.head, HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(made.head, HasSubstr("Cache-Control: no-store\r\n"));
  EXPECT_EQ(made.body, "{\"error\":\"no \\\"x\\\"\"}\n");
}

TEST(WebReply, AnEventStreamSaysSo) {
  const std::string head = event_stream_head(kNow);
  for (const char* line :
       {"HTTP/1.1 200 OK\r\n", "Content-Type: text/event-stream\r\n", "Cache-Control: no-store\r\n",
        "X-Accel-Buffering: no\r\n", "X-Content-Type-Options: nosniff\r\n",
        "X-Frame-Options: DENY\r\n", "Referrer-Policy: no-referrer\r\n"}) {
    EXPECT_THAT(head, HasSubstr(line));
  }
}

}  // namespace
}  // namespace bikeflow
