// What an HTTP server has done, for metrics.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace bikeflow {

// Why a client did not get what it asked for, where the server decided that.
enum class WebRefused : std::uint8_t {
  kMalformed,
  kTooLarge,  // head or body
  kHost,
  kMethod,
  kUnauthorized,
  kTooFast,  // more requests than one address may send
  kBusy,     // all workers, and all places to wait for one, or too much that is not yet sent
  kTooManyConnections,
  kTooManyStreams,
  kTooSlow,  // a head, an answer or a client that did not come to an end
};
inline constexpr std::array<const char*, 10> kWebRefusedNames = {
    "malformed", "too_large", "host",        "method",  "unauthorized",
    "too_fast",  "busy",      "connections", "streams", "too_slow"};

struct HttpServerCounts {
  std::array<std::uint64_t, 6> answers{};  // by the hundreds of their status, refusals included
  std::array<std::uint64_t, kWebRefusedNames.size()> refused{};  // by WebRefused
  std::uint64_t connections = 0, streams = 0;                    // accepted, begun
  std::size_t connections_now = 0, streams_now = 0;
  std::uint64_t bytes_in = 0, bytes_out = 0;
  std::size_t unsent_bytes_now = 0;  // of answers and streams
  std::uint64_t failures = 0;        // of the handler
};

}  // namespace bikeflow
