#include "io/http_server.h"

#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/check.h"
#include "io/clock.h"
#include "io/web_connection.h"
#include "io/web_listen.h"
#include "io/web_shared.h"

namespace bikeflow {
namespace {

namespace asio = boost::asio;
using AsioError = boost::system::error_code;
using Tcp = asio::ip::tcp;
using std::chrono::milliseconds;

constexpr int kBacklog = 1024;
// Connections above the most that are told so, instead of being closed without a word.
constexpr std::size_t kMostTurnedAway = 64;
// Files that the rest of the program needs.
constexpr std::size_t kOtherFiles = 256;
constexpr std::int64_t kLongestTickMs = 250;
constexpr std::int64_t kAcceptAgainMs = 100;
// So many streams are asked one after another before others get their turn.
constexpr std::size_t kAskedAtOnce = 32;
// A stream that has taken nothing for so long makes room for others, where room is short.
constexpr std::int64_t kSurelyStalledMs = 1'000;

std::unexpected<Error> cannot_listen(const ListenPlace& place, std::string_view option,
                                     const AsioError& error) {
  if (error == asio::error::address_in_use) {
    return fail("{}: address already in use: another bikeflow? name another with {}", place.text(),
                option);
  }
  if (error == asio::error::access_denied) {
    return fail("{}: this user may not listen there; name a port from 1024 on with {}",
                place.text(), option);
  }
  if (error == boost::system::errc::address_not_available) {
    return fail("{}: this machine has no such address; name one of its own with {}", place.text(),
                option);
  }
  return fail("{}: cannot listen there: {}", place.text(), error.message());
}

Result<Tcp::acceptor> open(asio::io_context& io, const ListenPlace& place,
                           std::string_view option) {
  AsioError error;
  const auto address = asio::ip::make_address(place.address, error);
  CHECK(!error);
  const Tcp::endpoint end(address, static_cast<asio::ip::port_type>(place.port));
  Tcp::acceptor acceptor(io);
  acceptor.open(end.protocol(), error);
  if (!error) acceptor.set_option(Tcp::acceptor::reuse_address(true), error);
  if (!error && address.is_v6()) acceptor.set_option(asio::ip::v6_only(false), error);
  if (!error) acceptor.bind(end, error);
  if (!error) acceptor.listen(kBacklog, error);
  if (error) return cannot_listen(place, option, error);
  return acceptor;
}

// How many connections the limit of open files leaves; raises that if it may.
std::size_t most_connections(std::size_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  const rlim_t needed = wanted + kMostTurnedAway + kOtherFiles;
  if (limit.rlim_cur < needed && limit.rlim_cur < limit.rlim_max) {
    rlimit raised = limit;
    raised.rlim_cur = std::min<rlim_t>(needed, limit.rlim_max);
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  if (limit.rlim_cur >= needed) return wanted;
  const rlim_t kept = std::min<rlim_t>(kMostTurnedAway + kOtherFiles, limit.rlim_cur / 2);
  return std::max<std::size_t>(limit.rlim_cur - kept, 1);
}

struct Peer {
  std::string address, rated;
};

Peer peer_of(asio::ip::address address) {
  if (address.is_v4()) return {address.to_string(), address.to_string()};
  const asio::ip::address_v6 six = address.to_v6();
  if (six.is_v4_mapped()) return peer_of(asio::ip::make_address_v4(asio::ip::v4_mapped, six));
  // Who has one address of IPv6 has all of its /64.
  const auto bytes = six.to_bytes();
  return {six.to_string(), std::string(bytes.begin(), bytes.begin() + 8)};
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(HttpServerSettings settings, WebHandler& handler, bool is_on_loopback)
      : shared_(std::move(settings), handler, is_on_loopback),
        most_connections_(most_connections(shared_.settings.most_connections)),
        acceptor_(io_),
        accept_again_(io_),
        tick_(io_),
        round_(io_) {
    shared_.want_round = [this] { want_round(); };
    shared_.forget = [this](std::uint64_t id) { forget(id); };
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    if (!thread_.joinable()) return;
    shared_.workers->begin_no_more();  // or they would once those that they are at are given up
    asio::post(io_, [this] { end(); });
    thread_.join();
    shared_.workers.reset();
  }

  Result<void> start(const ListenPlace& place) {
    auto acceptor = open(io_, place, shared_.settings.listen_option);
    if (!acceptor) return std::unexpected(acceptor.error());
    acceptor_ = std::move(*acceptor);
    place_ = place;
    AsioError error;
    place_.port = acceptor_.local_endpoint(error).port();
    const HttpServerSettings& settings = shared_.settings;
    if (most_connections_ < settings.most_connections) {
      shared_.voice.say("files",
                        fmt::format("{}: only {} clients at once, not {}, because of the limit of "
                                    "open files; raise that (ulimit -n)",
                                    place_.text(), most_connections_, settings.most_connections));
    }
    shared_.workers = std::make_unique<WebWorkers>(
        shared_.handler, settings.workers, settings.most_waiting, [this](WebDone done) {
          asio::post(io_, [this, done = std::move(done)]() mutable { on_done(std::move(done)); });
        });
    accept();
    tick();
    thread_ = std::thread([this] { run(); });
    return {};
  }

  [[nodiscard]] const ListenPlace& place() const { return place_; }
  [[nodiscard]] HttpServerCounts counts() const { return shared_.counts(); }

  void wake() {
    if (!is_woken_.exchange(true)) asio::post(io_, [this] { want_round(); });
  }

 private:
  void run() {
    for (;;) {
      try {
        io_.run();
        return;
      } catch (...) {
        say_fault();
      }
    }
  }

  // Of what is being handled.
  void say_fault() {
    shared_.voice.say("bug", fmt::format("{}: {}", place_.text(), thrown_text()));
  }

  void end() {
    AsioError ignored;
    acceptor_.close(ignored);
    asked_.clear();
    for (const auto& connection : all()) connection->close();
    io_.stop();
  }

  // They may go while somebody looks at all of them.
  [[nodiscard]] std::vector<std::shared_ptr<WebConnection>> all() const {
    std::vector<std::shared_ptr<WebConnection>> connections;
    connections.reserve(connections_.size());
    for (const auto& [id, connection] : connections_) connections.push_back(connection);
    return connections;
  }

  void accept() {
    acceptor_.async_accept([this](const AsioError& error, Tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error && error != asio::error::connection_aborted) {
        shared_.voice.say("accept", fmt::format("{}: no connection can be accepted: {}",
                                                place_.text(), error.message()));
        accept_again_.expires_after(milliseconds(kAcceptAgainMs));
        accept_again_.async_wait([this](const AsioError& cancelled) {
          if (!cancelled) accept();
        });
        return;
      }
      accept();
      if (!error) begin(std::move(socket));
    });
  }

  void begin(Tcp::socket socket) {
    AsioError error;
    const Tcp::endpoint end = socket.remote_endpoint(error);
    if (error) return;  // gone already
    shared_.count([](HttpServerCounts& counts) { ++counts.connections; });
    const std::size_t now = connections_.size();
    if (now >= most_connections_ + kMostTurnedAway) {
      return shared_.count([](HttpServerCounts& counts) {
        ++counts.refused.at(static_cast<std::size_t>(WebRefused::kTooManyConnections));
      });
    }
    socket.non_blocking(true, error);
    if (!error) socket.set_option(Tcp::no_delay(true), error);
    if (error) return;
    end_when_stalled(socket);
    Peer peer = peer_of(end.address());
    const std::uint64_t id = next_id_++;
    const auto connection = std::make_shared<WebConnection>(
        id, std::move(socket), std::move(peer.address), std::move(peer.rated), shared_);
    connections_.emplace(id, connection);
    count_connections();
    if (now < most_connections_) return connection->start();
    WebRefusal refusal{.reason = WebRefused::kTooManyConnections,
                       .answer = web_error(503, "too many clients; try again later"),
                       .closes = true};
    refusal.answer.headers.emplace_back("Retry-After", "10");
    connection->refuse(std::move(refusal));
  }

  // What the kernel has taken for a client but cannot deliver: one that has gone without a word, or
  // that takes nothing of what fits into the kernel's buffer.
  void end_when_stalled(Tcp::socket& socket) const {
    const auto after_ms = static_cast<unsigned>(shared_.settings.stalled_ms);
    (void)::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &after_ms,
                       sizeof(after_ms));
  }

