#include "io/redis_link.h"

#include <sys/time.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <hiredis/hiredis.h>

#include "base/check.h"

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

Error RedisLink::what_failed() const {
  // hiredis tells a time limit by the words of EAGAIN.
  const bool is_late = context_->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK);
  return {fmt::format(
      "redis at {}: {}", shown(place_),
      is_late ? fmt::format("no answer within {} ms", kAnswerMs) : std::string(context_->errstr))};
}

Result<RedisLink> RedisLink::connect(const RedisPlace& place) {
  redisContext* const context =
      redisConnectWithTimeout(place.host.c_str(), place.port, time_of(kConnectMs));
  CHECK(context != nullptr);  // memory
  RedisLink link(place, context);
  if (context->err != 0) return std::unexpected(link.what_failed());
  if (redisSetTimeout(context, time_of(kAnswerMs)) != REDIS_OK) {
    return std::unexpected(link.what_failed());
  }
  return link;
}

Result<std::vector<RedisReply>> RedisLink::call(std::span<const RedisCommand> commands) {
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
      return std::unexpected(what_failed());
    }
  }
  std::vector<RedisReply> replies;
  replies.reserve(commands.size());
  for (std::size_t i = 0; i < commands.size(); ++i) {
    void* raw = nullptr;
    errno = 0;
    if (redisGetReply(context_.get(), &raw) != REDIS_OK) return std::unexpected(what_failed());
    const std::unique_ptr<redisReply, Free> reply(static_cast<redisReply*>(raw));
    replies.push_back(reply_of(*reply));
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
