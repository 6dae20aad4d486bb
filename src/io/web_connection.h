// One client's connection: reads a request, has it answered, writes the answer, and again; or, once
// the handler says so, writes events until one side ends.
//
// Threads: the socket thread alone. Included by http_server.cc and web_connection.cc only, because
// of Boost.Asio.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "io/web_gate.h"
#include "io/web_head.h"
#include "io/web_reply.h"
#include "io/web_shared.h"

namespace bikeflow {

class WebConnection : public std::enable_shared_from_this<WebConnection> {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  // `peer` is the client's address, `rated` the one that its requests are counted for.
  WebConnection(std::uint64_t id, Socket socket, std::string peer, std::string rated,
                WebShared& shared);

  void start();
  // In the place of start(): tells the client why it is not served.
  void refuse(WebRefusal refusal);
  // What its request has come to.
  void take(WebReply reply);
  // Asks its stream for events, if it has one that waits for nothing else; not `all`: if it has
  // said before that there may be more.
  void ask(bool all);
  // Ends what takes too long.
  void look_at_time(std::int64_t now_ms);
  void close();

  // Since when a stream's client has taken nothing of what is there for it.
  [[nodiscard]] std::optional<std::int64_t> stalled_since_ms() const;
  // Since when an answer, which is no stream, is being written.
  [[nodiscard]] std::optional<std::int64_t> answering_since_ms() const;

 private:
  enum class State : std::uint8_t {
    kReading,
    kAnswering,
    kWriting,
    kStreaming,
    kLingering,  // all is written; what the client still sends is read, or it would lose the answer
    kClosed,
  };

  void wait_for_bytes();
  void on_bytes();
  void read_head();
  void admit(const WebHead& head);
  void order(WebRequest request);
  void begin_stream(std::unique_ptr<EventSource> source);
  [[nodiscard]] bool has_room() const;
  [[nodiscard]] EventText take_events();
  void write(std::string head, EventText body);
  [[nodiscard]] std::size_t unsent() const;
  void count_unsent_no_more();
  void write_some();
  void on_written(std::size_t size);
  void end_answer();
  void linger();
  void close_after(const boost::system::error_code& error);
  void look_at_stream(std::int64_t now_ms);
  void fail(const std::string& what);
  void answer_now(WebAnswer answer);

  const std::uint64_t id_;
  Socket socket_;
  const std::string peer_, rated_;
  WebShared& shared_;
  State state_ = State::kReading;
  std::int64_t deadline_ms_ = 0;  // of the state
  bool is_waiting_ = false;       // for bytes

  std::string got_;                      // not yet read as a request
  std::optional<WebHeadReader> reader_;  // while a head has begun
  std::size_t ignored_bytes_ = 0;
  bool is_head_request_ = false;
  bool keeps_alive_ = false;
  std::stop_source unwanted_{std::nostopstate};

  std::string head_;  // being written, and then the body
  EventText body_;
  std::size_t sent_ = 0;  // of both
  bool is_writing_ = false;
  std::int64_t began_ms_ = 0;  // to write them
  std::int64_t moved_ms_ = 0;  // when the client last took something

  std::unique_ptr<EventSource> source_;
  bool may_have_more_ = false;
};

}  // namespace bikeflow
