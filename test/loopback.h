// For tests: what servers and clients on loopback have in common.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

namespace bikeflow {

// Port 0: any free one.
inline sockaddr_in loopback_address(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

// False where the other end has gone.
inline bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// Of the head of an HTTP request or answer; empty where there is no such header.
inline std::string header_in(std::string_view head, std::string_view name) {
  for (std::size_t at = 0; (at = head.find("\r\n", at)) != head.npos;) {
    at += 2;
    const std::size_t colon = head.find(": ", at);
    if (colon == at + name.size() && ::strncasecmp(&head[at], name.data(), name.size()) == 0) {
      return std::string(head.substr(colon + 2, head.find("\r\n", at) - colon - 2));
    }
  }
  return "";
}

// Threads: each connection is served in a thread of its own.
class LoopbackServer {
 public:
  // Until it returns; the socket is closed then, and shut down under it at the server's end.
  using Serve = std::function<void(int socket)>;

  explicit LoopbackServer(Serve serve) : serve_(std::move(serve)) {
    listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback_address(0);
    socklen_t size = sizeof(address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listening_, any, size), 0);
    EXPECT_EQ(::listen(listening_, 512), 0);
    EXPECT_EQ(::getsockname(listening_, any, &size), 0);
    port_ = ntohs(address.sin_port);
    accepting_ = std::thread([this] { accept_all(); });
  }
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;
  ~LoopbackServer() {
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
  [[nodiscard]] int connections() const { return connections_; }
  [[nodiscard]] const std::atomic<bool>& is_over() const { return is_over_; }

 private:
  void accept_all() {
    for (;;) {
      const int socket = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) return;
      ++connections_;
      const std::scoped_lock lock(mutex_);
      open_.push_back(socket);
      threads_.emplace_back([this, socket] {
        serve_(socket);
        const std::scoped_lock closing(mutex_);
        open_.remove(socket);
        ::close(socket);
      });
    }
  }

  Serve serve_;
  int listening_ = -1;
  int port_ = 0;
  std::atomic<bool> is_over_ = false;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  std::list<int> open_;
  std::list<std::thread> threads_;
  std::thread accepting_;
};

}  // namespace bikeflow