  void forget(std::uint64_t id) {
    connections_.erase(id);
    count_connections();
  }

  void count_connections() {
    shared_.count([&](HttpServerCounts& counts) {
      counts.connections_now = connections_.size();
      counts.unsent_bytes_now = shared_.unsent_bytes;
    });
  }

  void on_done(WebDone done) {
    if (done.failure) {
      shared_.count([](HttpServerCounts& counts) { ++counts.failures; });
      shared_.voice.say("failure", *done.failure);
    }
    const auto found = connections_.find(done.connection);
    if (found == connections_.end()) return;  // it has gone meanwhile
    const std::shared_ptr<WebConnection> connection = found->second;
    connection->take(std::move(done.reply));
  }

  void want_round() {
    if (std::exchange(has_round_, true) || is_in_round_) return;
    round_.expires_at(next_round_);
    round_.async_wait([this](const AsioError& cancelled) {
      if (!cancelled) begin_round();
    });
  }

  void begin_round() {
    is_in_round_ = true;
    has_round_ = false;
    round_began_ = std::chrono::steady_clock::now();
    // Before they are asked, so that what is new meanwhile makes another round.
    is_round_for_all_ = is_woken_.exchange(false);
    try {
      asked_ = all();
      make_room();
    } catch (...) {
      say_fault();
    }
    ask_some();
  }

