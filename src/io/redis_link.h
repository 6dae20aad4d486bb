// One connection to a Redis or a sentinel: commands go out together, and their replies come back in
// the same order. Nothing takes longer than the limits say.
//
// Threads: one owner.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
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

class RedisLink {
 public:
  // Resolving the host's name is not limited: that is the system's resolver's.
  static constexpr int kConnectMs = 1'000;
  static constexpr int kAnswerMs = 3'000;

  static Result<RedisLink> connect(const RedisPlace& place);

  // A reply for each; one of them may be an error. An Error: the connection is of no use any more.
  Result<std::vector<RedisReply>> call(std::span<const RedisCommand> commands);
  // Of one command, whose error reply is an Error too.
  Result<RedisReply> call(const RedisCommand& command);

  [[nodiscard]] const RedisPlace& place() const { return place_; }

 private:
  struct Close {
    void operator()(redisContext* context) const;
  };
  RedisLink(RedisPlace place, redisContext* context)
      : place_(std::move(place)), context_(context) {}
  [[nodiscard]] Error what_failed() const;

  RedisPlace place_;
  std::unique_ptr<redisContext, Close> context_;
};

}  // namespace bikeflow
