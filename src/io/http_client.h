// Gets documents from many hosts at once, on the caller's one thread. By libcurl.
//
// A request waits for its turn: no host (scheme, name and port) gets more than
// most_connections_per_host at a time, and in all there are no more than most_connections. The
// order is that of start(), except that one whose host is busy lets others pass, and what goes on
// with something that has begun (go_on(), a redirect) passes what begins. A host that answers 429
// and says for how long (Retry-After) gets none until then, a minute at most; unless it refuses one
// id again and answers others (HostRests). A request's time limit counts what it takes, redirects
// included, but not the wait for a turn.
//
// Only http and https. At most kMostRedirects redirects are followed, none from https to http.
// Whatever headers a request has, another host (also: scheme or port) that it is redirected to gets
// only those that hold no secret: Accept, Accept-Language, If-Modified-Since, If-None-Match.
// Names are resolved on threads of libcurl's. Proxies are those of the environment: http_proxy,
// https_proxy, all_proxy, no_proxy.
//
// What an HttpFailure says never holds what the request's shown_url hides, nor a header's value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "feed/http.h"

namespace bikeflow {

struct HttpClientSettings {
  std::string user_agent;
  std::string certificates;  // a PEM file of authorities to trust; empty: the system's
  int most_connections_per_host = 2;
  int most_connections = 64;
  std::int64_t connect_timeout_ms = 5'000;
  // A transfer that moves less than kSlowBytes a second for so long is given up.
  std::int64_t stalled_ms = 30'000;
  // A connection that was idle for longer is not used again: some hosts answer late on those.
  int idle_s = 20;
};

using HttpId = std::uint64_t;  // of the caller's choice

struct HttpDone {
  HttpId id = 0;
  HttpOutcome outcome;
};

// Threads: one owner; wake() is for any.
class HttpClient {
 public:
  static constexpr int kMostRedirects = 5;
  static constexpr int kSlowBytes = 64;
  static constexpr std::size_t kMostValidatorBytes =
      1024;  // of a header kept; a longer one is none

  // An Error where the certificates cannot be read, and of a libcurl that cannot do this.
  static Result<std::unique_ptr<HttpClient>> create(HttpClientSettings settings);
  // What is under way is dropped.
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Gives one outcome later, also where the request itself is wrong. Requires: no request with this
  // id is under way.
  void start(HttpId id, HttpRequest request);
  // The same for what goes on with something: its turn is before those that begin.
  void go_on(HttpId id, HttpRequest request);
  // Nothing comes of it any more. Nothing to do where there is none.
  void cancel(HttpId id);

  // Moves what is under way until something is done, wake() was called, or the time has passed. At
  // most kPieceMs, so that who loops over this sees an interrupt soon.
  static constexpr std::int64_t kPieceMs = 200;
  void wait(std::int64_t timeout_ms);
  // In the order in which they ended.
  std::vector<HttpDone> take_done();

  // Ends the wait() of now, or the next.
  void wake();

  // Requests without an outcome so far.
  [[nodiscard]] std::size_t under_way() const;

 private:
  class Impl;
  explicit HttpClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace bikeflow
