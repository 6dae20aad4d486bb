// Any bytes as what a client sends to the HTTP server: the same requests however the bytes are cut,
// within their bound; and what comes in is a request that a handler can rely upon, answered in HTTP
// that says no more than its own headers.
//
// The first byte of the input chooses the pieces.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "feed/utf8.h"
#include "fuzz/require.h"
#include "io/web_gate.h"
#include "io/web_head.h"
#include "io/web_reply.h"
#include "io/web_target.h"

namespace {

using namespace bikeflow;  // NOLINT(google-build-using-namespace): a program of one file
using Step = WebHeadReader::Step;

constexpr std::size_t kMostBytes = 2000;
constexpr Seconds kNow = 1'723'383'000;

bool is_printable(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != 0x7F; });
}

struct Heads {
  std::vector<WebHead> heads;
  bool is_refused = false;
};

Heads read(std::string_view bytes, std::size_t piece) {
  Heads read;
  std::string got;
  WebHeadReader reader(kMostBytes);
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    got += bytes.substr(at, piece);
    while (!got.empty()) {
      const Step step = reader.read(got);
      if (step == Step::kRefused) {
        require(reader.status() == 400 || reader.status() == 431 || reader.status() == 505,
                "a status");
        require(!reader.why().empty() && is_printable(reader.why()),
                "a refusal that nobody can read");
        read.is_refused = true;
        return read;
      }
      require(got.size() <= kMostBytes || step == Step::kDone, "more is kept than may be sent");
      if (step == Step::kNeedsMore) break;
      read.heads.push_back(reader.head());
      reader = WebHeadReader(kMostBytes);
    }
  }
  return read;
}

void require_same(const WebHead& a, const WebHead& b) {
  require(a.method == b.method && a.target == b.target && a.host == b.host && a.hosts == b.hosts &&
              a.accept_encoding == b.accept_encoding && a.if_none_match == b.if_none_match &&
              a.authorization == b.authorization && a.last_event_id == b.last_event_id &&
              a.has_body == b.has_body && a.keeps_alive == b.keeps_alive,
          "another head in pieces");
}

void check_target(const WebTarget& target) {
  require(target.path.starts_with('/') && is_utf8(target.path) && is_printable(target.path),
          "a path");
  std::string joined;
  for (const std::string& segment : target.segments) {
    require(!segment.empty() && segment != "." && segment != "..", "a segment that is none");
    require(is_utf8(segment) && is_printable(segment), "a segment");
    joined += '/';
    for (const char c : segment) joined += c == '/' ? std::string("%2F") : std::string(1, c);
  }
  require(target.path == (joined.empty() ? "/" : joined), "a path that is not its segments");
  // Whoever takes the segments for a path, with any kind of slash, stays below.
  std::string walked = joined + "/";
  for (const char* slash : {"%2F", "\\"}) {
    for (std::size_t at = 0; (at = walked.find(slash, at)) != walked.npos;) {
      walked.replace(at, std::string_view(slash).size(), "/");
    }
  }
  require(walked.find("/../") == walked.npos && walked.find("/./") == walked.npos, "dots");
  for (const auto& [name, value] : target.query) {
    require(is_utf8(name) && is_utf8(value) && is_printable(name) && is_printable(value),
            "a parameter");
  }
}

void check_reply(const WebRequest& request, const WebAnswer& answer) {
  const auto reply = web_reply(request, answer, true, kNow);
  require(reply.has_value(), "no reply");
  const std::string& head = reply->head;
  require(head.starts_with("HTTP/1.1 ") && head.ends_with("\r\n\r\n"), "a head");
  require(head.find("\r\n\r\n") == head.size() - 4, "a head with an end inside");
  for (std::size_t at = 0; (at = head.find('\n', at)) != head.npos; ++at) {
    require(at > 0 && head[at - 1] == '\r', "a line break alone");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const WebGate kOnLoopback({.hosts = {"a"}, .token = "t", .is_open = {}}, true);
  static const WebGate kOpen({}, false);
  if (size < 1) return 0;
  const std::size_t piece = 1 + data[0] % 64;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);

  const Heads whole = read(bytes, bytes.size() + 1);
  const Heads pieces = read(bytes, piece);
  // In pieces, what is broken may be seen only once the end of its head has come.
  require(whole.is_refused || !pieces.is_refused, "refused in pieces only");
  require(whole.heads.size() == pieces.heads.size(), "another number of heads in pieces");
  for (std::size_t i = 0; i < whole.heads.size(); ++i)
    require_same(whole.heads[i], pieces.heads[i]);

  for (const WebHead& head : whole.heads) {
    for (const WebGate* gate : {&kOnLoopback, &kOpen}) {
      const auto request = gate->admit(head, "127.0.0.1");
      if (request) {
        require(request->method == "GET" || request->method == "HEAD", "a method");
        require(!request->host.empty() && is_printable(request->host), "a host");
        check_reply(*request, {.content_type = "text/plain",
                               .body = std::string(2000, 'x'),
                               .headers = {{"ETag", "\"x\""}}});
      } else {
        check_reply({.method = "GET"}, request.error().answer);
      }
    }
  }
  if (const auto target = parse_target(bytes)) check_target(*target);
  return 0;
}
