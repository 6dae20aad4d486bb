// Event streams, against real sockets on loopback.
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/web_client.h"
#include "test/web_world.h"

namespace bikeflow {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;

TEST(HttpServerStream, EventsComeWhenTheyAreDue) {
  HttpServerSettings settings = quick_settings();
  settings.quiet_ms = 300;
  EventServer server(settings);
  server.newest.number = 1;
  WebClient client = server.listener();
  const ClientAnswer head = client.answer();
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("Content-Type"), "text/event-stream");
  EXPECT_EQ(head.header("Content-Length"), "");
  ASSERT_TRUE(client.read_until("id: 1\ndata: \n\n"));
  client.forget_got();
  const auto start = SteadyClock::now();
  server.newest.number = 2;
  server->wake();
  ASSERT_TRUE(client.read_until("\n\n"));
  EXPECT_EQ(client.got(), "id: 2\ndata: \n\n");
  EXPECT_LT(ms_since(start), 250);
  client.forget_got();
  server->wake();  // nothing new: nothing is sent, until a comment
  ASSERT_TRUE(client.read_until("\n\n"));
  EXPECT_EQ(client.got(), ":\n\n");
  EXPECT_GE(ms_since(start), 250);
  EXPECT_EQ(server->counts().streams_now, 1);

  client.close();
  EXPECT_TRUE(comes_true([&] { return server.newest.sources == 0; }));
  EXPECT_TRUE(comes_true([&] { return server->counts().streams_now == 0; }));
  EXPECT_EQ(server->counts().streams, 1);
}

TEST(HttpServerStream, ManyWakesAreFewRounds) {
  HttpServerSettings settings = quick_settings();
  settings.between_rounds_ms = 50;
  EventServer server(settings);
  WebClient client = server.listener();
  EXPECT_TRUE(comes_true([&] { return server.newest.takes > 1; }));
  const int before = server.newest.takes;
  const auto start = SteadyClock::now();
  for (; ms_since(start) < 500; ++server.newest.number) server->wake();
  const int last = server.newest.number;
  server->wake();
  EXPECT_TRUE(client.read_until(fmt::format("id: {}\n", last)));
  EXPECT_LE(server.newest.takes - before, 2 + ms_since(start) / 50);
  EXPECT_GE(server.newest.takes - before, 4);
}

TEST(HttpServerStream, StreamsAreAskedNowAndThenWithoutAWake) {
  HttpServerSettings settings = quick_settings();
  settings.ask_ms = 50;
  EventServer server(settings);
  WebClient client = server.listener();
  EXPECT_TRUE(client.read_until("\r\n\r\n"));
  server.newest.number = 3;
  EXPECT_TRUE(client.read_until("id: 3\n"));
}

// Gives what it has in pieces.
class Countdown final : public EventSource {
 public:
  std::string take() override { return left_ > 0 ? fmt::format("data: {}\n\n", left_--) : ""; }

 private:
  int left_ = 5;
};

TEST(HttpServerStream, AStreamIsAskedUntilItHasNoMore) {
  SaidHandler handler([](const WebRequest&) { return WebAnswer{}; },
                      [](const WebRequest&) { return std::make_unique<Countdown>(); });
  const auto server = started(quick_settings(), handler);
  WebClient client(server->port());
  client.ask("/");
  EXPECT_TRUE(client.read_until("data: 5\n\ndata: 4\n\ndata: 3\n\ndata: 2\n\ndata: 1\n\n"));
}

TEST(HttpServerStream, StreamsHaveABoundOfTheirOwn) {
  HttpServerSettings settings = quick_settings();
  settings.most_streams = 1;
  settings.requests_per_s = 0.1;  // which is not for streams
  settings.requests_at_once = 1;
  EventServer server(settings);
  WebClient first(server->port()), second(server->port());
  first.ask("/events");
  EXPECT_EQ(first.answer().status, 200);
  second.ask("/events");
  const ClientAnswer refusal = second.answer();
  EXPECT_EQ(refusal.status, 503);
  EXPECT_EQ(refusal.header("Retry-After"), "10");
  EXPECT_EQ(refused(*server.server, WebRefused::kTooManyStreams), 1);
  EXPECT_TRUE(comes_true([&] { return server.newest.sources == 1; }));
  EXPECT_EQ(second.get("/").status, 200);
  first.close();
  EXPECT_TRUE(comes_true([&] { return server.newest.sources == 0; }));
  second.ask("/events");
  EXPECT_EQ(second.answer().status, 200);
}

