// For tests: a client of an HTTP server on loopback, byte by byte.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "test/loopback.h"

namespace bikeflow {

struct ClientAnswer {
  int status = 0;  // 0: none came
  std::string head, body;

  [[nodiscard]] std::string header(std::string_view name) const { return header_in(head, name); }
};

class WebClient {
 public:
  static constexpr int kPatienceMs = 10'000;

  // `receive_bytes`: of the kernel's buffer; 0: its own choice.
  explicit WebClient(int port, int receive_bytes = 0) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_bytes > 0) {
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
    }
    const sockaddr_in address = loopback_address(port);
    is_connected_ =
        ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  WebClient(WebClient&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)),
        is_connected_(other.is_connected_),
        got_(std::move(other.got_)) {}
  WebClient& operator=(WebClient&&) = delete;
  ~WebClient() { close(); }

  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }
  void send_no_more() { ::shutdown(socket_, SHUT_WR); }
  [[nodiscard]] bool is_connected() const { return is_connected_; }
  [[nodiscard]] int descriptor() const { return socket_; }

  // Where the server has closed, what it said can still be read.
  void send(std::string_view bytes) { send_all(socket_, bytes); }

  // `headers` end in a line break each.
  void ask(std::string_view target, std::string_view headers = "") {
    send("GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) +
         "\r\n");
  }
  ClientAnswer get(std::string_view target, std::string_view headers = "") {
    ask(target, headers);
    return answer();
  }

  // The next one; its body by Content-Length.
  ClientAnswer answer(bool has_body = true) {
    ClientAnswer answer;
    if (!read_until("\r\n\r\n")) return answer;
    const std::size_t end = got_.find("\r\n\r\n") + 4;
    answer.head = got_.substr(0, end - 2);
    got_.erase(0, end);
    answer.status = std::atoi(answer.head.substr(9, 3).c_str());
    const auto size = static_cast<std::size_t>(std::atoll(answer.header("Content-Length").c_str()));
    while (has_body && got_.size() < size && read_some(kPatienceMs)) {
    }
    answer.body = got_.substr(0, has_body ? size : 0);
    got_.erase(0, answer.body.size());
    return answer;
  }

  // False where the server closes, or is silent, before it has sent that.
  bool read_until(std::string_view text) {
    while (got_.find(text) == got_.npos) {
      if (!read_some(kPatienceMs)) return false;
    }
    return true;
  }
  // What has come and was not yet part of an answer.
  [[nodiscard]] const std::string& got() const { return got_; }
  void forget_got() { got_.clear(); }

  // Whether the server closes within that time; what it sends before goes to got().
  bool sees_end(int within_ms) {
    for (;;) {
      pollfd watched{.fd = socket_, .events = POLLIN, .revents = 0};
      if (::poll(&watched, 1, within_ms) <= 0) return false;
      if (!read_some(0)) return true;
    }
  }

  // False at the end, or where nothing comes in that time.
  bool read_some(int within_ms) {
    pollfd watched{.fd = socket_, .events = POLLIN, .revents = 0};
    if (::poll(&watched, 1, within_ms) <= 0) return false;
    char buffer[16384];
    const ssize_t size = ::recv(socket_, buffer, sizeof(buffer), 0);
    if (size <= 0) return false;
    got_.append(buffer, static_cast<std::size_t>(size));
    return true;
  }

 private:
  int socket_ = -1;
  bool is_connected_ = false;
  std::string got_;
};

}  // namespace bikeflow
