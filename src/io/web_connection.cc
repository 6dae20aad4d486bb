#include "io/web_connection.h"

#include <array>
#include <utility>

#include <boost/asio/buffer.hpp>

#include "base/check.h"
#include "io/clock.h"

namespace bikeflow {
namespace {

namespace asio = boost::asio;
using AsioError = boost::system::error_code;

constexpr std::int64_t kLingerMs = 2'000;
constexpr std::size_t kMostIgnoredBytes = std::size_t{256} << 10;
constexpr int kBusySeconds = 2, kManyStreamsSeconds = 10;
constexpr std::int64_t kMillisInSecond = 1000;
constexpr const char* kComment = ":\n\n";

WebRefusal refusal(WebRefused reason, int status, std::string_view why, std::int64_t retry_s) {
  WebRefusal refused{.reason = reason, .answer = web_error(status, why), .closes = false};
  refused.answer.headers.emplace_back("Retry-After", std::to_string(retry_s));
  return refused;
}

}  // namespace

WebConnection::WebConnection(std::uint64_t id, Socket socket, std::string peer, std::string rated,
                             WebShared& shared)
    : id_(id),
      socket_(std::move(socket)),
      peer_(std::move(peer)),
      rated_(std::move(rated)),
      shared_(shared) {}

void WebConnection::start() {
  deadline_ms_ = monotonic_ms() + shared_.settings.head_ms;
  wait_for_bytes();
}

void WebConnection::wait_for_bytes() {
  if (std::exchange(is_waiting_, true)) return;
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](const AsioError& error) {
    self->is_waiting_ = false;
    if (!error) self->on_bytes();
  });
}

void WebConnection::on_bytes() {
  // While it is being answered, what comes next stays in the kernel, and the client has to wait.
  if (state_ == State::kAnswering || state_ == State::kWriting || state_ == State::kClosed) return;
  AsioError error;
  const std::size_t size = socket_.read_some(asio::buffer(shared_.room), error);
  if (error == asio::error::would_block || error == asio::error::try_again) return wait_for_bytes();
  if (error) return close_after(error);
  shared_.count([&](HttpServerCounts& counts) { counts.bytes_in += size; });
  if (state_ != State::kReading) {
    ignored_bytes_ += size;
    return ignored_bytes_ > kMostIgnoredBytes ? close() : wait_for_bytes();
  }
  got_.append(shared_.room.data(), size);
  read_head();
}

void WebConnection::read_head() {
  if (!reader_) {
    reader_.emplace(shared_.settings.most_head_bytes);
    deadline_ms_ = monotonic_ms() + shared_.settings.head_ms;
  }
  switch (reader_->read(got_)) {
    case WebHeadReader::Step::kNeedsMore:
      return wait_for_bytes();
    case WebHeadReader::Step::kRefused: {
      const bool is_too_large = reader_->status() == 431;
      return refuse({.reason = is_too_large ? WebRefused::kTooLarge : WebRefused::kMalformed,
                     .answer = web_error(reader_->status(), reader_->why()),
                     .closes = true});
    }
    case WebHeadReader::Step::kDone:
      break;
  }
  const WebHead head = reader_->head();
  reader_.reset();
  admit(head);
}

void WebConnection::admit(const WebHead& head) {
  is_head_request_ = head.method == "HEAD";
  keeps_alive_ = head.keeps_alive;
  auto request = shared_.gate.admit(head, peer_);
  // Streams are bounded by their number, everything else by the rate.
  std::unique_ptr<EventSource> source;
  std::optional<WebAnswer> at_once;
  if (request) {
    unwanted_ = std::stop_source();
    request->unwanted = unwanted_.get_token();
    try {
      source = shared_.handler.events(*request);
      if (!source) at_once = shared_.handler.at_once(*request);
    } catch (...) {
      return fail(request->method + " " + request->path + ": " + thrown_text());
    }
  }
  if (source) return begin_stream(std::move(source));
  if (at_once) return answer_now(*std::move(at_once));
  const std::int64_t wait_ms = shared_.rates.wait_ms(rated_, monotonic_ms());
  if (wait_ms > 0) {
    auto refused = refusal(WebRefused::kTooFast, 429, "too many requests from this address; wait",
                           (wait_ms + kMillisInSecond - 1) / kMillisInSecond);
    refused.closes = !request && request.error().closes;
    return refuse(std::move(refused));
  }
  if (!request) return refuse(std::move(request.error()));
  order(std::move(*request));
}

