// What a live feed asks of HTTP and what comes back, as values: feed/ decides, io/ has the sockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <vector>

namespace bikeflow {

struct HttpHeader {
  std::string name, value;
};

// A GET. Redirects are followed, compression is undone.
struct HttpRequest {
  std::string url;                  // may hold a key, so it is never shown
  std::string shown_url;            // the same for logs and errors, with *** in the place of a key
  std::vector<HttpHeader> headers;  // their values may be secret too
  std::int64_t timeout_ms = 10'000;
  std::size_t most_bytes = std::size_t{32} << 20;  // of the body, decompressed
};

struct HttpAnswer {
  int status = 0;
  std::string body;                              // decompressed
  std::string etag, last_modified, retry_after;  // those headers as they came; empty: none
  std::string shown_final_url;                   // after redirects, without its query
};

// No answer.
struct HttpFailure {
  enum class Kind : std::uint8_t {
    kTimeout,
    kNoHost,   // the name does not resolve
    kRefused,  // nothing listens there
    kTls,
    kCut,  // the connection ended within the answer
    kTooLarge,
    kTooManyRedirects,
    kOther,
  };
  Kind kind = Kind::kOther;
  std::string text;  // for people, without secrets
};

using HttpOutcome = std::expected<HttpAnswer, HttpFailure>;

}  // namespace bikeflow
