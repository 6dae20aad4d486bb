// Many GBFS systems in a process of their own, whose counts change with each poll, on the clock of
// a run that leaves idle time out.
//
// What is served is counted on a board that both processes see. /N/gbfs.json names the documents of
// system N.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <new>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"
#include "io/clock.h"

namespace bikeflow {

// Threads: the server's process writes, and who has waited for it to be quiet reads.
struct SoakBoard {
  static constexpr std::size_t kMostSystems = 2000;

  struct System {
    std::int64_t rounds = 0;
    std::int64_t first_ms = 0, last_ms = 0;  // of the simulated wall clock
    std::int64_t longest_ms = 0;             // between two rounds
  };

  std::int64_t wall_ms = 0, began_ms = 0;    // both clocks, at the start
  std::atomic<std::int64_t> skipped_ms = 0;  // of FeedPollsSettings
  std::array<System, kMostSystems> systems;

  [[nodiscard]] std::int64_t now_ms() const {
    return wall_ms + monotonic_ms() - began_ms + skipped_ms;
  }
};

class SoakServer {
 public:
  SoakServer(int systems, int stations) : stations_(stations) {
    CHECK(systems <= static_cast<int>(SoakBoard::kMostSystems));
    void* shared = ::mmap(nullptr, sizeof(SoakBoard), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
    board_ = new (shared) SoakBoard;
    board_->wall_ms = wall_now() * 1000;
    board_->began_ms = monotonic_ms();
    listen();
    const pid_t parent = ::getpid();
    child_ = ::fork();
    CHECK(child_ >= 0);
    if (child_ > 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) std::_Exit(1);
    bikes_.assign(static_cast<std::size_t>(systems), std::vector<int>(stations_, 10));
    serve();
  }
  SoakServer(const SoakServer&) = delete;
  SoakServer& operator=(const SoakServer&) = delete;
  ~SoakServer() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    ::close(listening_);
    ::munmap(board_, sizeof(SoakBoard));
  }

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] SoakBoard& board() const { return *board_; }

 private:
  struct Connection {
    std::string in, out;
  };

  void listen() {
    listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    CHECK(::bind(listening_, any, size) == 0 && ::listen(listening_, 512) == 0);
    CHECK(::getsockname(listening_, any, &size) == 0);
    port_ = ntohs(address.sin_port);
  }

  [[noreturn]] void serve() {
    const int poll = ::epoll_create1(EPOLL_CLOEXEC);
    watch(poll, EPOLL_CTL_ADD, listening_, EPOLLIN);
    std::array<epoll_event, 64> events{};
    for (;;) {
      const int count = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        const int socket = events[static_cast<std::size_t>(i)].data.fd;
        if (socket != listening_) {
          go_on(poll, socket);
          continue;
        }
        const int fresh = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fresh < 0) continue;
        connections_[fresh] = {};
        watch(poll, EPOLL_CTL_ADD, fresh, EPOLLIN);
      }
    }
  }

  static void watch(int poll, int how, int socket, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = socket;
    ::epoll_ctl(poll, how, socket, &event);
  }

  void go_on(int poll, int socket) {
    Connection& connection = connections_[socket];
    std::array<char, 8192> buffer;
    const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), 0);
    bool is_over = got == 0;
    if (got > 0) connection.in.append(buffer.data(), static_cast<std::size_t>(got));
    for (std::size_t end = 0; (end = connection.in.find("\r\n\r\n")) != std::string::npos;) {
      answer(std::string_view(connection.in).substr(0, end), connection.out);
      connection.in.erase(0, end + 4);
    }
    while (!connection.out.empty()) {
      const ssize_t sent =
          ::send(socket, connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
      if (sent < 0) {
        is_over |= errno != EAGAIN;
        break;
      }
      connection.out.erase(0, static_cast<std::size_t>(sent));
    }
    if (is_over) {
      connections_.erase(socket);
      ::close(socket);
    } else {
      watch(poll, EPOLL_CTL_MOD, socket, connection.out.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT);
    }
  }

  // "GET /17/station_status.json HTTP/1.1"
  void answer(std::string_view head, std::string& out) {
    head.remove_prefix(std::min(head.find('/') + 1, head.size()));
    const auto system = static_cast<std::size_t>(std::atoi(head.data()));
    const std::string_view document = head.substr(head.find('/') + 1, 16);
    std::string body;
    if (system < bikes_.size()) {
      if (document.starts_with("gbfs")) body = discovery(system);
      if (document.starts_with("station_info")) body = information();
      if (document.starts_with("station_status")) body = status(system);
    }
    out +=
        fmt::format("HTTP/1.1 {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                    body.empty() ? "404 Not Found" : "200 OK", body.size());
    out += body;
  }

  [[nodiscard]] std::string document(std::string_view data) const {
    return fmt::format(R"({{"last_updated":{},"ttl":60,"version":"2.3","data":{}}})",
                       board_->now_ms() / 1000, data);
  }

  [[nodiscard]] std::string discovery(std::size_t system) const {
    const auto feed = [&](std::string_view name) {
      return fmt::format(R"({{"name":"{0}","url":"http://127.0.0.1:{1}/{2}/{0}.json"}})", name,
                         port_, system);
    };
    return document(fmt::format(R"({{"en":{{"feeds":[{},{}]}}}})", feed("station_information"),
                                feed("station_status")));
  }

  [[nodiscard]] std::string information() const {
    std::string all;
    for (int i = 0; i < stations_; ++i) {
      fmt::format_to(std::back_inserter(all),
                     R"({}{{"station_id":"{}","name":"Station number {}","lat":59.9{:04},)"
                     R"("lon":10.7{:04},"capacity":20}})",
                     i == 0 ? "" : ",", 1000 + i, i, i, i);
    }
    return document(fmt::format(R"({{"stations":[{}]}})", all));
  }

  std::string status(std::size_t number) {
    SoakBoard::System& system = board_->systems[number];
    const std::int64_t now_ms = board_->now_ms();
    if (system.rounds++ == 0) {
      system.first_ms = now_ms;
    } else {
      system.longest_ms = std::max(system.longest_ms, now_ms - system.last_ms);
    }
    system.last_ms = now_ms;
    std::string all;
    for (int i = 0; i < stations_; ++i) {
      int& bikes = bikes_[number][static_cast<std::size_t>(i)];
      random_ = random_ * 6364136223846793005U + 1442695040888963407U;
      const std::uint64_t chance = random_ >> 40;
      if (chance % 20 == 0) bikes = std::clamp(bikes + (chance / 20 % 2 == 0 ? 1 : -1), 0, 20);
      fmt::format_to(std::back_inserter(all),
                     R"({}{{"station_id":"{}","num_bikes_available":{},"num_bikes_disabled":0,)"
                     R"("num_docks_available":{},"is_installed":true,"is_renting":true,)"
                     R"("is_returning":true,"last_reported":{}}})",
                     i == 0 ? "" : ",", 1000 + i, bikes, 20 - bikes, now_ms / 1000);
    }
    return document(fmt::format(R"({{"stations":[{}]}})", all));
  }

  int stations_;
  SoakBoard* board_ = nullptr;
  int listening_ = -1;
  int port_ = 0;
  pid_t child_ = -1;
  // The server's process only.
  std::unordered_map<int, Connection> connections_;
  std::vector<std::vector<int>> bikes_;  // of each system
  std::uint64_t random_ = 1;
};

}  // namespace bikeflow