  // A fault ends the round here, and not where faults of all handlers arrive: there it may be that
  // the rest of the round is to come.
  void ask_some() {
    try {
      for (std::size_t i = 0; i < kAskedAtOnce && !asked_.empty(); ++i) {
        const auto connection = std::move(asked_.back());
        asked_.pop_back();
        connection->ask(is_round_for_all_);
      }
      if (!asked_.empty()) return asio::post(io_, [this] { ask_some(); });
    } catch (...) {
      say_fault();
    }
    end_round();
  }

  void end_round() {
    asked_.clear();
    count_connections();
    is_in_round_ = false;
    // As long as it took, nobody is asked: the rest of the process, and other clients, need time.
    const auto now = std::chrono::steady_clock::now();
    next_round_ = std::max(round_began_ + milliseconds(shared_.settings.between_rounds_ms),
                           now + (now - round_began_));
    if (std::exchange(has_round_, false)) want_round();
  }

  void make_room() {
    const std::int64_t now_ms = monotonic_ms();
    close_oldest(&WebConnection::stalled_since_ms, now_ms - kSurelyStalledMs);
    close_oldest(&WebConnection::answering_since_ms, now_ms - shared_.settings.slow_ms);
  }

  // Of those that have been at it since before then, until there is room.
  void close_oldest(std::optional<std::int64_t> (WebConnection::*since_ms)() const,
                    std::int64_t before_ms) {
    const auto is_room_short = [&] {
      return shared_.unsent_bytes > shared_.settings.most_unsent_bytes;
    };
    if (!is_room_short()) return;
    auto connections = all();
    std::erase_if(connections, [&](const auto& each) {
      return ((*each).*since_ms)().value_or(before_ms + 1) > before_ms;
    });
    std::ranges::sort(connections, {}, [&](const auto& each) { return *((*each).*since_ms)(); });
    for (const auto& connection : connections) {
      if (!is_room_short()) return;
      connection->close();
    }
  }

  void tick() {
    const HttpServerSettings& settings = shared_.settings;
    // A limit is kept to within a quarter of it.
    const std::int64_t shortest_ms =
        std::min({settings.head_ms, settings.idle_ms, settings.answer_ms, settings.stalled_ms,
                  settings.quiet_ms, settings.ask_ms});
    tick_.expires_after(milliseconds(std::clamp<std::int64_t>(shortest_ms / 4, 1, kLongestTickMs)));
    tick_.async_wait([this](const AsioError& cancelled) {
      if (!cancelled) tick();
    });
    const std::int64_t now_ms = monotonic_ms();
    for (const auto& connection : all()) connection->look_at_time(now_ms);
    shared_.rates.forget_rested(now_ms);
    count_connections();
    if (now_ms < ask_at_ms_) return;
    ask_at_ms_ = now_ms + settings.ask_ms;
    wake();
  }

  WebShared shared_;
  const std::size_t most_connections_;
  ListenPlace place_;
  std::atomic<bool> is_woken_ = false;
  bool has_round_ = false;  // one is to come
  bool is_in_round_ = false, is_round_for_all_ = false;
  std::chrono::steady_clock::time_point round_began_, next_round_;
  std::int64_t ask_at_ms_ = 0;
  std::uint64_t next_id_ = 1;

  // Connections that nobody but a pending operation of it knows end with it, so before the rest.
  asio::io_context io_;
  Tcp::acceptor acceptor_;
  asio::steady_timer accept_again_, tick_, round_;
  std::unordered_map<std::uint64_t, std::shared_ptr<WebConnection>> connections_;
  std::vector<std::shared_ptr<WebConnection>> asked_;  // those who are still to be, in this round
  std::thread thread_;
};

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpServerSettings settings,
                                                      WebHandler& handler) {
  const auto place = parse_listen(settings.listen);
  if (!place) return std::unexpected(place.error());
  auto impl = std::make_unique<Impl>(std::move(settings), handler, place->is_loopback);
  if (const auto started = impl->start(*place); !started) return std::unexpected(started.error());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

int HttpServer::port() const { return impl_->place().port; }
std::string HttpServer::place() const { return impl_->place().text(); }
void HttpServer::wake() { impl_->wake(); }
HttpServerCounts HttpServer::counts() const { return impl_->counts(); }

}  // namespace bikeflow
