#include "io/web_gate.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include <fmt/core.h>

#include "io/web_target.h"

namespace bikeflow {
namespace {

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lowered;
}

bool is_part_of_host(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view(".-_:[]").find(c) != std::string_view::npos;
}

// In a time that does not tell how many of the first characters are right.
bool is_same_secret(std::string_view given, std::string_view secret) {
  unsigned char different = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char expected = secret[i % secret.size()];
    different = static_cast<unsigned char>(different | (given[i] ^ expected));
  }
  return different == 0;
}

std::unexpected<WebRefusal> refuse(WebRefused reason, int status, std::string_view why,
                                   bool closes) {
  return std::unexpected(WebRefusal{reason, web_error(status, why), closes});
}

}  // namespace

std::string_view host_name(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

WebGate::WebGate(WebGateSettings settings, bool is_on_loopback)
    : settings_(std::move(settings)), checks_hosts_(is_on_loopback || !settings_.hosts.empty()) {
  for (std::string& host : settings_.hosts) host = lower(host);
}

bool WebGate::knows(std::string_view host) const {
  constexpr std::array<std::string_view, 3> kLoopback = {"localhost", "127.0.0.1", "[::1]"};
  const std::string name = lower(host_name(host));
  return std::ranges::find(kLoopback, name) != kLoopback.end() ||
         std::ranges::find(settings_.hosts, name) != settings_.hosts.end();
}

bool WebGate::has_token(std::string_view authorization) const {
  constexpr std::string_view kScheme = "bearer ";
  if (lower(authorization.substr(0, kScheme.size())) != kScheme) return false;
  authorization.remove_prefix(kScheme.size());
  authorization.remove_prefix(std::min(authorization.find_first_not_of(' '), authorization.size()));
  return is_same_secret(authorization, settings_.token);
}

std::expected<WebRequest, WebRefusal> WebGate::admit(const WebHead& head,
                                                     std::string_view peer) const {
  if (head.hosts != 1 || head.host.empty() || !std::ranges::all_of(head.host, is_part_of_host)) {
    return refuse(WebRefused::kMalformed, 400,
                  "a request must have one Host header, with a name or an address", true);
  }
  if (head.method != "GET" && head.method != "HEAD") {
    auto refused = refuse(WebRefused::kMethod, 405, "only GET and HEAD are answered here",
                          head.has_body || head.method == "CONNECT");
    refused.error().answer.headers.emplace_back("Allow", "GET, HEAD");
    return refused;
  }
  if (head.has_body) {
    return refuse(WebRefused::kTooLarge, 413, "a request must have no body here", true);
  }
  auto target = parse_target(head.target);
  if (!target) return refuse(WebRefused::kMalformed, 400, target.error().message, true);
  const std::string& host = target->authority.empty() ? head.host : target->authority;
  if (!std::ranges::all_of(host, is_part_of_host)) {
    return refuse(WebRefused::kMalformed, 400, "the request's target names no host", true);
  }
  if (checks_hosts_ && !(knows(host) && knows(head.host))) {
    return refuse(WebRefused::kHost, 421,
                  fmt::format("this server does not go by the name {}: ask for localhost or "
                              "127.0.0.1, or add the name to [dashboard] hosts",
                              host_name(host)),
                  true);
  }
  if (!settings_.token.empty() && !has_token(head.authorization) &&
      !(settings_.is_open && settings_.is_open(target->path))) {
    auto refused = refuse(WebRefused::kUnauthorized, 401,
                          "this needs the header Authorization: Bearer TOKEN, with the token of "
                          "[dashboard] token",
                          false);
    refused.error().answer.headers.emplace_back("WWW-Authenticate", "Bearer");
    return refused;
  }
  WebRequest request{.method = head.method,
                     .segments = std::move(target->segments),
                     .path = std::move(target->path),
                     .query = std::move(target->query),
                     .host = host,
                     .accept_encoding = head.accept_encoding,
                     .if_none_match = head.if_none_match,
                     .authorization = head.authorization,
                     .last_event_id = head.last_event_id,
                     .peer = std::string(peer),
                     .unwanted = {}};
  if (request.last_event_id.empty()) {
    const auto id = std::ranges::find(request.query, "last_event_id",
                                      [](const auto& parameter) { return parameter.first; });
    if (id != request.query.end()) request.last_event_id = id->second;
  }
  return request;
}

}  // namespace bikeflow
