#include "io/redis_settings.h"

#include <charconv>

#include <fmt/format.h>

namespace bikeflow {
namespace {

constexpr std::string_view kScheme = "redis://";
constexpr std::string_view kTlsScheme = "rediss://";
constexpr int kUsualPort = 6379;
constexpr int kMostPort = 65'535;
constexpr int kMostDatabase = 99'999;  // a server has 16, or as many as it is told to

std::optional<int> number(std::string_view text, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_all = error == std::errc() && end == text.data() + text.size();
  if (!is_all || value < 0 || value > most) return std::nullopt;
  return value;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    plain += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return plain;
}

}  // namespace

std::string shown(const RedisPlace& place) {
  const bool is_ipv6 = place.host.find(':') != std::string::npos;
  return is_ipv6 ? fmt::format("[{}]:{}", place.host, place.port)
                 : fmt::format("{}:{}", place.host, place.port);
}

Result<RedisPlace> parse_redis_place(std::string_view text, int usual_port) {
  RedisPlace place{{}, usual_port};
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return fail("an address in brackets has no end");
    place.host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
  } else {
    const auto colon = text.find(':');
    place.host = text.substr(0, colon);
    if (colon != std::string_view::npos) rest = text.substr(colon);
  }
  if (place.host.empty()) return fail("no host is named");
  if (rest.empty()) return place;
  const auto port = rest.starts_with(':') ? number(rest.substr(1), kMostPort) : std::nullopt;
  if (!port || *port == 0) return fail("the port is no number from 1 to {}", kMostPort);
  place.port = *port;
  return place;
}

Result<RedisSettings> parse_redis_url(std::string_view url) {
  if (url.starts_with(kTlsScheme)) {
    return fail(
        "this version has no TLS for Redis; name a redis:// URL, of a tunnel (stunnel) where the "
        "way is not your own");
  }
  if (!url.starts_with(kScheme)) return fail("it does not begin with redis://");
  url.remove_prefix(kScheme.size());
  RedisSettings settings;
  if (const auto slash =
          url.find('/', url.rfind('@') == std::string_view::npos ? 0 : url.rfind('@'));
      slash != std::string_view::npos) {
    const std::string_view database = url.substr(slash + 1);
    if (!database.empty()) {
      const auto found = number(database, kMostDatabase);
      if (!found) return fail("what follows the host is no number of a database, such as /0");
      settings.database = *found;
    }
    url = url.substr(0, slash);
  }
  if (const auto at = url.rfind('@'); at != std::string_view::npos) {
    const std::string_view login = url.substr(0, at);
    const auto colon = login.find(':');
    const auto user = decoded(login.substr(0, colon));
    const auto password =
        decoded(colon == std::string_view::npos ? std::string_view() : login.substr(colon + 1));
    if (!user || !password)
      return fail("a % in user or password is not followed by two hex digits");
    if (password->empty()) {
      return fail("the user has no password: USER:PASSWORD@HOST, or :PASSWORD@HOST");
    }
    settings.user = *user;
    settings.password = *password;
    url = url.substr(at + 1);
  }
  auto place = parse_redis_place(url, kUsualPort);
  if (!place) return std::unexpected(place.error());
  settings.place = *std::move(place);
  return settings;
}

}  // namespace bikeflow