void WebConnection::order(WebRequest request) {
  state_ = State::kAnswering;
  deadline_ms_ = monotonic_ms() + shared_.settings.answer_ms;
  if (!has_room() || !shared_.workers->submit({id_, std::move(request), keeps_alive_})) {
    refuse(
        refusal(WebRefused::kBusy, 503, "too many requests at once; try again soon", kBusySeconds));
  }
}

void WebConnection::take(WebReply reply) {
  // It may have been given up meanwhile.
  if (state_ != State::kAnswering) return;
  state_ = State::kWriting;
  shared_.count([&](HttpServerCounts& counts) { ++counts.answers.at(reply.status / 100); });
  write(std::move(reply.head), std::make_shared<const std::string>(std::move(reply.body)));
}

void WebConnection::refuse(WebRefusal refusal) {
  shared_.count([&](HttpServerCounts& counts) {
    ++counts.refused.at(static_cast<std::size_t>(refusal.reason));
  });
  if (refusal.closes) keeps_alive_ = false;
  answer_now(std::move(refusal.answer));
}

// The handler's fault.
void WebConnection::fail(const std::string& what) {
  shared_.count([](HttpServerCounts& counts) { ++counts.failures; });
  shared_.voice.say("failure", what);
  answer_now(web_failure());
}

// With a small answer, as it is.
void WebConnection::answer_now(WebAnswer answer) {
  const WebRequest request{.method = is_head_request_ ? "HEAD" : "GET"};
  auto reply = web_reply(request, std::move(answer), keeps_alive_, wall_now());
  CHECK(reply.has_value());
  state_ = State::kAnswering;
  take(std::move(*reply));
}

void WebConnection::begin_stream(std::unique_ptr<EventSource> source) {
  if (shared_.streams >= shared_.settings.most_streams) {
    return refuse(refusal(WebRefused::kTooManyStreams, 503,
                          "too many clients have event streams; try again later",
                          kManyStreamsSeconds));
  }
  shared_.count([](HttpServerCounts& counts) { ++counts.answers.at(2); });
  keeps_alive_ = false;
  got_.clear();
  if (is_head_request_) {
    state_ = State::kWriting;
    return write(event_stream_head(wall_now()), nullptr);
  }
  AsioError ignored;
  socket_.set_option(asio::socket_base::send_buffer_size(shared_.settings.stream_send_bytes),
                     ignored);
  source_ = std::move(source);
  ++shared_.streams;
  shared_.count([&](HttpServerCounts& counts) {
    ++counts.streams;
    counts.streams_now = shared_.streams;
  });
  state_ = State::kStreaming;
  ignored_bytes_ = 0;
  // What there is no room for comes in a later round.
  EventText events = has_room() ? take_events() : nullptr;
  if (state_ != State::kStreaming) return;
  wait_for_bytes();  // only to learn that the client has gone
  write(event_stream_head(wall_now()), std::move(events));
}

bool WebConnection::has_room() const {
  return shared_.unsent_bytes <= shared_.settings.most_unsent_bytes;
}

// Where the source has failed, the stream has ended.
EventText WebConnection::take_events() {
  may_have_more_ = false;
  try {
    return source_->take();
  } catch (...) {
    shared_.count([](HttpServerCounts& counts) { ++counts.failures; });
    shared_.voice.say("failure", "an event stream: " + thrown_text());
  }
  close();
  return nullptr;
}

void WebConnection::ask(bool all) {
  if (state_ != State::kStreaming || is_writing_ || !(all || may_have_more_)) return;
  if (!has_room()) {
    may_have_more_ = true;
    return shared_.want_round();
  }
  if (EventText events = take_events()) write("", std::move(events));
}

void WebConnection::write(std::string head, EventText body) {
  CHECK(!is_writing_);
  head_ = std::move(head);
  body_ = std::move(body);
  sent_ = 0;
  is_writing_ = true;
  began_ms_ = moved_ms_ = monotonic_ms();
  shared_.unsent_bytes += head_.size();
  if (body_ && shared_.sending[body_.get()]++ == 0) shared_.unsent_bytes += body_->size();
  write_some();
}

