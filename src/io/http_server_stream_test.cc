// Event streams, against real sockets on loopback.
#include <atomic>
#include <chrono>
#include <functional>
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
  static constexpr std::int64_t kTakeMs = 100;
  EventText take() override {
    std::this_thread::sleep_for(milliseconds(kTakeMs));
    return std::make_shared<std::string>(fmt::format("data: {}\n\n", ++takes_));
  }

 private:
  int takes_ = 0;
};

TEST(HttpServerStream, NobodyIsAskedForAsLongAsARoundTook) {
  SaidHandler handler([](const WebRequest&) { return WebAnswer{}; },
                      [](const WebRequest&) { return std::make_unique<Laborious>(); });
  const auto server = started(quick_settings(), handler);
  WebClient client(server->port());
  client.ask("/");
  ASSERT_TRUE(client.read_until("data: 2\n"));
  const auto start = SteadyClock::now();
  ASSERT_TRUE(client.read_until("data: 7\n"));
  EXPECT_GE(ms_since(start), 5 * 2 * Laborious::kTakeMs - 100);
}

// Streams that tell a number once. Of those that tell 2, `on_told` learns which in order it is.
struct WatchedRound {
  std::function<void(int nth)> on_told;
  std::atomic<int> number = 1, told = 0;

  // `most` are more than are asked in one turn of the socket thread.
  void begin(HttpServer& server, std::vector<WebClient>& readers, int most) {
    for (int i = 0; i < most; ++i) {
      readers.emplace_back(server.port());
      readers.back().ask("/events");
      ASSERT_TRUE(readers.back().read_until("data: 1\n"));
    }
    number = 2;
    server.wake();
  }
};
class Watched final : public EventSource {
 public:
  explicit Watched(WatchedRound& round) : round_(round) {}
  EventText take() override {
    const int number = round_.number;
    if (std::exchange(told_, number) == number) return nullptr;
    if (number == 2) round_.on_told(++round_.told);
    return std::make_shared<std::string>(fmt::format("data: {}\n\n", number));
  }

 private:
  WatchedRound& round_;
  int told_ = 0;
};
SaidHandler::Events watched(WatchedRound& round) {
  return [&round](const WebRequest& request) {
    return request.path == "/events" ? std::make_unique<Watched>(round) : nullptr;
  };
}

TEST(HttpServerStream, ManyStreamsKeepNobodyElseWaiting) {
  constexpr int kReaders = 100;
  std::atomic<bool> is_asked = false, is_answered = false;
  WatchedRound round;
  round.on_told = [&](int nth) {
    if (nth == 1) {
      EXPECT_TRUE(comes_true([&] { return is_asked.load(); }));
    }
    if (nth == kReaders) {
      EXPECT_TRUE(comes_true([&] { return is_answered.load(); }));
    }
  };
  SaidHandler handler([](const WebRequest&) { return WebAnswer{}; }, watched(round));
  const auto server = started(quick_settings(), handler);
  WebClient other(server->port());
  ASSERT_EQ(other.get("/at-once").body, "at once");
  std::vector<WebClient> readers;
  round.begin(*server, readers, kReaders);
  ASSERT_TRUE(comes_true([&] { return round.told == 1; }));
  other.ask("/at-once");
  is_asked = true;
  EXPECT_EQ(other.answer().body, "at once");
  is_answered = true;
  EXPECT_TRUE(comes_true([&] { return round.told == kReaders; }));
}

TEST(HttpServerStream, AFaultElsewhereDoesNotEndARound) {
  constexpr int kReaders = 100;
  std::atomic<bool> has_fault = false;
  WatchedRound round;
  round.on_told = [&](int nth) {
    if (nth > 1) return;
    EXPECT_TRUE(comes_true([&] { return has_fault.load(); }));
    std::this_thread::sleep_for(milliseconds(200));  // until the worker has handed it over
  };
  SaidHandler handler(
      [&](const WebRequest&) -> WebAnswer {
        EXPECT_TRUE(comes_true([&] { return round.told > 0; }));
        has_fault = true;
        throw std::runtime_error("a fault");
      },
      watched(round));
  HttpServerSettings settings = quick_settings();
  // So there is a fault where the answer's is handled.
  settings.warn = [](const std::string& text) {
    if (text.find("a fault") != text.npos) throw std::runtime_error("cannot warn");
  };
  const auto server = started(settings, handler);
  WebClient other(server->port());
  other.ask("/");
  std::vector<WebClient> readers;
  round.begin(*server, readers, kReaders);
  EXPECT_TRUE(comes_true([&] { return round.told == kReaders; })) << round.told;
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

TEST(HttpServerStream, WhereRoomIsShortSlowReadersOfAnswersMakeRoomForOthers) {
  constexpr std::size_t kText = 8'000'000;  // more than the kernel takes
  HttpServerSettings settings = quick_settings();
  settings.most_unsent_bytes = 3 * kText + kText / 2;
  settings.slow_ms = 300;
  settings.ask_ms = 50;
  SaidHandler handler([](const WebRequest& request) {
    return WebAnswer{.body = std::string(request.path == "/large" ? kText : 5, 'x')};
  });
  const auto server = started(settings, handler);
  std::vector<WebClient> slow;
  for (std::size_t i = 1; i <= 3; ++i) {
    slow.emplace_back(server->port(), 4096);
    slow.back().ask("/large");
    ASSERT_TRUE(comes_true([&] { return server->counts().unsent_bytes_now > i * kText; }));
  }
  // Where there is room, nobody is hurried.
  std::this_thread::sleep_for(milliseconds(3 * settings.slow_ms));
  EXPECT_GT(server->counts().unsent_bytes_now, 3 * kText);
  slow.emplace_back(server->port(), 4096);
  slow.back().ask("/large");
  // Long before those that take nothing are given up.
  EXPECT_TRUE(comes_true([&] {
    const HttpServerCounts counts = server->counts();
    return counts.answers.at(2) == 4 && counts.connections_now == 3;
  }));
  EXPECT_EQ(WebClient(server->port()).get("/").status, 200);
  EXPECT_GT(server->counts().unsent_bytes_now, 3 * kText) << "no more are closed than need be";
  EXPECT_TRUE(slow.front().sees_end(10'000)) << "the one that was at it longest";
}

}  // namespace
}  // namespace bikeflow
