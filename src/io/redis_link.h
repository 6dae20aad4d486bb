// One connection to a Redis or a sentinel: commands go out together, and their replies come back in
// the same order. Nothing takes longer than the limits say, nor ends later than the dialer's end.
//
// Threads: one owner.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/host_lookup.h"
#include "io/redis_settings.h"

// hiredis's, which only redis_link.cc includes.
struct redisContext;  // NOLINT(readability-identifier-naming)

namespace bikeflow {

using RedisCommand = std::vector<std::string>;

struct RedisReply {
  enum class Kind : std::uint8_t { kText, kNumber, kNothing, kList, kError };
  Kind kind = Kind::kNothing;
  std::string text;  // of kText and kError
  std::int64_t number = 0;
  std::vector<RedisReply> list;
};

// The first error among a reply and what is in it; null where there is none.
const RedisReply* error_in(const RedisReply& reply);

class RedisDialer;

class RedisLink {
 public:
  static constexpr int kAnswerMs = 2'000;  // to all commands of a call

  // A reply for each; one of them may be an error. An Error: the connection is of no use any more.
  Result<std::vector<RedisReply>> call(std::span<const RedisCommand> commands);
  // Of one command, whose error reply is an Error too.
  Result<RedisReply> call(const RedisCommand& command);

  [[nodiscard]] const RedisPlace& place() const { return place_; }

 private:
  struct Close {
    void operator()(redisContext* context) const;
  };
  friend class RedisDialer;
  RedisLink(const RedisDialer* dialer, RedisPlace place, redisContext* context)
      : dialer_(dialer), place_(std::move(place)), context_(context) {}
  // What a call may take in all.
  struct Limit {
    int ms = 0;
    std::int64_t end_ms = 0;
  };
  [[nodiscard]] Error what_failed(int limit_ms) const;
  [[nodiscard]] Error late(int limit_ms) const;
  // The next time that the system waits, it does no longer than what is left.
  [[nodiscard]] Result<void> allow_what_is_left(const Limit& limit);
  [[nodiscard]] Result<void> send_commands(const Limit& limit);
  [[nodiscard]] Result<RedisReply> next_reply(const Limit& limit);

  const RedisDialer* dialer_;
  RedisPlace place_;
  std::unique_ptr<redisContext, Close> context_;
};

// Makes links, which it outlives.
//
// Threads: one owner; end_by() and left_ms() any.
class RedisDialer {
 public:
  static constexpr int kLookupMs = 1'000;
  static constexpr int kConnectMs = 1'000;  // to all addresses of the host

  explicit RedisDialer(HostLookup::Ask ask = system_addresses) : lookup_(std::move(ask)) {}

  Result<RedisLink> connect(const RedisPlace& place);

  // From that moment on nothing is asked any more, and what is asked before it ends then; what is
  // being asked now may take its own limit.
  void end_by(std::int64_t monotonic_ms) { end_ms_ = monotonic_ms; }
  // `limit_ms`, or what is left until the end; 0: it has come.
  [[nodiscard]] int left_ms(int limit_ms) const;

 private:
  HostLookup lookup_;
  std::atomic<std::int64_t> end_ms_ = std::numeric_limits<std::int64_t>::max();
};

}  // namespace bikeflow