TEST(HttpServerStream, TheHeadOfAStreamIsNoStream) {
  EventServer server;
  WebClient client(server->port());
  client.send("HEAD /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.answer().header("Content-Type"), "text/event-stream");
  EXPECT_TRUE(client.sees_end(1000));
  EXPECT_EQ(server.newest.sources, 0);
}

class Failing final : public EventSource {
 public:
  std::string take() override {
    if (is_first_) return is_first_ = false, "data: 1\n\n";
    throw std::runtime_error("no more");
  }

 private:
  bool is_first_ = true;
};

TEST(HttpServerStream, AStreamThatFailsEnds) {
  Warnings warnings;
  SaidHandler handler([](const WebRequest&) { return WebAnswer{}; },
                      [](const WebRequest&) { return std::make_unique<Failing>(); });
  HttpServerSettings settings = quick_settings();
  settings.warn = warnings.listener();
  const auto server = started(settings, handler);
  WebClient client(server->port());
  client.ask("/");
  EXPECT_TRUE(client.read_until("data: 1\n\n"));
  EXPECT_TRUE(client.sees_end(1000));
  EXPECT_THAT(warnings.said(), ElementsAre("an event stream: no more"));
  EXPECT_TRUE(comes_true([&] { return server->counts().streams_now == 0; }));
}

TEST(HttpServerStream, AStreamThatTakesNothingHoldsOneTextAndIsClosed) {
  constexpr std::size_t kText = 1'000'000;
  HttpServerSettings settings = quick_settings();
  settings.stalled_ms = 500;
  EventServer server(settings, kText);
  server.newest.number = 1;
  WebClient client = server.listener(4096);
  EXPECT_TRUE(comes_true([&] { return server->counts().unsent_bytes_now > 0; }));
  const auto start = SteadyClock::now();
  while (ms_since(start) < 300) {
    ++server.newest.number;
    server->wake();
    std::this_thread::sleep_for(milliseconds(10));
    // All but what the kernel holds, which is less than 300 kB of the 1 MB.
    EXPECT_GT(server->counts().unsent_bytes_now, kText - 300'000);
    EXPECT_LE(server->counts().unsent_bytes_now, kText + 1000);
  }
  EXPECT_EQ(server.newest.takes, 1);
  EXPECT_TRUE(comes_true([&] { return server.newest.sources == 0; }));
  EXPECT_EQ(refused(*server.server, WebRefused::kTooSlow), 1);
  EXPECT_TRUE(comes_true([&] { return server->counts().unsent_bytes_now == 0; }));
}

TEST(HttpServerStream, WhatTheKernelCannotDeliverEndsTheStream) {
  HttpServerSettings settings = quick_settings();
  settings.stalled_ms = 500;
  EventServer server(settings, 30'000);
  server.newest.number = 1;
  WebClient client = server.listener(4096);
  EXPECT_TRUE(comes_true([&] { return server->counts().bytes_out > 30'000; }));  // to the kernel
  EXPECT_EQ(server.newest.sources, 1);
  EXPECT_TRUE(comes_true([&] { return server.newest.sources == 0; }));
  EXPECT_EQ(refused(*server.server, WebRefused::kTooSlow), 1);
}

TEST(HttpServerStream, WhereRoomIsShortStalledStreamsMakeRoomForOthers) {
  constexpr std::size_t kText = 1'000'000;
  HttpServerSettings settings = quick_settings();
  settings.most_unsent_bytes = 3 * kText;
  EventServer server(settings, kText);
  server.newest.number = 1;
  std::vector<WebClient> stalled;
  for (int i = 0; i < 10; ++i) {
    stalled.emplace_back(server->port(), 4096);
    stalled.back().ask("/events");
  }
  EXPECT_TRUE(comes_true([&] { return server.newest.sources == 10; }));
  WebClient reader = server.listener();
  EXPECT_TRUE(reader.read_until("id: 1\n"));  // before the time for those that take nothing is over
  EXPECT_LE(server->counts().unsent_bytes_now, 5 * kText);
  EXPECT_LT(server.newest.sources, 11);
}

}  // namespace
}  // namespace bikeflow
