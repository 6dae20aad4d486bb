#include "io/web_listen.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>
#include <optional>

#include <fmt/core.h>

namespace bikeflow {
namespace {

constexpr int kLastPort = 65'535;

std::optional<int> port_of(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  return is_number && port >= 0 && port <= kLastPort ? std::optional(port) : std::nullopt;
}

bool is_v6(const std::string& address) { return address.find(':') != address.npos; }

// Nothing where it is no address.
std::optional<bool> is_loopback(const std::string& address) {
  in6_addr six{};
  in_addr four{};
  if (::inet_pton(AF_INET6, address.c_str(), &six) == 1) return IN6_IS_ADDR_LOOPBACK(&six) != 0;
  if (::inet_pton(AF_INET, address.c_str(), &four) == 1) {
    return (ntohl(four.s_addr) >> 24) == IN_LOOPBACKNET;
  }
  return std::nullopt;
}

}  // namespace

std::string ListenPlace::text() const {
  return is_v6(address) ? fmt::format("[{}]:{}", address, port)
                        : fmt::format("{}:{}", address, port);
}

Result<ListenPlace> parse_listen(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  std::string address(text.substr(0, colon));
  const auto port = colon == text.npos ? std::nullopt : port_of(text.substr(colon + 1));
  const bool is_in_brackets = address.starts_with('[') && address.ends_with(']');
  if (is_in_brackets) address = address.substr(1, address.size() - 2);
  if (address == "localhost") address = "127.0.0.1";
  const auto loopback = is_loopback(address);
  if (!port || !loopback || is_in_brackets != is_v6(address)) {
    return fail(
        "'{}' is no address and port to listen on; write 127.0.0.1:8080, [::1]:8080, or "
        "0.0.0.0:8080 for all of this machine's addresses",
        text);
  }
  return ListenPlace{.address = address, .port = *port, .is_loopback = *loopback};
}

}  // namespace bikeflow
