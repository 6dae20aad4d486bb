// Where a server listens, as a configuration writes it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace bikeflow {

struct ListenPlace {
  std::string address;  // "127.0.0.1", "::1"
  int port = 0;         // 0: a free one
  bool is_loopback = false;

  [[nodiscard]] std::string text() const;  // "[::1]:8080"
};

// "127.0.0.1:8080", "[::1]:8080", "0.0.0.0:80", "localhost:0". An address, because a name may mean
// another one tomorrow.
Result<ListenPlace> parse_listen(std::string_view text);

}  // namespace bikeflow
