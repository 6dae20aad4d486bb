// Which requests come in: form, host, method, body, target and token, in that order.
//
// The host is looked at because of browsers: a page of anybody's may have its own name resolve to
// 127.0.0.1 and read from there as if it were the same site, with that name in the Host header.
//
// Threads: none.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "io/web_counts.h"
#include "io/web_handler.h"
#include "io/web_head.h"

namespace bikeflow {

// Of a Host header, without its port: "localhost", "[::1]".
std::string_view host_name(std::string_view host);

struct WebGateSettings {
  // Names that clients may call this server by, besides localhost, 127.0.0.1 and [::1]; without a
  // port. Empty: any name, unless the server listens on loopback alone.
  std::vector<std::string> hosts = {};
  // Asked for as "Authorization: Bearer TOKEN"; empty: for nobody.
  std::string token = {};
  // Of a request's path: needs no token. Empty: none is open.
  std::function<bool(const std::string& path)> is_open = {};
};

struct WebRefusal {
  WebRefused reason = WebRefused::kMalformed;
  WebAnswer answer = {};
  bool closes = false;  // the connection is of no use afterwards
};

class WebGate {
 public:
  WebGate(WebGateSettings settings, bool is_on_loopback);

  [[nodiscard]] std::expected<WebRequest, WebRefusal> admit(const WebHead& head,
                                                            std::string_view peer) const;

 private:
  [[nodiscard]] bool knows(std::string_view host) const;
  [[nodiscard]] bool has_token(std::string_view authorization) const;

  WebGateSettings settings_;
  bool checks_hosts_;
};

}  // namespace bikeflow
