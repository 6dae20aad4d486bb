// What the connections of an HTTP server have in common.
//
// Threads: the socket thread, except where a member says otherwise.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "io/http_server.h"
#include "io/web_gate.h"
#include "io/web_rates.h"
#include "io/web_workers.h"

namespace bikeflow {

// Says of each kind something once in a while, and how often it would have. Threads: any.
class SeldomVoice {
 public:
  explicit SeldomVoice(std::function<void(const std::string&)> say) : say_(std::move(say)) {}
  void say(const char* kind, std::string_view text);

 private:
  static constexpr std::int64_t kEveryMs = 10'000;
  struct Said {
    std::int64_t at_ms = 0;
    int unsaid = 0;
  };
  std::function<void(const std::string&)> say_;
  std::mutex mutex_;
  std::map<std::string, Said, std::less<>> said_;
};

struct WebShared {
  WebShared(HttpServerSettings given, WebHandler& who, bool is_on_loopback);

  const HttpServerSettings settings;
  WebHandler& handler;
  const WebGate gate;
  SeldomVoice voice;  // any thread
  WebRates rates;
  std::unique_ptr<WebWorkers> workers;
  // What was just read, of whichever connection: those that wait for bytes need no room for them.
  std::array<char, std::size_t{16} << 10> room{};
  std::size_t streams = 0, unsent_bytes = 0;
  // By how many connections each text is sent just now.
  std::unordered_map<const std::string*, int> sending;

  // A stream is to be asked soon.
  std::function<void()> want_round;
  // The connection has closed.
  std::function<void(std::uint64_t id)> forget;

  template <class Change>
  void count(const Change& change) {
    const std::scoped_lock lock(counts_mutex_);
    change(counts_);
  }
  // Any thread.
  [[nodiscard]] HttpServerCounts counts() const {
    const std::scoped_lock lock(counts_mutex_);
    return counts_;
  }

 private:
  mutable std::mutex counts_mutex_;
  HttpServerCounts counts_;
};

}  // namespace bikeflow
