// For tests: an HTTP server on loopback that plays what it is told, byte by byte.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

namespace bikeflow {

struct PlayedRequest {
  std::string head;  // "GET /a HTTP/1.1\r\n..."
  [[nodiscard]] std::string path() const {
    const std::size_t from = head.find(' ') + 1;
    return head.substr(from, head.find(' ', from) - from);
  }
  // Empty where there is none.
  [[nodiscard]] std::string header(std::string_view name) const {
    for (std::size_t at = 0; (at = head.find("\r\n", at)) != head.npos;) {
      at += 2;
      const std::size_t colon = head.find(": ", at);
      if (colon == at + name.size() && ::strncasecmp(&head[at], name.data(), name.size()) == 0) {
        return head.substr(colon + 2, head.find("\r\n", at) - colon - 2);
      }
    }
    return "";
  }
};

// A connection's end, as a play has it.
class HttpPeer {
 public:
  HttpPeer(int socket, const std::atomic<bool>& is_over) : socket_(socket), is_over_(is_over) {}

  // False where the client has gone.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
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

  explicit PlayedServer(Play play) : play_(std::move(play)) {
    listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listening_, any, size), 0);
    EXPECT_EQ(::listen(listening_, 512), 0);
    EXPECT_EQ(::getsockname(listening_, any, &size), 0);
    port_ = ntohs(address.sin_port);
    accepting_ = std::thread([this] { accept_all(); });
  }
  PlayedServer(const PlayedServer&) = delete;
  PlayedServer& operator=(const PlayedServer&) = delete;
  ~PlayedServer() {
    is_over_ = true;
    ::shutdown(listening_, SHUT_RDWR);
    accepting_.join();
    {
      const std::scoped_lock lock(mutex_);
      for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
    ::close(listening_);
  }

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url(std::string_view path) const {
    return fmt::format("http://127.0.0.1:{}{}", port_, path);
  }
  [[nodiscard]] int connections() const { return connections_; }
  [[nodiscard]] int most_at_once() const { return most_at_once_; }
  [[nodiscard]] std::vector<PlayedRequest> requests() {
    const std::scoped_lock lock(mutex_);
    return requests_;
  }

 private:
  static constexpr char kTlsHello = 0x16;

  void accept_all() {
    for (;;) {
      const int socket = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) return;
      ++connections_;
      const std::scoped_lock lock(mutex_);
      open_.push_back(socket);
      threads_.emplace_back([this, socket] { serve(socket); });
    }
  }

  void serve(int socket) {
    HttpPeer peer(socket, is_over_);
    std::string got;
    do {
      std::size_t end = 0;
      while (!got.starts_with(kTlsHello) && (end = got.find("\r\n\r\n")) == got.npos) {
        char buffer[4096];
        const ssize_t size = ::recv(socket, buffer, sizeof(buffer), 0);
        if (size <= 0) return close(socket);
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
    close(socket);
  }

  void close(int socket) {
    const std::scoped_lock lock(mutex_);
    open_.remove(socket);
    ::close(socket);
  }

  Play play_;
  int listening_ = -1;
  int port_ = 0;
  std::atomic<bool> is_over_ = false;
  std::atomic<int> connections_ = 0, most_at_once_ = 0;
  std::thread accepting_;
  std::mutex mutex_;
  int at_once_ = 0;
  std::list<int> open_;
  std::list<std::thread> threads_;
  std::vector<PlayedRequest> requests_;
};

}  // namespace bikeflow
