#include "io/web_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bikeflow {
namespace {

using ::testing::HasSubstr;

WebHead head(const std::string& target = "/a", const std::string& host = "localhost") {
  return {.method = "GET", .target = target, .host = host, .hosts = 1, .keeps_alive = true};
}

int status(const WebGate& gate, const WebHead& head) {
  const auto admitted = gate.admit(head, "10.0.0.9");
  return admitted ? 200 : admitted.error().answer.status;
}

TEST(WebGate, ARequestComesInWithWhatTheHandlerNeeds) {
  WebHead wanted = head("/api/x?a=b&last_event_id=7", "localhost:8080");
  wanted.accept_encoding = "gzip";
  wanted.if_none_match = "\"v\"";
  wanted.authorization = "Basic x";
  const auto request = WebGate({}, true).admit(wanted, "10.0.0.9");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->method, "GET");
  EXPECT_EQ(request->path, "/api/x");
  EXPECT_EQ(request->segments.size(), 2);
  EXPECT_EQ(request->query.at(0).second, "b");
  EXPECT_EQ(request->host, "localhost:8080");
  EXPECT_EQ(request->accept_encoding, "gzip");
  EXPECT_EQ(request->if_none_match, "\"v\"");
  EXPECT_EQ(request->authorization, "Basic x");
  EXPECT_EQ(request->peer, "10.0.0.9");
  EXPECT_EQ(request->last_event_id, "7");
  wanted.last_event_id = "8";
  EXPECT_EQ(WebGate({}, true).admit(wanted, "10.0.0.9")->last_event_id, "8");
}

TEST(WebGate, OnLoopbackOnlyItsOwnNamesAreKnown) {
  const WebGate gate({.hosts = {"Bikes.Example.org"}}, true);
  for (const char* host : {"localhost", "LOCALHOST:80", "127.0.0.1", "127.0.0.1:8080", "[::1]",
                           "[::1]:8080", "bikes.example.org", "BIKES.example.org:443"}) {
    EXPECT_EQ(status(gate, head("/", host)), 200) << host;
  }
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.2", "127.0.0.1.evil",
                           "xlocalhost", "10.0.0.1", "[::2]", "[::1", "localhost."}) {
    EXPECT_EQ(status(gate, head("/", host)), 421) << host;
  }
  const auto refused = gate.admit(head("/", "evil.example:80"), "");
  EXPECT_THAT(refused.error().answer.body, HasSubstr("the name evil.example: ask for localhost"));
  EXPECT_TRUE(refused.error().closes);
  // The target's host counts too.
  EXPECT_EQ(status(gate, head("http://localhost/", "localhost")), 200);
  EXPECT_EQ(status(gate, head("http://evil.example/", "localhost")), 421);
  EXPECT_EQ(status(gate, head("http://localhost/", "evil.example")), 421);
}

TEST(WebGate, ElsewhereAnyNameIsKnownUnlessSomeAreNamed) {
  EXPECT_EQ(status(WebGate({}, false), head("/", "evil.example")), 200);
  const WebGate gate({.hosts = {"bikes.example.org"}}, false);
  EXPECT_EQ(status(gate, head("/", "bikes.example.org")), 200);
  EXPECT_EQ(status(gate, head("/", "localhost")), 200);
  EXPECT_EQ(status(gate, head("/", "evil.example")), 421);
}

TEST(WebGate, WithoutOneProperHostNobodyComesIn) {
  for (const char* host : {"", "a b", "evil@localhost", "localhost/x", "a,b", "<x>"}) {
    EXPECT_EQ(status(WebGate({}, false), head("/", host)), 400) << host;
  }
  EXPECT_EQ(status(WebGate({}, false), head("http://a@b/", "b")), 400);
  WebHead two = head();
  two.hosts = 2;
  EXPECT_EQ(status(WebGate({}, false), two), 400);
}

TEST(WebGate, OnlyGetAndHeadWithoutABody) {
  for (const char* method :
       {"POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE", "get", "GETX"}) {
    WebHead wanted = head();
    wanted.method = method;
    const auto refused = WebGate({}, true).admit(wanted, "");
    ASSERT_FALSE(refused) << method;
    EXPECT_EQ(refused.error().answer.status, 405);
    EXPECT_THAT(refused.error().answer.headers,
                ::testing::Contains(::testing::Pair("Allow", "GET, HEAD")));
  }
  WebHead with_body = head();
  with_body.has_body = true;
  EXPECT_EQ(status(WebGate({}, true), with_body), 413);
  EXPECT_TRUE(WebGate({}, true).admit(with_body, "").error().closes);
  WebHead as_head = head();
  as_head.method = "HEAD";
  EXPECT_EQ(status(WebGate({}, true), as_head), 200);
}

TEST(WebGate, ATokenIsAskedForExceptWhereItIsOpen) {
  const WebGate gate(
      {.token = "s3cret", .is_open = [](const std::string& path) { return path == "/healthz"; }},
      true);
  const auto with = [](const char* authorization, const char* target = "/a") {
    WebHead wanted = head(target);
    wanted.authorization = authorization;
    return wanted;
  };
  for (const char* right : {"Bearer s3cret", "bearer s3cret", "BEARER   s3cret"}) {
    EXPECT_EQ(status(gate, with(right)), 200) << right;
  }
  for (const char* wrong :
       {"", "s3cret", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3cret ", "Bearer s3crets3cret",
        "Bearer S3cret", "Basic s3cret", "Bearers3cret"}) {
    EXPECT_EQ(status(gate, with(wrong)), 401) << wrong;
  }
  const auto refused = gate.admit(with("Bearer x"), "");
  EXPECT_THAT(refused.error().answer.headers,
              ::testing::Contains(::testing::Pair("WWW-Authenticate", "Bearer")));
  EXPECT_THAT(refused.error().answer.body, HasSubstr("{\"error\":\"this needs the header"));
  EXPECT_FALSE(refused.error().closes);
  EXPECT_EQ(status(gate, with("", "/healthz")), 200);
  // Other spellings of a path that is open are open, and of one that is not are not.
  EXPECT_EQ(status(gate, with("", "/x/..//%68ealthz/")), 200);
  EXPECT_EQ(status(gate, with("", "/healthz/../a")), 401);
  EXPECT_EQ(status(gate, with("", "/healthz%2F")), 401);
  EXPECT_EQ(status(WebGate({.token = "t"}, true), head("/healthz")), 401);
}

}  // namespace
}  // namespace bikeflow
