// Against real sockets on loopback, with short limits; a hang is a failure, by the clients'
// patience.
#include "io/http_server.h"

#include <sys/syscall.h>

#include <chrono>
#include <ctime>
#include <semaphore>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/file.h"
#include "test/child.h"
#include "test/web_client.h"
#include "test/web_world.h"

namespace bikeflow {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Tells what it was asked.
SaidHandler echo() {
  return SaidHandler([](const WebRequest& request) {
    return WebAnswer{.content_type = "text/plain",
                     .body = request.method + " " + request.path + " from " + request.peer};
  });
}

TEST(HttpServer, AnswersAndKeepsTheConnection) {
  SaidHandler handler = echo();
  const auto server = started(quick_settings(), handler);
  WebClient client(server->port());
  for (int i = 0; i < 3; ++i) {
    const ClientAnswer answer = client.get("/a%20b?c");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "GET /a b from 127.0.0.1");
    EXPECT_EQ(answer.header("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(answer.header("Connection"), "");
  }
  client.send("HEAD /x HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const ClientAnswer head = client.answer(false);
  EXPECT_EQ(head.header("Content-Length"),
            std::to_string(std::string("HEAD /x from 127.0.0.1").size()));
  EXPECT_EQ(client.get("/y").body, "GET /y from 127.0.0.1");  // so nothing came after the head
  const ClientAnswer last = client.get("/z", "Connection: close\r\n");
  EXPECT_EQ(last.header("Connection"), "close");
  EXPECT_TRUE(client.sees_end(1000));

  client.close();
  EXPECT_TRUE(comes_true([&] { return server->counts().connections_now == 0; }));
  const HttpServerCounts counts = server->counts();
  EXPECT_EQ(counts.connections, 1);
  EXPECT_EQ(counts.answers, (std::array<std::uint64_t, 6>{0, 0, 6, 0, 0, 0}));
  EXPECT_EQ(counts.unsent_bytes_now, 0);
  EXPECT_GT(counts.bytes_in, 200);
  EXPECT_GT(counts.bytes_out, 1000);
}

TEST(HttpServer, RequestsInOnePieceOrInManyAreAnsweredInTheirOrder) {
  SaidHandler handler = echo();
  const auto server = started(quick_settings(), handler);
  std::string requests, answers;
  for (int i = 0; i < 40; ++i) {
    requests += fmt::format("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", i);
  }
  WebClient at_once(server->port());
  at_once.send(requests);
  at_once.send_no_more();
  WebClient in_pieces(server->port());
  for (const char c : requests.substr(0, 200)) in_pieces.send({&c, 1});
  in_pieces.send(requests.substr(200));
  for (int i = 0; i < 40; ++i) {
    EXPECT_THAT(at_once.answer().body, StartsWith(fmt::format("GET /{} ", i)));
    EXPECT_THAT(in_pieces.answer().body, StartsWith(fmt::format("GET /{} ", i)));
  }
  EXPECT_TRUE(at_once.sees_end(1000));
}

TEST(HttpServer, LargeAnswersComeWhole) {
  SaidHandler handler([](const WebRequest&) {
    return WebAnswer{.content_type = "application/octet-stream",
                     .body = std::string(20'000'000, 'x')};
  });
  const auto server = started(quick_settings(), handler);
  WebClient client(server->port());
  EXPECT_EQ(client.get("/").body.size(), 20'000'000);
  EXPECT_EQ(client.get("/").body, std::string(20'000'000, 'x'));
}

// What no client should send, and what it gets for it; afterwards the connection is closed.
TEST(HttpServer, MalformedRequestsAreToldSoAndClosed) {
  using namespace std::string_literals;  // NOLINT(google-build-using-namespace)
  SaidHandler handler = echo();
  const auto server = started(quick_settings(), handler);
  const std::string host = "Host: localhost\r\n";
  const std::vector<std::pair<std::string, int>> cases = {
      {"\x16\x03\x01\x02\x00\x01"s, 400},
      {"hello\r\n\r\n", 400},
      {"GET /\r\n\r\n", 400},
      {"GET / HTTP/1.1\n" + host + "\n", 505},
      {"GET / HTTP/2.0\r\n" + host + "\r\n", 505},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n" + host + host + "\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421},
      {"GET http://evil.example/ HTTP/1.1\r\n" + host + "\r\n", 421},
      {"GET https://localhost/ HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /..%2f HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /../x HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /%00 HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /a\0b HTTP/1.1\r\n"s + host + "\r\n", 400},
      {"GET /%0d%0aSet-Cookie:%20a HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /\r\nX: y HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET / HTTP/1.1\r\n" + host + "X: a\0b\r\n\r\n"s, 400},
      {"GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\n" + host + "\r\n", 431},
      {"GET / HTTP/1.1\r\n" + host + "X: " + std::string(20'000, 'x') + "\r\n\r\n", 431},
      {"GET / HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhello", 413},
      {"GET / HTTP/1.1\r\n" + host + "Content-Length: 99999999999\r\n\r\n" +
           std::string(100'000, 'x'),
       413},
      {"GET / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
       413},
      {"GET / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
       400},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nGET /smuggled HTTP/1.1\r\n" + host +
           "\r\n",
       405},
      {"CONNECT localhost:80 HTTP/1.1\r\n" + host + "\r\n", 405},
  };
  for (const auto& [bytes, status] : cases) {
    WebClient client(server->port());
    client.send(bytes);
    const ClientAnswer answer = client.answer();
    EXPECT_EQ(answer.status, status) << bytes.substr(0, 80);
    EXPECT_EQ(answer.header("Connection"), "close") << bytes.substr(0, 80);
    EXPECT_THAT(answer.body, StartsWith("{\"error\":\""));
    EXPECT_EQ(answer.header("X-Frame-Options"), "DENY");
    EXPECT_TRUE(client.sees_end(1000)) << bytes.substr(0, 80);
    EXPECT_EQ(client.got(), "") << bytes.substr(0, 80);  // one answer, not two
  }
  EXPECT_EQ(refused(*server, WebRefused::kHost), 2);
  EXPECT_EQ(refused(*server, WebRefused::kTooLarge), 5);
  EXPECT_EQ(refused(*server, WebRefused::kMethod), 2);
  EXPECT_EQ(refused(*server, WebRefused::kMalformed), cases.size() - 9);
}

TEST(HttpServer, OtherMethodsAndAbsoluteTargetsKeepTheConnection) {
  SaidHandler handler = echo();
  const auto server = started(quick_settings(), handler);
  WebClient client(server->port());
  client.send("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const ClientAnswer refusal = client.answer();
  EXPECT_EQ(refusal.status, 405);
  EXPECT_EQ(refusal.header("Allow"), "GET, HEAD");
  EXPECT_EQ(client.get("http://127.0.0.1:80/x").body, "GET /x from 127.0.0.1");
}

TEST(HttpServer, ATokenIsAskedFor) {
  SaidHandler handler = echo();
  HttpServerSettings settings = quick_settings();
  settings.gate.token = "abc";
  settings.gate.is_open = [](const std::string& path) { return path == "/healthz"; };
  const auto server = started(settings, handler);
  WebClient client(server->port());
  const ClientAnswer refusal = client.get("/");
  EXPECT_EQ(refusal.status, 401);
  EXPECT_EQ(refusal.header("WWW-Authenticate"), "Bearer");
  EXPECT_THAT(refusal.body, HasSubstr("{\"error\":"));
  EXPECT_EQ(client.get("/", "Authorization: Bearer abd\r\n").status, 401);
  EXPECT_EQ(client.get("/", "Authorization: Bearer abc\r\n").status, 200);
  EXPECT_EQ(client.get("/healthz").status, 200);
  EXPECT_EQ(refused(*server, WebRefused::kUnauthorized), 2);
}

TEST(HttpServer, AnAddressThatAsksTooOftenWaits) {
  SaidHandler handler = echo();
  HttpServerSettings settings = quick_settings();
  settings.requests_per_s = 0.5;
  settings.requests_at_once = 3;
  settings.gate.token = "abc";
  const auto server = started(settings, handler);
  WebClient client(server->port());
  const std::string token = "Authorization: Bearer abc\r\n";
  EXPECT_EQ(client.get("/", token).status, 200);
  EXPECT_EQ(client.get("/").status, 401);  // guesses are counted too
  EXPECT_EQ(WebClient(server->port()).get("/", token).status, 200);
  const ClientAnswer refusal = client.get("/", token);
  EXPECT_EQ(refusal.status, 429);
  EXPECT_EQ(refusal.header("Retry-After"), "2");
  EXPECT_EQ(client.get("/").status, 429);
  EXPECT_EQ(refused(*server, WebRefused::kTooFast), 2);
  EXPECT_EQ(client.get("/at-once").status, 429);
  EXPECT_EQ(client.get("/at-once", token).body, "at once");
}

TEST(HttpServer, WhatTheHandlerThrowsIsAFailureOfOurs) {
  Warnings warnings;
  SaidHandler handler(
      [](const WebRequest& request) -> WebAnswer {
        if (request.path == "/bad") return {.headers = {{"X", "a\nb"}}};
        throw std::runtime_error("the lake is dry");
      },
      [](const WebRequest& request) -> std::unique_ptr<EventSource> {
        if (request.path == "/events") throw 7;
        return nullptr;
      });
  HttpServerSettings settings = quick_settings();
  settings.warn = warnings.listener();
  const auto server = started(settings, handler);
  WebClient client(server->port());
  for (const char* path : {"/x", "/bad", "/events"}) {
    const ClientAnswer answer = client.get(path);
    EXPECT_EQ(answer.status, 500) << path;
    EXPECT_THAT(answer.body, HasSubstr("its log says why"));
  }
  EXPECT_THAT(warnings.said(), ElementsAre("GET /x: the lake is dry"));  // once in a while
  EXPECT_EQ(server->counts().failures, 3);
  EXPECT_EQ(server->counts().answers[5], 3);
}

TEST(HttpServer, TooManyConnectionsAreToldSo) {
  SaidHandler handler = echo();
  HttpServerSettings settings = quick_settings();
  settings.most_connections = 3;
  const auto server = started(settings, handler);
  std::vector<WebClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(server->port());
    EXPECT_EQ(clients.back().get("/").status, 200);
  }
  WebClient fourth(server->port());
  const ClientAnswer refusal = fourth.get("/");
  EXPECT_EQ(refusal.status, 503);
  EXPECT_EQ(refusal.header("Retry-After"), "10");
  EXPECT_TRUE(fourth.sees_end(1000));
  EXPECT_EQ(refused(*server, WebRefused::kTooManyConnections), 1);
  EXPECT_EQ(clients[0].get("/").status, 200);
  fourth.close();
  clients.pop_back();
  EXPECT_TRUE(comes_true([&] { return server->counts().connections_now == 2; }));
  EXPECT_EQ(WebClient(server->port()).get("/").status, 200);
}

TEST(HttpServer, WhoSendsTooSlowlyIsClosed) {
  SaidHandler handler = echo();
  HttpServerSettings settings = quick_settings();
  settings.head_ms = 200;
  settings.idle_ms = 600;
  const auto server = started(settings, handler);
  const auto start = SteadyClock::now();
  WebClient silent(server->port());
  WebClient slow(server->port());
  std::jthread drip([&](const std::stop_token& over) {
    for (const char c : std::string(1000, 'x')) {
      if (over.stop_requested()) return;
      slow.send({&c, 1});
      std::this_thread::sleep_for(milliseconds(20));
    }
  });
  EXPECT_TRUE(silent.sees_end(2000));
  EXPECT_EQ(silent.got(), "");
  const ClientAnswer answer = slow.answer();
  EXPECT_EQ(answer.status, 408);
  drip.request_stop();
  EXPECT_LT(ms_since(start), 2000);

  WebClient half(server->port());
  half.send("GET / HTTP/1.1\r\nHost: lo");
  EXPECT_EQ(half.answer().status, 408);
  EXPECT_TRUE(half.sees_end(1000));
  // Time between requests has a limit of its own.
  WebClient idle(server->port());
  EXPECT_EQ(idle.get("/").status, 200);
  const auto idle_since = SteadyClock::now();
  EXPECT_TRUE(idle.sees_end(5000));
  EXPECT_GE(ms_since(idle_since), 500);
  EXPECT_LT(ms_since(idle_since), 2000);
  EXPECT_TRUE(comes_true([&] { return server->counts().connections_now <= 1; }));
}

TEST(HttpServer, RequestsThatWaitForAWorkerHaveABound) {
  std::counting_semaphore<100> go(0);
  std::atomic<int> begun = 0;
  SaidHandler handler([&](const WebRequest&) {
    ++begun;
    go.acquire();
    return WebAnswer{.body = "done"};
  });
  HttpServerSettings settings = quick_settings();
  settings.workers = 2;
  settings.most_waiting = 1;
  const auto server = started(settings, handler);
  const std::string request = "GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n";
  std::vector<WebClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(server->port());
    clients.back().send(request);
    EXPECT_TRUE(comes_true([&] {
      return begun == std::min(i + 1, 2) && server->counts().bytes_in == (i + 1) * request.size();
    }));
  }
  WebClient refused_one(server->port());
  const ClientAnswer refusal = refused_one.get("/");
  EXPECT_EQ(refusal.status, 503);
  EXPECT_EQ(refusal.header("Retry-After"), "2");
  EXPECT_EQ(refused(*server, WebRefused::kBusy), 1);
  EXPECT_EQ(refused_one.get("/at-once").body, "at once");
  go.release(4);
  for (WebClient& client : clients) EXPECT_EQ(client.answer().body, "done");
  EXPECT_EQ(refused_one.get("/").body, "done");
}

TEST(HttpServer, AnAnswerThatTakesTooLongIsGivenUp) {
  std::atomic<int> unwanted = 0;
  SaidHandler handler([&](const WebRequest& request) {
    while (!request.unwanted.stop_requested()) std::this_thread::sleep_for(milliseconds(1));
    ++unwanted;
    return WebAnswer{.body = "too late"};
  });
  HttpServerSettings settings = quick_settings();
  settings.answer_ms = 200;
  const auto server = started(settings, handler);
  WebClient client(server->port());
  EXPECT_EQ(client.get("/").status, 504);
  EXPECT_TRUE(client.sees_end(1000));
  EXPECT_EQ(client.got(), "");
  EXPECT_TRUE(comes_true([&] { return unwanted == 1; }));
  EXPECT_EQ(refused(*server, WebRefused::kTooSlow), 1);
}

TEST(HttpServer, WhoTakesNothingOfAnAnswerIsClosed) {
  SaidHandler handler(
      [](const WebRequest&) { return WebAnswer{.body = std::string(30'000'000, 'x')}; });
  HttpServerSettings settings = quick_settings();
  settings.stalled_ms = 300;
  settings.most_unsent_bytes = 1'000'000;
  const auto server = started(settings, handler);
  WebClient client(server->port(), 4096);
  client.ask("/");
  EXPECT_TRUE(comes_true([&] { return server->counts().unsent_bytes_now > 20'000'000; }));
  // So much is unsent that others have to wait.
  EXPECT_EQ(WebClient(server->port()).get("/").status, 503);
  EXPECT_TRUE(comes_true([&] { return refused(*server, WebRefused::kTooSlow) == 1; }));
  EXPECT_TRUE(comes_true([&] { return server->counts().unsent_bytes_now == 0; }));
}

TEST(HttpServer, ListensWhereItIsToldOrSaysWhyNot) {
  SaidHandler handler = echo();
  const auto server = started(quick_settings(), handler);
  HttpServerSettings settings = quick_settings();
  settings.listen = server->place();
  auto second = HttpServer::start(settings, handler);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message,
            server->place() +
                ": address already in use: another bikeflow? name another with [dashboard] listen");
  settings.listen = "192.0.2.1:80";  // an address for documents, of nobody
  EXPECT_THAT(HttpServer::start(settings, handler).error().message, HasSubstr("no such address"));
  settings.listen = "here";
  EXPECT_THAT(HttpServer::start(settings, handler).error().message,
              HasSubstr("no address and port"));
  settings.listen = "0.0.0.0:0";
  const auto everywhere = started(settings, handler);
  WebClient client(everywhere->port());
  client.send("GET / HTTP/1.1\r\nHost: any.example\r\n\r\n");  // no loopback: any name
  EXPECT_EQ(client.answer().status, 200);
  settings.listen = "[::]:0";
  const auto both = HttpServer::start(settings, handler);
  if (!both) GTEST_SKIP() << "no IPv6 here: " << both.error().message;
  EXPECT_EQ(WebClient((*both)->port()).get("/").body, "GET / from 127.0.0.1");
}

TEST(HttpServer, EndsWithinASecondWhateverIsUnderWay) {
  Newest newest;
  newest.number = 1;
  std::atomic<int> begun = 0;
  SaidHandler handler(
      [&](const WebRequest& request) {
        ++begun;
        while (!request.unwanted.stop_requested()) std::this_thread::sleep_for(milliseconds(1));
        return WebAnswer{};
      },
      [&](const WebRequest& request) -> std::unique_ptr<EventSource> {
        if (request.path != "/events") return nullptr;
        return std::make_unique<NewestSource>(newest, 1'000'000);
      });
  auto server = started(quick_settings(), handler);
  std::vector<WebClient> clients;
  for (int i = 0; i < 40; ++i) {
    clients.emplace_back(server->port());
    if (i % 4 == 0) clients.back().ask("/slow");
    if (i % 4 == 1) clients.back().ask("/events");
    if (i % 4 == 2) clients.back().send("GET /half");
  }
  EXPECT_TRUE(comes_true([&] { return begun == 2 && newest.sources == 10; }));
  const auto start = SteadyClock::now();
  server.reset();
  EXPECT_LT(ms_since(start), 1000);
  EXPECT_EQ(begun, 2);
  EXPECT_EQ(newest.sources, 0);
  for (WebClient& client : clients) EXPECT_TRUE(client.sees_end(1000));
}

// Processor time of this process.
std::int64_t busy_ms() { return std::clock() * 1000 / CLOCKS_PER_SEC; }

TEST(HttpServer, WithoutFilesToOpenItWaitsAndSaysSo) {
  EXPECT_EQ(in_child([] {
              Warnings warnings;
              SaidHandler handler = echo();
              HttpServerSettings settings = quick_settings();
              settings.warn = warnings.listener();
              const auto server = started(settings, handler);
              WebClient before(server->port());
              if (before.get("/").status != 200) return std::string("no answer before");
              std::vector<File> taken;
              for (File file(::dup(0)); file.is_open(); file = File(::dup(0)))
                taken.push_back(std::move(file));
              taken.pop_back();  // for the client's own end
              const WebClient waiting(server->port());
              const std::int64_t busy_since = busy_ms();
              std::this_thread::sleep_for(milliseconds(1000));
              if (busy_ms() - busy_since > 200) return std::string("it spins");
              if (before.get("/").status != 200) return std::string("no answer meanwhile");
              if (warnings.said().size() != 1) return std::string("not one warning");
              taken.clear();
              WebClient after(server->port());
              if (after.get("/").status != 200) return std::string("no answer after");
              return warnings.said().front().substr(warnings.said().front().find("no connection"));
            }),
            "no connection can be accepted: Too many open files");
}

}  // namespace
}  // namespace bikeflow
