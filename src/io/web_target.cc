#include "io/web_target.h"

#include <algorithm>
#include <optional>

#include "feed/utf8.h"

namespace bikeflow {
namespace {

constexpr unsigned char kDelete = 0x7F;

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < ' ' || byte == kDelete;
}

// In ASCII.
bool is_visible(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > ' ' && byte < kDelete;
}

std::optional<int> digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

enum class Plus : bool { kIsPlus, kIsSpace };

Result<std::string> decode(std::string_view text, Plus plus) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+' && plus == Plus::kIsSpace) c = ' ';
    if (c == '%') {
      const auto high = i + 2 < text.size() ? digit_of(text[i + 1]) : std::nullopt;
      const auto low = i + 2 < text.size() ? digit_of(text[i + 2]) : std::nullopt;
      if (!high || !low) return fail("a % in it is not followed by two hexadecimal digits");
      c = static_cast<char>(*high * 16 + *low);
      i += 2;
    }
    if (is_control(c)) return fail("it has a control character");
    decoded += c;
  }
  if (!is_utf8(decoded)) return fail("it is not UTF-8");
  return decoded;
}

bool is_dots(std::string_view part) { return part == "." || part == ".."; }

// Whether a slash or backslash in it has dots beside it: a way out for who takes it as a path.
bool hides_dots(std::string_view segment) {
  if (segment.find_first_of("/\\") == segment.npos) return false;
  for (;;) {
    const std::size_t end = segment.find_first_of("/\\");
    if (is_dots(segment.substr(0, end))) return true;
    if (end == segment.npos) return false;
    segment.remove_prefix(end + 1);
  }
}

void append_segment(std::string_view segment, std::string& path) {
  path += '/';
  for (const char c : segment) {
    if (c == '/') {
      path += "%2F";
    } else {
      path += c;
    }
  }
}

Result<void> read_path(std::string_view path, WebTarget& target) {
  while (!path.empty()) {
    path.remove_prefix(1);  // its slash
    const std::size_t end = std::min(path.find('/'), path.size());
    auto segment = decode(path.substr(0, end), Plus::kIsPlus);
    path.remove_prefix(end);
    if (!segment) return std::unexpected(segment.error());
    if (hides_dots(*segment)) return fail("it hides dots behind an encoded slash");
    if (*segment == "..") {
      if (target.segments.empty()) return fail("it leaves the root");
      target.segments.pop_back();
    } else if (!segment->empty() && *segment != ".") {
      target.segments.push_back(std::move(*segment));
    }
  }
  for (const std::string& segment : target.segments) append_segment(segment, target.path);
  if (target.path.empty()) target.path = "/";
  return {};
}

Result<void> read_query(std::string_view query, WebTarget& target) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = decode(pair.substr(0, equals), Plus::kIsSpace);
    if (!name) return std::unexpected(name.error());
    auto value = decode(pair.substr(std::min(equals + 1, pair.size())), Plus::kIsSpace);
    if (!value) return std::unexpected(value.error());
    if (target.query.size() == kMostParameters) {
      return fail("its query has more than {} parameters", kMostParameters);
    }
    target.query.emplace_back(std::move(*name), std::move(*value));
  }
  return {};
}

}  // namespace

Result<WebTarget> parse_target(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  constexpr auto kIsLower = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
  WebTarget target;
  if (std::ranges::any_of(text, [](char c) { return !is_visible(c) || c == '#'; })) {
    return fail(
        "the request's target may only have printable ASCII and no #; percent-encode the rest");
  }
  if (text.size() >= kScheme.size() &&
      std::ranges::equal(text.substr(0, kScheme.size()), kScheme, kIsLower)) {
    text.remove_prefix(kScheme.size());
    const std::size_t end = std::min(text.find_first_of("/?"), text.size());
    target.authority = text.substr(0, end);
    if (target.authority.empty()) return fail("the request's target names no host");
    text.remove_prefix(end);
  } else if (!text.starts_with('/')) {
    return fail("the request's target must begin with a slash");
  }
  const std::size_t question = std::min(text.find('?'), text.size());
  if (const auto read = read_path(text.substr(0, question), target); !read) {
    return with_context("the request's path", read.error());
  }
  if (const auto read = read_query(text.substr(std::min(question + 1, text.size())), target);
      !read) {
    return with_context("the request's query", read.error());
  }
  return target;
}

}  // namespace bikeflow
