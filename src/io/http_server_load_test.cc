// Many clients at once, on loopback: what they cost has bounds, and those who behave notice nothing
// of those who do not.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "test/web_client.h"
#include "test/web_world.h"

namespace bikeflow {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Whether this process may have so many files open.
bool may_open(rlim_t files) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < files) return false;
  limit.rlim_cur = std::max(limit.rlim_cur, files);
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

// Sanitizers keep what was freed, and notes on everything.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsSanitized = true;
#elif defined(__has_feature)
constexpr bool kIsSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool kIsSanitized = false;
#endif

std::size_t resident_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::strtoull(line.c_str() + 6, nullptr, 10) * 1024;
  }
  return 0;
}

// Reads what has come on each, until all have got `text`; what came before the text's last
// beginning is forgotten. False where that takes more than 20 s.
bool all_get(std::vector<WebClient>& clients, const std::string& text) {
  std::vector<bool> has(clients.size(), false);
  const auto end = SteadyClock::now() + seconds(20);
  for (std::size_t left = clients.size(); left > 0;) {
    if (SteadyClock::now() > end) return false;
    for (std::size_t i = 0; i < clients.size(); ++i) {
      while (!has[i] && clients[i].read_some(0)) {
        has[i] = clients[i].got().find(text) != std::string::npos;
        if (has[i]) --left;
      }
      if (has[i]) clients[i].forget_got();
    }
    std::this_thread::sleep_for(milliseconds(1));
  }
  return true;
}

TEST(HttpServerLoad, AThousandReadersAndAHundredThatNeverRead) {
  constexpr std::size_t kReaders = 1'000, kStalled = 100, kText = 20'000;
  if (!may_open(2 * (kReaders + kStalled) + 1'000)) GTEST_SKIP() << "ulimit -n is too low";
  HttpServerSettings settings = quick_settings();
  settings.stalled_ms = 3'000;
  EventServer server(settings, kText);
  std::vector<WebClient> readers, stalled;
  for (std::size_t i = 0; i < kStalled; ++i) {
    stalled.emplace_back(server->port(), 4096);
    stalled.back().ask("/events");
  }
  for (std::size_t i = 0; i < kReaders; ++i) {
    readers.emplace_back(server->port());
    readers.back().ask("/events");
  }
  ASSERT_TRUE(all_get(readers, "\r\n\r\n"));
  const std::size_t resident_before = resident_bytes();
  std::size_t most_resident = 0, most_unsent = 0;
  for (int number = 1; number <= 60; ++number) {
    server.newest.number = number;
    server->wake();
    ASSERT_TRUE(all_get(readers, "id: " + std::to_string(number) + "\n")) << number;
    most_resident = std::max(most_resident, resident_bytes());
    most_unsent = std::max(most_unsent, server->counts().unsent_bytes_now);
  }
  // One text for each that does not read; for those who do, what they are reading just now, and
  // what a thousand tests' own buffers take.
  EXPECT_LE(most_unsent, (kStalled + kReaders) * (kText + 100));
  const std::size_t grown = most_resident - std::min(most_resident, resident_before);
  RecordProperty("grown_bytes", std::to_string(grown));
  if (!kIsSanitized) {
    EXPECT_LT(grown, 100'000'000);
  }
  EXPECT_GT(server.newest.sources, 0);

  const auto end = SteadyClock::now() + seconds(15);
  while (server.newest.sources > static_cast<int>(kReaders) && SteadyClock::now() < end) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_EQ(server.newest.sources, kReaders);
  EXPECT_EQ(refused(*server.server, WebRefused::kTooSlow), kStalled);
  server.newest.number = 1000;
  server->wake();
  EXPECT_TRUE(all_get(readers, "id: 1000\n"));
  EXPECT_EQ(server->counts().streams_now, kReaders);

  // A thousand that go free their streams.
  readers.clear();
  while (server.newest.sources > 0 && SteadyClock::now() < end + seconds(5)) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_EQ(server.newest.sources, 0);
}

TEST(HttpServerLoad, ThousandsOfConnectionsLeaveNothingBehind) {
  HttpServerSettings settings = quick_settings();
  settings.most_connections = 200;
  EventServer server(settings);
  for (int i = 0; i < 3'000; ++i) {
    WebClient client(server->port());
    ASSERT_TRUE(client.is_connected());
    if (i % 3 == 1) client.send("GET /x HTTP/1.1\r\nHost: local");
    if (i % 3 == 2) client.ask("/events");
  }
  const auto end = SteadyClock::now() + seconds(10);
  while (server->counts().connections_now > 0 && SteadyClock::now() < end) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  EXPECT_EQ(server->counts().connections_now, 0);
  EXPECT_EQ(server.newest.sources, 0);
  EXPECT_EQ(WebClient(server->port()).get("/").body, "hello");
}

TEST(HttpServerLoad, SeveralThreadsOfClientsAllGetTheirAnswers) {
  SaidHandler handler([](const WebRequest& request) { return WebAnswer{.body = request.path}; });
  const auto server = started(quick_settings(), handler);
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        std::vector<WebClient> clients;
        for (int i = 0; i < 10; ++i) clients.emplace_back(server->port());
        for (int i = 0; i < 500; ++i) {
          const std::string path = "/" + std::to_string(t) + "/" + std::to_string(i);
          if (clients[i % clients.size()].get(path).body == path) ++right;
        }
      });
    }
  }
  EXPECT_EQ(right, 2'000);
}

}  // namespace
}  // namespace bikeflow