std::size_t WebConnection::unsent() const {
  return head_.size() + (body_ ? body_->size() : 0) - sent_;
}

void WebConnection::count_unsent_no_more() {
  shared_.unsent_bytes -= head_.size();
  if (!body_ || --shared_.sending.at(body_.get()) > 0) return;
  shared_.sending.erase(body_.get());
  shared_.unsent_bytes -= body_->size();
}

void WebConnection::write_some() {
  const std::size_t of_head = std::min(sent_, head_.size());
  const auto body = body_ ? asio::buffer(*body_) : asio::const_buffer();
  const std::array<asio::const_buffer, 2> rest = {asio::buffer(head_) + of_head,
                                                  body + (sent_ - of_head)};
  socket_.async_write_some(rest,
                           [self = shared_from_this()](const AsioError& error, std::size_t size) {
                             if (self->state_ == State::kClosed) return;
                             if (error) return self->close_after(error);
                             self->on_written(size);
                           });
}

void WebConnection::on_written(std::size_t size) {
  sent_ += size;
  shared_.count([&](HttpServerCounts& counts) { counts.bytes_out += size; });
  moved_ms_ = monotonic_ms();
  if (unsent() > 0) return write_some();
  count_unsent_no_more();
  is_writing_ = false;
  sent_ = 0;
  head_ = {};
  body_ = nullptr;
  if (state_ == State::kWriting) return end_answer();
  may_have_more_ = true;
  shared_.want_round();
}

void WebConnection::end_answer() {
  if (!keeps_alive_) return linger();
  state_ = State::kReading;
  deadline_ms_ = monotonic_ms() + shared_.settings.idle_ms;
  if (!got_.empty()) return read_head();
  got_ = {};  // while it is idle it needs no room
  wait_for_bytes();
}

void WebConnection::linger() {
  state_ = State::kLingering;
  deadline_ms_ = monotonic_ms() + kLingerMs;
  ignored_bytes_ = 0;
  got_ = {};
  AsioError ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  wait_for_bytes();
}

void WebConnection::look_at_time(std::int64_t now_ms) {
  const auto too_slow = [this](int status, std::string_view why) {
    refuse({.reason = WebRefused::kTooSlow, .answer = web_error(status, why), .closes = true});
  };
  switch (state_) {
    case State::kReading:
      if (now_ms < deadline_ms_) return;
      return reader_ ? too_slow(408, "the request's head took too long") : close();
    case State::kAnswering:
      if (now_ms < deadline_ms_) return;
      unwanted_.request_stop();
      return too_slow(504, "this took too long; ask for less at once");
    case State::kWriting:
    case State::kStreaming:
      return look_at_stream(now_ms);
    case State::kLingering:
      return now_ms < deadline_ms_ ? void() : close();
    case State::kClosed:
      return;
  }
}

void WebConnection::look_at_stream(std::int64_t now_ms) {
  if (is_writing_ && now_ms - moved_ms_ >= shared_.settings.stalled_ms) {
    return close_after(asio::error::timed_out);
  }
  if (!is_writing_ && now_ms - moved_ms_ >= shared_.settings.quiet_ms) write(kComment, nullptr);
}

std::optional<std::int64_t> WebConnection::stalled_since_ms() const {
  return state_ == State::kStreaming && is_writing_ ? std::optional(moved_ms_) : std::nullopt;
}

std::optional<std::int64_t> WebConnection::answering_since_ms() const {
  return state_ == State::kWriting && is_writing_ ? std::optional(began_ms_) : std::nullopt;
}

void WebConnection::close_after(const AsioError& error) {
  if (error == asio::error::timed_out) {
    shared_.count([](HttpServerCounts& counts) {
      ++counts.refused.at(static_cast<std::size_t>(WebRefused::kTooSlow));
    });
  }
  close();
}

void WebConnection::close() {
  if (std::exchange(state_, State::kClosed) == State::kClosed) return;
  AsioError ignored;
  socket_.close(ignored);
  unwanted_.request_stop();
  if (is_writing_) count_unsent_no_more();
  if (source_) {
    source_.reset();
    --shared_.streams;
    shared_.count([&](HttpServerCounts& counts) { counts.streams_now = shared_.streams; });
  }
  shared_.forget(id_);
}

}  // namespace bikeflow
