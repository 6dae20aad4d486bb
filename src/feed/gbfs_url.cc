#include "feed/gbfs_url.h"

#include <algorithm>
#include <cctype>
#include <cstddef>

#include <fmt/core.h>

namespace bikeflow {
namespace {

constexpr std::string_view kHttp = "http://";
constexpr std::string_view kHttps = "https://";
constexpr std::string_view kJson = ".json";

bool starts_with_scheme(std::string_view url, std::string_view scheme) {
  return url.size() > scheme.size() &&
         std::ranges::equal(url.substr(0, scheme.size()), scheme, [](char a, char b) {
           return std::tolower(static_cast<unsigned char>(a)) == b;
         });
}

// Requires: is_http_url(url).
struct UrlParts {
  explicit UrlParts(std::string_view url) {
    const std::size_t host_at = url.find("//") + 2;
    scheme = url.substr(0, host_at - 2);
    rest = url.substr(host_at);
    rest = rest.substr(0, rest.find('#'));
    const std::size_t query_at = rest.find('?');
    if (query_at != std::string_view::npos) {
      query = rest.substr(query_at + 1);
      rest = rest.substr(0, query_at);
    }
    const std::size_t path_at = std::min(rest.find('/'), rest.size());
    host = rest.substr(0, path_at);
    path = rest.substr(path_at);
  }
  std::string_view scheme;  // "https:"
  std::string_view rest;    // host and path
  std::string_view host;    // with user and port
  std::string_view path, query;

  // The path up to its last slash.
  [[nodiscard]] std::string_view folder() const {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? std::string_view("/") : path.substr(0, slash + 1);
  }
};

std::string_view name_of(std::string_view parameter) {
  return parameter.substr(0, parameter.find('='));
}

// Calls f with each parameter of a query.
template <class F>
void for_each_parameter(std::string_view query, F&& f) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    if (end > 0) f(query.substr(0, end));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
}

bool has_parameter(std::string_view query, std::string_view name) {
  bool has = false;
  for_each_parameter(query, [&](std::string_view parameter) { has |= name_of(parameter) == name; });
  return has;
}

std::string upgraded(std::string_view url) {
  const UrlParts parts(url);
  std::string_view host = parts.host;
  if (host.ends_with(":80")) host.remove_suffix(3);
  const std::size_t user_end = host.rfind('@');
  const std::string_view bare =
      user_end == std::string_view::npos ? host : host.substr(user_end + 1);
  const bool is_v6 = bare.starts_with('[') && bare.ends_with(']');
  if (bare.find(':') != std::string_view::npos && !is_v6) return std::string(url);
  const std::size_t host_end = parts.scheme.size() + 2 + parts.host.size();
  return fmt::format("{}{}{}", kHttps, host, url.substr(host_end));
}

}  // namespace

bool is_http_url(std::string_view url) {
  const bool has_odd = std::ranges::any_of(url, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7F || c == '\\';
  });
  if (has_odd || (!starts_with_scheme(url, kHttp) && !starts_with_scheme(url, kHttps))) {
    return false;
  }
  return !UrlParts(url).host.empty();
}

bool is_https(std::string_view url) { return starts_with_scheme(url, kHttps); }

bool has_user(std::string_view url) {
  return UrlParts(url).host.find('@') != std::string_view::npos;
}

std::string_view host_of_url(std::string_view url) {
  const std::string_view host = UrlParts(url).host;
  return host.substr(host.find('@') == std::string_view::npos ? 0 : host.rfind('@') + 1);
}

std::string resolve_url(std::string_view base, std::string_view reference) {
  const UrlParts parts(base);
  std::string url;
  if (is_http_url(reference)) {
    url = reference;
  } else if (reference.starts_with("//")) {
    url = fmt::format("{}{}", parts.scheme, reference);
  } else if (reference.starts_with('/')) {
    url = fmt::format("{}//{}{}", parts.scheme, parts.host, reference);
  } else {
    if (reference.starts_with("./")) reference.remove_prefix(2);
    url = fmt::format("{}//{}{}{}", parts.scheme, parts.host, parts.folder(), reference);
  }
  if (is_https(base) && is_http_url(url) && !is_https(url)) return upgraded(url);
  return url;
}

std::string sibling_url(std::string_view url, std::string_view name) {
  const UrlParts parts(url);
  return fmt::format("{}//{}{}{}{}", parts.scheme, parts.host, parts.folder(), name,
                     parts.path.ends_with(kJson) ? kJson : "");
}

std::string_view query_of(std::string_view url) { return UrlParts(url).query; }

std::string with_query(std::string_view url, std::string_view query) {
  std::string out(url.substr(0, url.find('#')));
  for_each_parameter(query, [&](std::string_view parameter) {
    const std::string_view own = UrlParts(out).query;
    if (has_parameter(own, name_of(parameter))) return;
    out += out.find('?') == std::string::npos ? "?" : own.empty() ? "" : "&";
    out += parameter;
  });
  return out;
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') ||
                          std::string_view("-._~").find(c) != std::string_view::npos;
    out += is_plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return out;
}

std::string shown_url_of(std::string_view url) {
  if (!is_http_url(url)) return "an address that is no URL";
  const UrlParts parts(url);
  const std::size_t user_end = parts.host.rfind('@');
  std::string out = fmt::format("{}//", parts.scheme);
  out += user_end == std::string_view::npos
             ? std::string(parts.rest)
             : fmt::format("***@{}", parts.rest.substr(user_end + 1));
  std::string_view between = "?";
  for_each_parameter(parts.query, [&](std::string_view parameter) {
    const std::string_view name = name_of(parameter);
    // A parameter without a value may be the key itself.
    out += name.size() == parameter.size() ? fmt::format("{}***", between)
                                           : fmt::format("{}{}=***", between, name);
    between = "&";
  });
  return out;
}

}  // namespace bikeflow
