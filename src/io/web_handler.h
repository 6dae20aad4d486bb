// What an HTTP server asks of the program behind it, as values: the server (io/http_server.h) has
// the sockets, the handler knows the answers.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bikeflow {

// A GET or HEAD that has passed the server's checks. Its text is UTF-8 without control characters,
// except in the four headers, which are as they came.
struct WebRequest {
  std::string method = {};  // "GET" or "HEAD"
  // The decoded parts of the path between its slashes; those that are empty or a dot are gone, two
  // dots have taken away the one before. "/a%2Fb/./c/" has "a/b" and "c".
  std::vector<std::string> segments = {};
  // "/" and the segments, with slashes between; a slash inside of one stays "%2F".
  std::string path = {};
  std::vector<std::pair<std::string, std::string>> query = {};  // decoded, in its order
  std::string host = {};                                        // as the client calls this server
  std::string accept_encoding = {}, if_none_match = {}, authorization = {};  // empty: none
  std::string last_event_id = {};  // or the query's last_event_id where there is no such header
  std::string peer = {};           // the client's address: "127.0.0.1"
  // Nobody waits for the answer any more: the server ends, or the time limit has passed. For
  // answers that take long.
  std::stop_token unwanted = {};
};

struct WebAnswer {
  int status = 200;  // 200 to 599
  std::string content_type = {};
  std::string body = {};
  // ETag, Cache-Control, Content-Security-Policy (where there is none, one that allows nothing) and
  // others; not those that the server writes: Connection, Content-Encoding, Content-Length, Date,
  // Transfer-Encoding, Vary. An ETag names the content, however it is compressed.
  std::vector<std::pair<std::string, std::string>> headers = {};
  bool is_gzipped = false;  // the body is; whoever does not accept that gets it unpacked
};

// {"error":"..."} with that status: what is wrong and what to do.
WebAnswer web_error(int status, std::string_view what);

// Whole server-sent events, for one reader or for many: they are in memory once.
using EventText = std::shared_ptr<const std::string>;

// One client's event stream. Gone as soon as the client is.
//
// Threads: the server's socket thread alone.
class EventSource {
 public:
  virtual ~EventSource() = default;
  // The events that are due; null: nothing new. Quick. Asked when the stream begins,
  // after HttpServer::wake(), now and then, and again after each text until there is nothing new;
  // but only once the socket has taken all that was given before. So a client that is slow gets
  // what is different by then, not all that happened, and at most one text waits for it.
  virtual EventText take() = 0;
};

// What throws gives the client a 500, and the log a warning.
class WebHandler {
 public:
  virtual ~WebHandler() = default;
  // May take long. Threads: several of the server's at once.
  virtual WebAnswer answer(const WebRequest& request) = 0;
  // Null: this is no event stream, ask answer(). Quick. Threads: the server's socket thread.
  virtual std::unique_ptr<EventSource> events(const WebRequest& request) = 0;
  // The answer to what must have one though all who make answers are busy, and however often its
  // client asks: whether the process lives and has data. Nothing: ask answer(). Quick. Threads: the
  // server's socket thread.
  virtual std::optional<WebAnswer> at_once(const WebRequest& request) {
    (void)request;
    return std::nullopt;
  }
};

}  // namespace bikeflow
