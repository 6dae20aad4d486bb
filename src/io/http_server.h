// Serves a page and its API: HTTP/1.1, GET and HEAD, answers and event streams. By Boost.Asio and
// Boost.Beast.
//
// One thread has all sockets; answers are made by a few others, streams are asked for their events
// where the sockets are. Requests of one connection are answered in their order, one at a time.
//
// What a client can make it use has a bound, each in HttpServerSettings: connections, time,
// requests waiting, bytes not yet sent. Besides, the kernel has what it was given and the client
// has not yet taken: for a stream at most twice stream_send_bytes.
//
// A TLS or public end belongs to a proxy before it; behind one, all clients have one address, so
// requests_per_s is 0 there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "io/web_counts.h"
#include "io/web_gate.h"
#include "io/web_handler.h"

namespace bikeflow {

struct HttpServerSettings {
  std::string listen = "127.0.0.1:8080";  // as parse_listen() reads it
  std::string_view listen_option = "[dashboard] listen";  // what said so, for errors
  WebGateSettings gate;
  // What somebody should look at; at most one of a kind in 10 s. Threads: any.
  std::function<void(const std::string&)> warn;

  // Fewer where the process may not have so many files open.
  std::size_t most_connections = 2'000;
  std::size_t most_streams = 1'200;
  std::size_t most_head_bytes = std::size_t{16} << 10;
  // Of answers and events that wait, in all. Each counts in full until its last byte is sent, for
  // so long it is in memory; what many readers wait for counts once. Above it answers are refused,
  // and closed are first the streams that take nothing, then the answers that take longer than
  // slow_ms, of each those that have waited longest.
  std::size_t most_unsent_bytes = std::size_t{256} << 20;
  int stream_send_bytes = 64 << 10;
  int workers = 2;
  std::size_t most_waiting = 64;  // requests that no worker has begun
  // Of one address (of IPv6: one /64), event streams not counted. 0: as many as come.
  double requests_per_s = 50, requests_at_once = 200;

  std::int64_t head_ms = 10'000;        // from connecting, or a head's first byte, to its last
  std::int64_t idle_ms = 60'000;        // between requests
  std::int64_t answer_ms = 120'000;     // for the handler
  std::int64_t slow_ms = 5'000;         // for an answer's bytes, where room is short
  std::int64_t stalled_ms = 30'000;     // without a byte that the client takes, of those there are
  std::int64_t quiet_ms = 15'000;       // a stream's, until it gets a comment
  std::int64_t between_rounds_ms = 20;  // wake() is heard so often at most
  std::int64_t ask_ms = 1'000;          // streams are asked without wake()
};

// Threads: any.
class HttpServer {
 public:
  // An Error where it cannot listen there. Requires: the handler outlives the server.
  static Result<std::unique_ptr<HttpServer>> start(HttpServerSettings settings,
                                                   WebHandler& handler);
  // Closes all connections, and waits for the answers that workers are at; they are told
  // (WebRequest::unwanted).
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] int port() const;
  // "127.0.0.1:8080": where it listens.
  [[nodiscard]] std::string place() const;

  // Event sources may have something new. Costs little, however often.
  void wake();

  [[nodiscard]] HttpServerCounts counts() const;

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace bikeflow
