// Against real sockets on loopback; a hang is a failure, by this file's time limits or ctest's.
#include "io/http_client.h"

#include <dlfcn.h>
#include <netdb.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <zlib.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/http_calls.h"
#include "test/played_server.h"

// Takes the place of the system's resolver, also for libcurl: names that end in .test are ours.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                           addrinfo** found) {
  const auto system = reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  const std::string_view host = name == nullptr ? "" : name;
  if (host == "gone.test") return EAI_NONAME;
  if (host == "slow.test") {
    std::this_thread::sleep_for(std::chrono::seconds(4));
    return EAI_AGAIN;
  }
  return system(host.ends_with(".test") ? "127.0.0.1" : name, service, hints, found);
}

namespace bikeflow {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::Not;
using Kind = HttpFailure::Kind;

std::string gzipped(const std::string& bytes) {
  z_stream stream{};
  EXPECT_EQ(::deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(::deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

TEST(HttpClient, AnAnswerHasItsStatusHeadersAndBody) {
  PlayedServer server(always("200 OK", "ETag: \"v1\"\r\nlast-modified: yesterday\r\n", "hello"));
  HttpRequest wanted = request(server.url("/a?b=c"));
  wanted.headers = {{"X-Client", "me"}, {"X-Empty", ""}};
  const HttpOutcome answer = get(wanted);
  ASSERT_TRUE(answer) << said(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "hello");
  EXPECT_EQ(answer->etag, "\"v1\"");
  EXPECT_EQ(answer->last_modified, "yesterday");
  EXPECT_EQ(answer->retry_after, "");
  EXPECT_EQ(answer->shown_final_url, server.url("/a"));
  const PlayedRequest seen = server.requests().at(0);
  EXPECT_EQ(seen.path(), "/a?b=c");
  EXPECT_EQ(seen.header("User-Agent"), "bikeflow-test");
  EXPECT_EQ(seen.header("X-Client"), "me");
  EXPECT_THAT(seen.head, HasSubstr("X-Empty:"));
  EXPECT_THAT(seen.header("Accept-Encoding"), HasSubstr("gzip"));
}

TEST(HttpClient, StatusesAreAnswers) {
  for (const int status : {204, 304, 404, 429, 500, 503}) {
    PlayedServer server(
        always(fmt::format("{} X", status), "Retry-After: 120\r\nETag: W/\"2\"\r\n"));
    const HttpOutcome answer = get(server.url("/"));
    ASSERT_TRUE(answer) << said(answer);
    EXPECT_EQ(answer->status, status);
    EXPECT_EQ(answer->retry_after, "120");
    EXPECT_EQ(answer->etag, "W/\"2\"");
  }
}

TEST(HttpClient, AHostThatAsksForRestGetsItFromAllWhoAskThere) {
  std::atomic<int> asked = 0;
  PlayedServer busy([&](const PlayedRequest&, HttpPeer& peer) {
    if (asked++ == 0) {
      peer.answer("429 Too Many Requests", "Retry-After: 1\r\n", "");
    } else {
      peer.answer("200 OK", "", "");
    }
  });
  PlayedServer other(always("200 OK"));
  auto http = client(with(&HttpClientSettings::most_connections_per_host, 1));
  const auto begin = Clock::now();
  http->start(1, request(busy.url("/1")));
  http->start(2, request(busy.url("/2")));
  // What waits for a turn is not late by that.
  HttpRequest hasty = request(busy.url("/3"));
  hasty.timeout_ms = 500;
  http->start(3, hasty);
  std::vector<HttpId> order;
  http->start(4, request(other.url("/")));
  const auto outcomes = finish(*http, &order);
  EXPECT_GE(ms_since(begin), 1000);
  EXPECT_EQ(outcomes.at(1)->status, 429);
  for (const HttpId id : {2, 3, 4}) {
    ASSERT_TRUE(outcomes.at(id)) << said(outcomes.at(id));
    EXPECT_EQ(outcomes.at(id)->status, 200);
  }
  EXPECT_THAT(std::vector(order.begin() + 2, order.end()), ElementsAre(2, 3));
  EXPECT_EQ(busy.requests().size(), 3U) << "it is not asked again by itself";
}

TEST(HttpClient, BodiesInEveryFormOfHttp) {
  const std::string zipped = gzipped("hello");
  const std::vector<std::string> forms = {
      "HTTP/1.0 200 OK\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello",
      "HTTP/1.1 103 Early Hints\r\nETag: early\r\n\r\nHTTP/1.1 200 OK\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
      fmt::format("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n{}",
                  zipped.size(), zipped),
      "HTTP/1.1 200 OK\r\nX: " + std::string(60'000, 'x') + "\r\n\r\nhello",
  };
  for (const std::string& form : forms) {
    PlayedServer server(raw(form));
    const HttpOutcome answer = get(server.url("/"));
    ASSERT_TRUE(answer) << said(answer) << form.substr(0, 60);
    EXPECT_EQ(answer->body, "hello") << form.substr(0, 60);
    EXPECT_EQ(answer->etag, "");
  }
}

TEST(HttpClient, AHeaderTooLongToKeepIsNone) {
  PlayedServer server(
      always("200 OK", "ETag: " + std::string(2000, 'e') + "\r\nRetry-After: 1\r\n"));
  const HttpOutcome answer = get(server.url("/"));
  ASSERT_TRUE(answer) << said(answer);
  EXPECT_EQ(answer->etag, "");
  EXPECT_EQ(answer->retry_after, "1");
}

TEST(HttpClient, AGzipBombEndsAtTheBound) {
  const std::vector<char> nothing(50'000'000);
  const std::string bomb = gzipped({nothing.begin(), nothing.end()});
  ASSERT_LT(bomb.size(), 100'000U);
  PlayedServer server(always("200 OK", "Content-Encoding: gzip\r\n", bomb));
  HttpRequest wanted = request(server.url("/"));
  wanted.most_bytes = 1'000'000;
  expect_failure(get(wanted), Kind::kTooLarge, "more than 1.0 MB");
}

TEST(HttpClient, AsManyBytesAsAllowedAreAllowed) {
  PlayedServer exact(always("200 OK", "", std::string(1000, 'x')));
  PlayedServer said_more(raw("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n"));
  PlayedServer more(raw("HTTP/1.1 200 OK\r\n\r\n" + std::string(1001, 'x')));
  const auto up_to_1000 = [](const PlayedServer& server) {
    HttpRequest wanted = request(server.url("/"));
    wanted.most_bytes = 1000;
    return get(wanted);
  };
  const HttpOutcome answer = up_to_1000(exact);
  ASSERT_TRUE(answer) << said(answer);
  EXPECT_EQ(answer->body.size(), 1000U);
  expect_failure(up_to_1000(said_more), Kind::kTooLarge, "more than 1.0 kB");
  expect_failure(up_to_1000(more), Kind::kTooLarge, "more than 1.0 kB");
}

TEST(HttpClient, EndlessHeadersEnd) {
  PlayedServer lines([](const PlayedRequest&, HttpPeer& peer) {
    peer.send("HTTP/1.1 200 OK\r\n");
    while (peer.send("X: " + std::string(1000, 'x') + "\r\n")) {
    }
  });
  PlayedServer line([](const PlayedRequest&, HttpPeer& peer) {
    peer.send("HTTP/1.1 200 OK\r\nX: ");
    while (peer.send(std::string(1000, 'x'))) {
    }
  });
  for (const PlayedServer* server : {&lines, &line}) {
    const auto begin = Clock::now();
    const HttpOutcome outcome = get(server->url("/"));
    ASSERT_FALSE(outcome);
    EXPECT_NE(outcome.error().kind, Kind::kTimeout) << said(outcome);
    EXPECT_LT(ms_since(begin), 5000);
  }
}

TEST(HttpClient, ATimeLimitEndsWhatDrips) {
  PlayedServer server([](const PlayedRequest&, HttpPeer& peer) {
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    while (peer.wait_ms(50)) peer.send("x");
  });
  HttpRequest wanted = request(server.url("/"));
  wanted.timeout_ms = 400;
  const auto begin = Clock::now();
  expect_failure(get(wanted), Kind::kTimeout, "given up after 0.4 s: only ");
  EXPECT_LT(ms_since(begin), 2000);
}

TEST(HttpClient, WhatMovesTooLittleIsGivenUp) {
  PlayedServer server([](const PlayedRequest&, HttpPeer& peer) {
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    while (peer.wait_ms(100)) peer.send("x");
  });
  HttpRequest wanted = request(server.url("/"));
  wanted.timeout_ms = 60'000;
  const auto begin = Clock::now();
  expect_failure(get(*client(with(&HttpClientSettings::stalled_ms, 1000)), wanted), Kind::kTimeout,
                 "given up after");
  EXPECT_LT(ms_since(begin), 8000);
}

TEST(HttpClient, ASilentServerTimesOut) {
  PlayedServer server(say_nothing);
  HttpRequest wanted = request(server.url("/"));
  wanted.timeout_ms = 300;
  expect_failure(get(wanted), Kind::kTimeout, "connected, but no answer came");
}

TEST(HttpClient, CutAnswersAreFailures) {
  const std::vector<std::string> plays = {
      "",
      "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhalf",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n",
  };
  for (const std::string& play : plays) {
    PlayedServer server(raw(play));
    expect_failure(get(server.url("/")), Kind::kCut, "the connection ended");
  }
}

TEST(HttpClient, WhatIsNoHttpIsSaidToBeNone) {
  PlayedServer server(raw("SSH-2.0-OpenSSH_9.2\r\n"));
  expect_failure(get(server.url("/")), Kind::kOther, "does not speak HTTP");
}

TEST(HttpClient, ADamagedGzipBodyIsAFailure) {
  PlayedServer server(always("200 OK", "Content-Encoding: gzip\r\n", "this is no gzip at all"));
  expect_failure(get(server.url("/")), Kind::kOther, "compressed body is damaged");
}

TEST(HttpClient, NobodyListens) {
  std::string url;
  {
    PlayedServer server(always("200 OK"));
    url = server.url("/");
  }
  expect_failure(get(url), Kind::kRefused, "nothing listens there");
}

TEST(HttpClient, WrongRequestsFailWithoutBeingSent) {
  PlayedServer server(always("200 OK"));
  for (const std::string url : {"", "a b", "ftp://127.0.0.1/", "file:///etc/passwd", "http://"}) {
    expect_failure(get(url), Kind::kOther, "no URL of http or https");
  }
  for (const HttpHeader& header : {HttpHeader{"", "x"}, {"A", "b\r\nC: d"}, {"A: b", "c"}}) {
    HttpRequest wanted = request(server.url("/"));
    wanted.headers = {header};
    expect_failure(get(wanted), Kind::kOther, "headers");
  }
  EXPECT_THAT(server.requests(), IsEmpty());
}

TEST(HttpClient, AnUnknownHostIsOne) {
  expect_failure(get("http://gone.test/"), Kind::kNoHost, "does not resolve");
}

TEST(HttpClient, ASlowResolverHoldsUpNobody) {
  PlayedServer server(always("200 OK"));
  auto polling = client();
  const auto begin = Clock::now();
  HttpRequest slow = request("http://slow.test/");
  slow.timeout_ms = 500;
  polling->start(1, slow);
  polling->start(2, request(server.url("/")));
  polling->start(3, request("http://slow.test/other"));
  std::vector<HttpId> order;
  polling->wait(100);
  polling->cancel(3);
  const auto outcomes = finish(*polling, &order);
  EXPECT_THAT(order, ElementsAre(2, 1));
  expect_failure(outcomes.at(1), Kind::kTimeout, "host's name was not resolved");
  polling->start(4, slow);
  polling->wait(0);
  polling.reset();
  EXPECT_LT(ms_since(begin), 2000);
}

TEST(HttpClient, RedirectsAreFollowed) {
  PlayedServer target(always("200 OK", "", "there"));
  PlayedServer server([&](const PlayedRequest& got, HttpPeer& peer) {
    const std::map<std::string, std::string> places = {
        {"/relative", "b/c?x=1"},
        {"/b/c?x=1", "/absolute"},
        {"/absolute", fmt::format("http://{}/other", got.header("Host"))},
        {"/other", target.url("/end?token=1")}};
    peer.answer("302 Found", "Location: " + places.at(got.path()) + "\r\n", "not this");
  });
  const HttpOutcome answer = get(server.url("/relative"));
  ASSERT_TRUE(answer) << said(answer);
  EXPECT_EQ(answer->body, "there");
  EXPECT_EQ(answer->shown_final_url, target.url("/end"));
  EXPECT_EQ(server.requests().size(), 4U);
}

TEST(HttpClient, RedirectsEnd) {
  PlayedServer server(always("301 Moved", "Location: /again\r\n"));
  expect_failure(get(server.url("/")), Kind::kTooManyRedirects, "after 5 redirects");
  EXPECT_EQ(server.requests().size(), 6U);
  PlayedServer slow([](const PlayedRequest&, HttpPeer& peer) {
    peer.wait_ms(200);
    peer.answer("302 Found", "Location: /again\r\n", "");
  });
  HttpRequest wanted = request(slow.url("/"));
  wanted.timeout_ms = 500;
  expect_failure(get(wanted), Kind::kTimeout, "");
}

TEST(HttpClient, RedirectsLeadToHttpOnly) {
  for (const char* target : {"ftp://127.0.0.1/", "file:///etc/passwd", "http://a:99999/"}) {
    PlayedServer server(always("302 Found", fmt::format("Location: {}\r\n", target)));
    expect_failure(get(server.url("/")), Kind::kOther, "no URL of http or https");
  }
  PlayedServer nowhere(always("302 Found"));
  EXPECT_EQ(get(nowhere.url("/"))->status, 302);
}

TEST(HttpClient, AnotherHostGetsNoSecretHeader) {
  PlayedServer other(always("200 OK"));
  PlayedServer server([&](const PlayedRequest& got, HttpPeer& peer) {
    const bool is_first = got.path() == "/";
    peer.answer("307 X", fmt::format("Location: {}\r\n", is_first ? "/same" : other.url("/")), "");
  });
  HttpRequest wanted = request(server.url("/"));
  wanted.headers = {{"X-Key", "k3y"}, {"authorization", "Bearer k3y"}, {"If-None-Match", "\"1\""}};
  ASSERT_TRUE(get(wanted));
  for (const PlayedRequest& seen : server.requests()) EXPECT_EQ(seen.header("X-Key"), "k3y");
  EXPECT_EQ(server.requests().size(), 2U);
  const PlayedRequest seen = other.requests().at(0);
  EXPECT_THAT(seen.head, Not(HasSubstr("k3y")));
  EXPECT_EQ(seen.header("If-None-Match"), "\"1\"");
}

TEST(HttpClient, NoFailureSaysASecret) {
  const std::string key = "s3cr3tk3y";
  const std::vector<std::pair<const char*, PlayedServer::Play>> plays = {
      {"cut", raw("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + key)},
      {"silent", say_nothing},
      {"no HTTP", raw(key + "\r\n\r\n")},
      {"too large", always("200 OK", "", std::string(2000, 'x'))},
      {"damaged", always("200 OK", "Content-Encoding: gzip\r\n", key)},
      {"unknown coding", always("200 OK", "Content-Encoding: " + key + "\r\n", "x")},
      {"bad length", always("200 OK", "Content-Length: " + key + "\r\n", "x")},
      {"redirected", always("302 X", "Location: /" + key + "/more?k=" + key + "\r\n")},
      {"to nowhere", always("302 X", "Location: http://gone.test/" + key + "/?k=" + key + "\r\n")},
      {"to a bad place", always("302 X", "Location: ftp://" + key + "@h/" + key + "\r\n")},
  };
  for (const auto& [name, play] : plays) {
    PlayedServer server(play);
    HttpRequest wanted =
        request(server.url(fmt::format("/{0}/json?key={0}", key)), server.url("/***/json?key=***"));
    wanted.headers = {{"X-Key", "h3ad3r"}};
    wanted.timeout_ms = 300;
    wanted.most_bytes = 1000;
    const HttpOutcome outcome = get(wanted);
    ASSERT_FALSE(outcome) << name;
    EXPECT_THAT(said(outcome), AllOf(Not(HasSubstr(key)), Not(HasSubstr("h3ad3r")))) << name;
    EXPECT_THAT(said(outcome), HasSubstr(wanted.shown_url)) << name;
  }
  EXPECT_THAT(said(get(request("http://" + key + " /", "http://*** /"))), Not(HasSubstr(key)));
  PlayedServer moved([&](const PlayedRequest& got, HttpPeer& peer) {
    const bool is_first = !got.path().starts_with("/v2/");
    peer.answer(is_first ? "301 X" : "200 X", "Location: /v2/" + key + "/b?k=1\r\n", "");
  });
  EXPECT_EQ(get(request(moved.url("/" + key), moved.url("/***")))->shown_final_url,
            moved.url("/v2/***/b"));
}

// 200 requests to 20 hosts; how many of them were answered at the same time.
int most_at_once(int bound) {
  std::vector<std::unique_ptr<PlayedServer>> servers;
  std::atomic<int> at_once = 0, most = 0;
  for (int host = 0; host < 20; ++host) {
    servers.push_back(std::make_unique<PlayedServer>([&](const PlayedRequest& got, HttpPeer& peer) {
      const int now = ++at_once;
      for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
      }
      peer.wait_ms(20);
      --at_once;
      peer.answer("200 OK", "", got.path());
    }));
  }
  auto polling = client(with(&HttpClientSettings::most_connections, bound));
  for (HttpId id = 0; id < 200; ++id) {
    polling->start(id, request(servers[id / 10]->url(fmt::format("/{}", id))));
  }
  const auto outcomes = finish(*polling);
  EXPECT_EQ(outcomes.size(), 200U);
  for (const auto& [id, outcome] : outcomes) {
    EXPECT_EQ(outcome ? outcome->body : said(outcome), fmt::format("/{}", id));
  }
  for (const auto& server : servers) {
    EXPECT_EQ(server->requests().size(), 10U);
    EXPECT_LE(server->most_at_once(), 2);
    EXPECT_LE(server->connections(), 2);
  }
  return most;
}

TEST(HttpClient, ManyRequestsToManyHostsKeepTheBounds) {
  EXPECT_THAT(most_at_once(16), AllOf(Gt(4), Le(16)));
  EXPECT_THAT(most_at_once(100), AllOf(Gt(16), Le(40))) << "2 for each host";
}

TEST(HttpClient, TurnsComeInOrderAndABusyHostLetsOthersPass) {
  PlayedServer busy([](const PlayedRequest&, HttpPeer& peer) {
    peer.wait_ms(30);
    peer.answer("200 OK", "", "");
  });
  PlayedServer quick(always("200 OK"));
  auto polling = client(with(&HttpClientSettings::most_connections_per_host, 1));
  for (HttpId id = 1; id <= 5; ++id) polling->start(id, request(busy.url("/")));
  polling->start(6, request(quick.url("/")));
  std::vector<HttpId> order;
  finish(*polling, &order);
  EXPECT_THAT(order, ElementsAre(6, 1, 2, 3, 4, 5));
  EXPECT_EQ(busy.connections(), 1) << "one connection does them all";
}

TEST(HttpClient, TheTimeLimitDoesNotCountTheWaitForATurn) {
  PlayedServer server([](const PlayedRequest&, HttpPeer& peer) {
    peer.wait_ms(300);
    peer.answer("200 OK", "", "");
  });
  auto polling = client(with(&HttpClientSettings::most_connections_per_host, 1));
  for (HttpId id = 1; id <= 4; ++id) {
    HttpRequest wanted = request(server.url("/"));
    wanted.timeout_ms = 1000;
    polling->start(id, wanted);
  }
  for (const auto& [id, outcome] : finish(*polling)) EXPECT_TRUE(outcome) << id << said(outcome);
}

TEST(HttpClient, ARedirectToABusyHostWaitsForItsTurn) {
  PlayedServer busy([](const PlayedRequest&, HttpPeer& peer) {
    peer.wait_ms(50);
    peer.answer("200 OK", "", "");
  });
  PlayedServer server(always("302 Found", "Location: " + busy.url("/") + "\r\n"));
  auto polling = client();
  for (HttpId id = 1; id <= 12; ++id) {
    polling->start(id, request(id % 2 == 0 ? busy.url("/") : server.url("/")));
  }
  for (const auto& [id, outcome] : finish(*polling)) EXPECT_TRUE(outcome) << id << said(outcome);
  EXPECT_LE(busy.most_at_once(), 2);
  EXPECT_EQ(busy.requests().size(), 12U);
}

TEST(HttpClient, ARedirectedRequestGoesOnBeforeThoseBehindIt) {
  PlayedServer server([](const PlayedRequest& got, HttpPeer& peer) {
    const bool is_moved = got.path() == "/moved";
    peer.answer(is_moved ? "302 Found" : "200 OK", is_moved ? "Location: /here\r\n" : "", "");
  });
  auto polling = client(with(&HttpClientSettings::most_connections_per_host, 1));
  polling->start(1, request(server.url("/moved")));
  polling->start(2, request(server.url("/")));
  polling->start(3, request(server.url("/")));
  std::vector<HttpId> order;
  finish(*polling, &order);
  EXPECT_THAT(order, ElementsAre(1, 2, 3));
}

TEST(HttpClient, WhatGoesOnPassesWhatBegins) {
  PlayedServer server(always("200 OK"));
  auto polling = client(with(&HttpClientSettings::most_connections_per_host, 1));
  for (const HttpId id : {1, 2, 3}) polling->start(id, request(server.url("/")));
  for (const HttpId id : {4, 5}) polling->go_on(id, request(server.url("/")));
  std::vector<HttpId> order;
  finish(*polling, &order);
  EXPECT_THAT(order, ElementsAre(4, 5, 1, 2, 3));
}

// One whose key is refused, say.
TEST(HttpClient, AFeedThatIsRefusedAgainAndAgainDoesNotHoldUpItsHost) {
  PlayedServer server([](const PlayedRequest& got, HttpPeer& peer) {
    const bool is_refused = got.path() == "/refused";
    peer.answer(is_refused ? "429 Too Many Requests" : "200 OK",
                is_refused ? "Retry-After: 1\r\n" : "", "");
  });
  auto polling = client(with(&HttpClientSettings::most_connections_per_host, 1));
  const auto round_ms = [&] {
    const auto begin = Clock::now();
    polling->start(1, request(server.url("/refused")));
    polling->start(2, request(server.url("/")));
    finish(*polling);
    return ms_since(begin);
  };
  EXPECT_GE(round_ms(), 900) << "it may be the host's word for all";
  EXPECT_LT(round_ms() + round_ms() + round_ms(), 900);
}

TEST(HttpClient, WhatIsCancelledGivesNothing) {
  PlayedServer silent(say_nothing);
  PlayedServer quick(always("200 OK"));
  auto polling = client(with(&HttpClientSettings::most_connections_per_host, 1));
  polling->start(1, request(silent.url("/")));
  polling->start(2, request(silent.url("/")));
  polling->start(3, request(quick.url("/")));
  const auto begin = Clock::now();
  while (polling->under_way() > 2 && ms_since(begin) < 5000) polling->wait(10);
  polling->cancel(3);  // done and not yet taken
  polling->cancel(2);  // waits for its turn
  polling->cancel(1);  // in flight
  polling->cancel(9);
  EXPECT_EQ(polling->under_way(), 0U);
  EXPECT_THAT(polling->take_done(), IsEmpty());
  polling->start(1, request(quick.url("/")));
  EXPECT_TRUE(finish(*polling).at(1)) << "the id is free again";
}

TEST(HttpClient, ACancelledRequestGivesItsTurnToTheNext) {
  PlayedServer server([](const PlayedRequest& got, HttpPeer& peer) {
    if (got.path() == "/silent") return say_nothing(got, peer);
    peer.answer("200 OK", "", "");
  });
  auto polling = client(with(&HttpClientSettings::most_connections_per_host, 1));
  polling->start(1, request(server.url("/silent")));
  polling->start(2, request(server.url("/")));
  for (int round = 0; round < 5; ++round) polling->wait(20);
  EXPECT_EQ(polling->under_way(), 2U);
  polling->cancel(1);
  EXPECT_TRUE(finish(*polling).at(2));
}

TEST(HttpClient, WakeEndsAWait) {
  auto polling = client();
  polling->wake();
  const auto begin = Clock::now();
  for (int round = 0; round < 20; ++round) {
    std::thread waker([&] { polling->wake(); });
    polling->wait(10'000);
    waker.join();
  }
  EXPECT_LT(ms_since(begin), 20 * HttpClient::kPieceMs / 2);
  const auto idle = Clock::now();
  polling->wait(10'000);
  polling->wait(10'000);
  EXPECT_GE(ms_since(idle), HttpClient::kPieceMs - 20);
  EXPECT_LT(ms_since(idle), 2000);
}

TEST(HttpClient, ConnectionsAreUsedAgainButNotWhenTheyWereIdleForLong) {
  PlayedServer server(always("200 OK"));
  auto polling = client(with(&HttpClientSettings::idle_s, 1));
  ASSERT_TRUE(get(*polling, request(server.url("/"))));
  ASSERT_TRUE(get(*polling, request(server.url("/"))));
  EXPECT_EQ(server.connections(), 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(2200));
  ASSERT_TRUE(get(*polling, request(server.url("/"))));
  EXPECT_EQ(server.connections(), 2);
}

TEST(HttpClient, AConnectionThatTheServerClosedMeanwhileIsMadeAnew) {
  PlayedServer server(raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));  // and closes
  auto polling = client();
  for (int round = 0; round < 10; ++round) {
    const HttpOutcome outcome = get(*polling, request(server.url("/")));
    EXPECT_TRUE(outcome) << said(outcome);
  }
}

TEST(HttpClient, CertificatesThatCannotBeReadAreAnError) {
  const auto made = HttpClient::create({.user_agent = "a", .certificates = "/nowhere/ca.pem"});
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("/nowhere/ca.pem"));
}

}  // namespace
}  // namespace bikeflow
