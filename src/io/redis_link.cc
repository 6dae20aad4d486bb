#include "io/redis_link.h"

#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <hiredis/hiredis.h>

#include "base/check.h"
#include "io/clock.h"

namespace bikeflow {
namespace {

timeval time_of(int ms) { return {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000}; }

struct Free {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

RedisReply reply_of(const redisReply& raw) {
  RedisReply reply;
  switch (raw.type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      reply.kind = RedisReply::Kind::kText;
      reply.text.assign(raw.str, raw.len);
      break;
    case REDIS_REPLY_ERROR:
      reply.kind = RedisReply::Kind::kError;
      reply.text.assign(raw.str, raw.len);
      break;
    case REDIS_REPLY_INTEGER:
      reply.kind = RedisReply::Kind::kNumber;
      reply.number = raw.integer;
      break;
    case REDIS_REPLY_ARRAY:
      reply.kind = RedisReply::Kind::kList;
      for (std::size_t i = 0; i < raw.elements; ++i) {
        reply.list.push_back(reply_of(*raw.element[i]));
      }
      break;
    default:
      break;
  }
  return reply;
}

}  // namespace

const RedisReply* error_in(const RedisReply& reply) {
  if (reply.kind == RedisReply::Kind::kError) return &reply;
  for (const RedisReply& each : reply.list) {
    if (const RedisReply* error = error_in(each)) return error;
  }
  return nullptr;
}

void RedisLink::Close::operator()(redisContext* context) const { redisFree(context); }

Error RedisLink::late(int limit_ms) const {
  return {fmt::format("redis at {}: no answer within {} ms", shown(place_), limit_ms)};
}

Error RedisLink::what_failed(int limit_ms) const {
  // hiredis tells a time limit by the words of EAGAIN.
  const bool is_late = context_->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK);
  if (is_late) return late(limit_ms);
  return {fmt::format("redis at {}: {}", shown(place_), context_->errstr)};
}

int RedisDialer::left_ms(int limit_ms) const {
  const std::int64_t left_ms = end_ms_ - monotonic_ms();
  return static_cast<int>(std::clamp<std::int64_t>(left_ms, 0, limit_ms));
}

Result<RedisLink> RedisDialer::connect(const RedisPlace& place) {
  const auto addresses = lookup_.find(place.host, left_ms(kLookupMs));
  if (!addresses) return fail("redis at {}: {}", shown(place), addresses.error().message);
  const std::int64_t deadline_ms = monotonic_ms() + left_ms(kConnectMs);
  Error last{fmt::format("redis at {}: {}", shown(place),
                         addresses->empty() ? "the host has no address" : "the end came first")};
  for (const std::string& address : *addresses) {
    const auto left_ms = static_cast<int>(deadline_ms - monotonic_ms());
    if (left_ms <= 0) break;
    redisContext* const context =
        redisConnectWithTimeout(address.c_str(), place.port, time_of(left_ms));
    CHECK(context != nullptr);  // memory
    RedisLink link(this, place, context);
    if (context->err == 0) return link;
    last = link.what_failed(left_ms);
  }
  return std::unexpected(last);
}

Result<void> RedisLink::allow_what_is_left(const Limit& limit) {
  const std::int64_t left_ms = limit.end_ms - monotonic_ms();
  if (left_ms <= 0) return std::unexpected(late(limit.ms));
  if (redisSetTimeout(context_.get(), time_of(static_cast<int>(left_ms))) != REDIS_OK) {
    return std::unexpected(what_failed(limit.ms));
  }
  return {};
}

Result<void> RedisLink::send_commands(const Limit& limit) {
  for (int is_done = 0; is_done == 0;) {
    if (auto allowed = allow_what_is_left(limit); !allowed) return allowed;
    errno = 0;
    if (redisBufferWrite(context_.get(), &is_done) != REDIS_OK) {
      return std::unexpected(what_failed(limit.ms));
    }
  }
  return {};
}

// Not by redisGetReply(), which allows each piece of a reply the whole time again.
Result<RedisReply> RedisLink::next_reply(const Limit& limit) {
  for (;;) {
    void* raw = nullptr;
    errno = 0;
    if (redisGetReplyFromReader(context_.get(), &raw) != REDIS_OK) {
      return std::unexpected(what_failed(limit.ms));
    }
    const std::unique_ptr<redisReply, Free> reply(static_cast<redisReply*>(raw));
    if (reply != nullptr) return reply_of(*reply);
    if (auto allowed = allow_what_is_left(limit); !allowed) return std::unexpected(allowed.error());
    errno = 0;
    if (redisBufferRead(context_.get()) != REDIS_OK) {
      return std::unexpected(what_failed(limit.ms));
    }
  }
}

Result<std::vector<RedisReply>> RedisLink::call(std::span<const RedisCommand> commands) {
  const int limit_ms = dialer_->left_ms(kAnswerMs);
  if (limit_ms == 0) return fail("redis at {}: the end came first", shown(place_));
  const Limit limit{limit_ms, monotonic_ms() + limit_ms};
  std::vector<const char*> parts;
  std::vector<std::size_t> sizes;
  for (const RedisCommand& command : commands) {
    parts.clear();
    sizes.clear();
    for (const std::string& part : command) {
      parts.push_back(part.data());
      sizes.push_back(part.size());
    }
    if (redisAppendCommandArgv(context_.get(), static_cast<int>(parts.size()), parts.data(),
                               sizes.data()) != REDIS_OK) {
      return std::unexpected(what_failed(limit_ms));
    }
  }
  if (auto sent = send_commands(limit); !sent) return std::unexpected(sent.error());
  std::vector<RedisReply> replies;
  replies.reserve(commands.size());
  for (std::size_t i = 0; i < commands.size(); ++i) {
    auto reply = next_reply(limit);
    if (!reply) return std::unexpected(reply.error());
    replies.push_back(*std::move(reply));
  }
  return replies;
}

Result<RedisReply> RedisLink::call(const RedisCommand& command) {
  auto replies = call(std::span(&command, 1));
  if (!replies) return std::unexpected(replies.error());
  RedisReply& reply = replies->front();
  if (reply.kind == RedisReply::Kind::kError) {
    return fail("redis at {}: {}: {}", shown(place_), command.front(), reply.text);
  }
  return std::move(reply);
}

}  // namespace bikeflow
