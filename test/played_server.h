// For tests: an HTTP server on loopback that plays what it is told, byte by byte.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "test/loopback.h"

namespace bikeflow {

struct PlayedRequest {
  std::string head;  // "GET /a HTTP/1.1\r\n..."
  [[nodiscard]] std::string path() const {
    const std::size_t from = head.find(' ') + 1;
    return head.substr(from, head.find(' ', from) - from);
  }
  [[nodiscard]] std::string header(std::string_view name) const { return header_in(head, name); }
};

// A connection's end, as a play has it.
class HttpPeer {
 public:
  HttpPeer(int socket, const std::atomic<bool>& is_over) : socket_(socket), is_over_(is_over) {}

  // False where the client has gone.
  bool send(std::string_view bytes) { return send_all(socket_, bytes); }
  // A whole answer, after which the connection goes on.
  void answer(std::string_view status, std::string_view headers, std::string_view body) {
    send(fmt::format("HTTP/1.1 {}\r\n{}Content-Length: {}\r\n\r\n", status, headers, body.size()));
    send(body);
    goes_on = true;
  }
  // False where the client or the server has gone meanwhile.
  bool wait_ms(int ms) {
    pollfd watched{.fd = socket_, .events = POLLRDHUP, .revents = 0};
    return ::poll(&watched, 1, ms) == 0 && !is_over_;
  }

  bool goes_on = false;  // else the connection is closed after the play

 private:
  int socket_;
  const std::atomic<bool>& is_over_;
};

// Threads: each connection's play runs in a thread of its own.
class PlayedServer {
 public:
  // A client that begins with TLS is played to at once, with an empty head.
  using Play = std::function<void(const PlayedRequest&, HttpPeer&)>;

  explicit PlayedServer(Play play)
      : play_(std::move(play)), server_([this](int socket) { serve(socket); }) {}

  [[nodiscard]] int port() const { return server_.port(); }
  [[nodiscard]] std::string url(std::string_view path) const {
    return fmt::format("http://127.0.0.1:{}{}", port(), path);
  }
  [[nodiscard]] int connections() const { return server_.connections(); }
  [[nodiscard]] int most_at_once() const { return most_at_once_; }
  [[nodiscard]] std::vector<PlayedRequest> requests() {
    const std::scoped_lock lock(mutex_);
    return requests_;
  }

 private:
  static constexpr char kTlsHello = 0x16;

  void serve(int socket) {
    HttpPeer peer(socket, server_.is_over());
    std::string got;
    do {
      std::size_t end = 0;
      while (!got.starts_with(kTlsHello) && (end = got.find("\r\n\r\n")) == got.npos) {
        char buffer[4096];
        const ssize_t size = ::recv(socket, buffer, sizeof(buffer), 0);
        if (size <= 0) return;
        got.append(buffer, static_cast<std::size_t>(size));
      }
      const PlayedRequest request{end == 0 ? "" : got.substr(0, end + 2)};
      got.erase(0, end == 0 ? got.size() : end + 4);
      {
        const std::scoped_lock lock(mutex_);
        requests_.push_back(request);
        most_at_once_ = std::max(++at_once_, most_at_once_.load());
      }
      peer.goes_on = false;
      play_(request, peer);
      const std::scoped_lock lock(mutex_);
      --at_once_;
    } while (peer.goes_on);
  }

  Play play_;
  std::atomic<int> most_at_once_ = 0;
  std::mutex mutex_;
  int at_once_ = 0;
  std::vector<PlayedRequest> requests_;
  LoopbackServer server_;  // last: its threads use all of the above
};

}  // namespace bikeflow
