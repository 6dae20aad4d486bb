// For tests: a handler for an HTTP server that answers what a test says, and streams of numbered
// events.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "io/http_server.h"
#include "test/web_client.h"

namespace bikeflow {

using SteadyClock = std::chrono::steady_clock;

inline std::int64_t ms_since(SteadyClock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - start).count();
}

// Looks again and again, for 10 s at most.
inline bool comes_true(const std::function<bool()>& condition) {
  const auto start = SteadyClock::now();
  while (!condition()) {
    if (ms_since(start) > 10'000) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

// The number that event streams tell of, and how many streams there are. Threads: any.
struct Newest {
  std::atomic<int> number = 0;
  std::atomic<int> sources = 0;
  std::atomic<int> takes = 0;
};

// Tells the newest number, followed by so many bytes, where it has told another one before.
class NewestSource final : public EventSource {
 public:
  NewestSource(Newest& newest, std::size_t padding) : newest_(newest), padding_(padding) {
    ++newest_.sources;
  }
  NewestSource(const NewestSource&) = delete;
  NewestSource& operator=(const NewestSource&) = delete;
  ~NewestSource() override { --newest_.sources; }

  EventText take() override {
    ++newest_.takes;
    const int number = newest_.number;
    if (number == told_) return nullptr;
    told_ = number;
    return std::make_shared<std::string>(
        fmt::format("id: {}\ndata: {}\n\n", number, std::string(padding_, 'x')));
  }

 private:
  Newest& newest_;
  std::size_t padding_;
  int told_ = 0;
};

class SaidHandler final : public WebHandler {
 public:
  using Answer = std::function<WebAnswer(const WebRequest&)>;
  using Events = std::function<std::unique_ptr<EventSource>(const WebRequest&)>;

  explicit SaidHandler(Answer answer, Events events = {})
      : answer_(std::move(answer)), events_(std::move(events)) {}

  WebAnswer answer(const WebRequest& request) override { return answer_(request); }
  std::unique_ptr<EventSource> events(const WebRequest& request) override {
    return events_ ? events_(request) : nullptr;
  }
  std::optional<WebAnswer> at_once(const WebRequest& request) override {
    if (request.path != "/at-once") return std::nullopt;
    return WebAnswer{.content_type = "text/plain", .body = "at once"};
  }

 private:
  Answer answer_;
  Events events_;
};

// Events at /events, "hello" elsewhere.
inline std::unique_ptr<SaidHandler> hello_and_events(Newest& newest, std::size_t padding = 0) {
  return std::make_unique<SaidHandler>(
      [](const WebRequest&) { return WebAnswer{.content_type = "text/plain", .body = "hello"}; },
      [&newest, padding](const WebRequest& request) -> std::unique_ptr<EventSource> {
        if (request.path != "/events") return nullptr;
        return std::make_unique<NewestSource>(newest, padding);
      });
}

// On a free port, with short times.
inline HttpServerSettings quick_settings() {
  HttpServerSettings settings;
  settings.listen = "127.0.0.1:0";
  settings.requests_per_s = 0;
  settings.ask_ms = 60'000;
  return settings;
}

inline std::unique_ptr<HttpServer> started(const HttpServerSettings& settings,
                                           WebHandler& handler) {
  auto server = HttpServer::start(settings, handler);
  EXPECT_TRUE(server) << server.error().message;
  return server ? std::move(*server) : nullptr;
}

// A server with hello_and_events().
struct EventServer {
  explicit EventServer(const HttpServerSettings& settings = quick_settings(),
                       std::size_t padding = 0)
      : handler(hello_and_events(newest, padding)), server(started(settings, *handler)) {}

  // A client that has asked for events.
  [[nodiscard]] WebClient listener(int receive_bytes = 0) const {
    WebClient one(server->port(), receive_bytes);
    one.ask("/events");
    return one;
  }
  HttpServer* operator->() const { return server.get(); }

  Newest newest;
  std::unique_ptr<SaidHandler> handler;
  std::unique_ptr<HttpServer> server;
};

// What it warned of. Threads: any.
class Warnings {
 public:
  [[nodiscard]] std::function<void(const std::string&)> listener() {
    return [this](const std::string& text) {
      const std::scoped_lock lock(mutex_);
      said_.push_back(text);
    };
  }
  [[nodiscard]] std::vector<std::string> said() const {
    const std::scoped_lock lock(mutex_);
    return said_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> said_;
};

inline std::uint64_t refused(const HttpServer& server, WebRefused reason) {
  return server.counts().refused.at(static_cast<std::size_t>(reason));
}

}  // namespace bikeflow
