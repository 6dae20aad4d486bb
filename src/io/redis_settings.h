// Where a Redis is, and how to get in: a URL, or the sentinels that know its master.
//
// Threads: values, share freely.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bikeflow {

struct RedisPlace {
  std::string host;  // a name or an address; of IPv6 without brackets
  int port = 6379;
  friend bool operator==(const RedisPlace&, const RedisPlace&) = default;
};
// "localhost:6379", "[::1]:6379".
std::string shown(const RedisPlace& place);

struct RedisSettings {
  std::optional<RedisPlace> place;  // nothing: the sentinels know it
  std::vector<RedisPlace> sentinels;
  std::string master;          // the name by which they know it
  std::string user, password;  // of the master; empty: none
  std::string sentinel_password;
  int database = 0;
  friend bool operator==(const RedisSettings&, const RedisSettings&) = default;
};

// "redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]", user and password with %XX where they need
// it. The error names the part that is wrong and not the URL, which may hold a password.
Result<RedisSettings> parse_redis_url(std::string_view url);

// "HOST:PORT" or "HOST"; an IPv6 address stands in brackets.
Result<RedisPlace> parse_redis_place(std::string_view text, int usual_port);

}  // namespace bikeflow
