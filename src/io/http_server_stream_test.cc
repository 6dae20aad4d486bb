// Event streams, against real sockets on loopback.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <utility>
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
  EventText take() override {
    return left_ > 0 ? std::make_shared<std::string>(fmt::format("data: {}\n\n", left_--))
                     : nullptr;
  }

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

// Needs a while for each of its texts, and always has another.
class Laborious final : public EventSource {
 public:
  explicit Laborious(std::atomic<std::int64_t>& spent_ms) : spent_ms_(spent_ms) {}
  EventText take() override {
    const auto start = SteadyClock::now();
    std::this_thread::sleep_for(milliseconds(3));
    spent_ms_ += ms_since(start);
    return std::make_shared<std::string>("data: x\n\n");
  }

 private:
  std::atomic<std::int64_t>& spent_ms_;
};

TEST(HttpServerStream, ManyStreamsKeepNobodyElseWaiting) {
  std::atomic<std::int64_t> spent_ms = 0;
  SaidHandler handler([](const WebRequest&) { return WebAnswer{.body = "hello"}; },
                      [&](const WebRequest& request) {
                        return request.path == "/events" ? std::make_unique<Laborious>(spent_ms)
                                                         : nullptr;
                      });
  const auto server = started(quick_settings(), handler);
  std::vector<WebClient> readers;
  for (int i = 0; i < 200; ++i) {
    readers.emplace_back(server->port());
    readers.back().send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    ASSERT_TRUE(readers.back().read_until("data: x"));
  }
  // A round takes 600 ms.
  const auto start = SteadyClock::now();
  const std::int64_t spent_before_ms = spent_ms;
  std::vector<std::int64_t> waited_ms;
  WebClient other(server->port());
  while (ms_since(start) < 4'000) {
    const auto asked = SteadyClock::now();
    ASSERT_EQ(other.get("/").body, "hello");
    waited_ms.push_back(ms_since(asked));
    std::this_thread::sleep_for(milliseconds(20));
  }
  std::ranges::sort(waited_ms);
  EXPECT_LT(waited_ms[waited_ms.size() / 2], 300);
  const auto spent = static_cast<double>(spent_ms - spent_before_ms);
  const double share = spent / static_cast<double>(ms_since(start));
  EXPECT_GT(share, 0.2);
  EXPECT_LT(share, 0.7);
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
  EventText take() override {
    if (!std::exchange(is_first_, false)) throw std::runtime_error("no more");
    return std::make_shared<std::string>("data: 1\n\n");
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
