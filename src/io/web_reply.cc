#include "io/web_reply.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <utility>

#include <fmt/core.h>

#include "base/json_text.h"
#include "io/compress.h"
#include "io/decompress.h"

namespace bikeflow {
namespace {

constexpr std::string_view kSpace = " \t";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(kSpace);
  if (from == text.npos) return "";
  return text.substr(from, text.find_last_not_of(kSpace) - from + 1);
}

// Takes what stands before the separator from the front.
std::string_view next_part(std::string_view& text, char separator) {
  const std::string_view part = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return trimmed(part);
}

std::string_view phrase_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 421:
      return "Misdirected Request";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Other";
  }
}

// "Sun, 11 Aug 2024 13:30:00 GMT"
std::string http_date(Seconds time) {
  constexpr std::array<const char*, 7> kDays = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const Civil civil = civil_from_seconds(time);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[(time / kDay) % 7], civil.day,
                     kMonths[civil.month - 1], civil.year, civil.hour, civil.minute, civil.second);
}

void add(std::string_view name, std::string_view value, std::string& head) {
  head += name;
  head += ": ";
  head += value;
  head += "\r\n";
}

std::string begin_head(int status, Seconds now) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", status, phrase_of(status));
  add("Date", http_date(now), head);
  add("X-Content-Type-Options", "nosniff", head);
  add("Referrer-Policy", "no-referrer", head);
  add("X-Frame-Options", "DENY", head);
  return head;
}

constexpr const char* kAllowNothing = "default-src 'none'; frame-ancestors 'none'";

bool breaks_a_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos;
}

// What is wrong with it.
std::optional<std::string> wrong_with(const WebAnswer& answer) {
  constexpr std::array<const char*, 6> kOurs = {"Connection", "Content-Encoding",  "Content-Length",
                                                "Date",       "Transfer-Encoding", "Vary"};
  if (answer.status < 200 || answer.status > 599) {
    return fmt::format("its status {} is none", answer.status);
  }
  if (breaks_a_line(answer.content_type)) return "its content type breaks the line";
  for (const auto& [name, value] : answer.headers) {
    if (name.empty() || breaks_a_line(name) || name.find(':') != name.npos ||
        breaks_a_line(value)) {
      return "one of its headers has no name, a ':' in its name, or a line break";
    }
    if (std::ranges::any_of(kOurs, [&](const char* own) { return is_same_name(name, own); })) {
      return fmt::format("its header {} is the server's to write", name);
    }
  }
  return std::nullopt;
}

std::string* find_header(WebAnswer& answer, std::string_view name) {
  const auto found = std::ranges::find_if(
      answer.headers, [&](const auto& header) { return is_same_name(header.first, name); });
  return found == answer.headers.end() ? nullptr : &found->second;
}

bool has_body(int status) { return status != 204 && status != 304; }

// Text, more or less: what is compressed already would only cost time.
bool shrinks(std::string_view content_type) {
  constexpr std::array<std::string_view, 6> kTypes = {
      "application/json", "application/javascript",    "application/xml",
      "image/svg+xml",    "application/manifest+json", "application/wasm"};
  const std::string_view type = trimmed(content_type.substr(0, content_type.find(';')));
  return type.starts_with("text/") || type.ends_with("+json") ||
         std::ranges::find(kTypes, type) != kTypes.end();
}

std::string packed(std::string_view body) {
  std::string out;
  compressor_for(".gz")->add(body, true, out);
  return out;
}

Result<std::string> unpacked(std::string_view body) {
  constexpr std::size_t kRoom = std::size_t{1} << 16;
  auto gzip = decompressor_for(body.substr(0, kCompressionHeadBytes));
  if (!gzip || *gzip == nullptr || (*gzip)->name() != "gzip") return fail("it is no gzip");
  std::string out;
  for (;;) {
    const std::size_t done = out.size();
    if (done > kMostUnpackedBytes) return fail("it is too large to be unpacked");
    out.resize(done + kRoom);
    const auto step = (*gzip)->step(body, std::span(out).subspan(done));
    out.resize(done + step.produced);
    body.remove_prefix(step.consumed);
    if (step.damage) return fail("its gzip is damaged: {}", *step.damage);
    if (body.empty() && step.produced < kRoom) break;
  }
  if (!(*gzip)->may_end()) return fail("its gzip is cut off");
  return out;
}

