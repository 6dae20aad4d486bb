// A request's target (RFC 9112, 3.2) -> path and query, decoded and normalised once and for all, so
// that nobody behind it meets another spelling of the same.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace bikeflow {

struct WebTarget {
  std::string authority;  // of "http://authority/..."; empty in "/..."
  std::vector<std::string> segments;
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;
};

inline constexpr std::size_t kMostParameters = 100;  // in a query

// Refuses what no client writes by mistake but many try: control characters, bytes that are not
// UTF-8, broken percent-encoding, dots that leave the root or hide behind an encoded slash.
Result<WebTarget> parse_target(std::string_view target);

}  // namespace bikeflow