// Makes the body what this client takes. `varies`: another client would get other bytes.
Result<void> encode(const WebRequest& request, WebAnswer& answer, bool& varies) {
  const bool wants_gzip = accepts_gzip(request.accept_encoding);
  const bool was_gzipped = answer.is_gzipped;
  const bool may_shrink =
      answer.body.size() > kLeastBytesToCompress && shrinks(answer.content_type);
  varies = was_gzipped || may_shrink;
  if (was_gzipped && !wants_gzip) {
    auto plain = unpacked(answer.body);
    if (!plain) return std::unexpected(plain.error());
    answer.body = std::move(*plain);
    answer.is_gzipped = false;
  } else if (!was_gzipped && wants_gzip && may_shrink) {
    std::string small = packed(answer.body);
    if (small.size() < answer.body.size()) {
      answer.body = std::move(small);
      answer.is_gzipped = true;
    }
  }
  return {};
}

}  // namespace

WebAnswer web_error(int status, std::string_view what) {
  return {.status = status,
          .content_type = "application/json",
          .body = "{\"error\":" + json_string(what) + "}\n",
          .headers = {{"Cache-Control", "no-store"}}};
}

bool accepts_gzip(std::string_view accept_encoding) {
  std::optional<bool> gzip, any;
  while (!accept_encoding.empty()) {
    std::string_view item = next_part(accept_encoding, ',');
    const std::string_view coding = next_part(item, ';');
    bool is_wanted = true;
    while (!item.empty()) {
      std::string_view parameter = next_part(item, ';');
      const std::string_view name = next_part(parameter, '=');
      // Zero in each of its forms: 0, 0., 0.000.
      if (is_same_name(name, "q"))
        is_wanted = trimmed(parameter).find_first_of("123456789") != parameter.npos;
    }
    if (is_same_name(coding, "gzip") || is_same_name(coding, "x-gzip")) gzip = is_wanted;
    if (coding == "*") any = is_wanted;
  }
  return gzip.value_or(any.value_or(false));
}

bool names_etag(std::string_view if_none_match, std::string_view etag) {
  constexpr std::string_view kWeak = "W/";
  if (etag.empty()) return false;
  if (etag.starts_with(kWeak)) etag.remove_prefix(kWeak.size());
  std::string_view rest = trimmed(if_none_match);
  if (rest == "*") return true;
  // A comma may stand inside of quotes.
  while (!rest.empty()) {
    if (rest.starts_with(kWeak)) rest.remove_prefix(kWeak.size());
    if (!rest.starts_with('"')) return false;
    const std::size_t end = rest.find('"', 1);
    if (end == rest.npos) return false;
    if (rest.substr(0, end + 1) == etag) return true;
    rest.remove_prefix(end + 1);
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t,"), rest.size()));
  }
  return false;
}

Result<WebReply> web_reply(const WebRequest& request, WebAnswer answer, bool keeps_alive,
                           Seconds now) {
  if (const auto wrong = wrong_with(answer)) return fail("{}", *wrong);
  bool varies = false;
  std::string* const etag = find_header(answer, "ETag");
  if (answer.status == 200 && etag != nullptr && names_etag(request.if_none_match, *etag)) {
    varies = answer.is_gzipped ||
             (answer.body.size() > kLeastBytesToCompress && shrinks(answer.content_type));
    answer.status = 304;
  } else if (has_body(answer.status)) {
    if (const auto encoded = encode(request, answer, varies); !encoded) {
      return std::unexpected(encoded.error());
    }
  }
  // The same content in other bytes: a strong ETag would promise the same bytes.
  if (etag != nullptr && varies && !etag->starts_with("W/")) etag->insert(0, "W/");

  WebReply reply{.status = answer.status, .head = begin_head(answer.status, now), .body = {}};
  for (const auto& [name, value] : answer.headers) add(name, value, reply.head);
  if (find_header(answer, "Content-Security-Policy") == nullptr) {
    add("Content-Security-Policy", kAllowNothing, reply.head);
  }
  if (varies) add("Vary", "Accept-Encoding", reply.head);
  if (has_body(answer.status)) {
    if (!answer.content_type.empty()) add("Content-Type", answer.content_type, reply.head);
    if (answer.is_gzipped) add("Content-Encoding", "gzip", reply.head);
    add("Content-Length", std::to_string(answer.body.size()), reply.head);
    if (request.method != "HEAD") reply.body = std::move(answer.body);
  }
  if (!keeps_alive) add("Connection", "close", reply.head);
  reply.head += "\r\n";
  return reply;
}

std::string event_stream_head(Seconds now) {
  std::string head = begin_head(200, now);
  add("Content-Security-Policy", kAllowNothing, head);
  add("Content-Type", "text/event-stream", head);
  add("Cache-Control", "no-store", head);
  add("X-Accel-Buffering", "no", head);  // nginx would hold events back
  add("Connection", "close", head);      // its end is the end of the connection
  head += "\r\n";
  return head;
}

}  // namespace bikeflow
