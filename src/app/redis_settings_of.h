// What the configuration says of Redis, as its writer takes it.
#pragma once

#include <algorithm>

#include "app/config.h"
#include "io/redis_writer.h"

namespace bikeflow {

// Requires: [redis], which is checked.
inline RedisWriterSettings redis_settings_of(const Config& config) {
  constexpr int kUsualSentinelPort = 26'379;
  const RedisConfig& redis = *config.redis;
  RedisWriterSettings settings;
  if (redis.sentinels.empty()) {
    settings.redis = parse_redis_url(redis.url.reveal()).value();
  } else {
    for (const std::string& sentinel : redis.sentinels) {
      settings.redis.sentinels.push_back(parse_redis_place(sentinel, kUsualSentinelPort).value());
    }
    settings.redis.master = redis.master;
    settings.redis.user = redis.user;
    settings.redis.database = static_cast<int>(redis.database);
    settings.redis.sentinel_password = redis.sentinel_password.reveal();
  }
  if (!redis.password.is_empty()) settings.redis.password = redis.password.reveal();
  settings.ttl = redis.ttl;
  settings.prefix = redis.prefix;
  settings.channel = redis.channel;
  settings.names_systems =
      config.feeds.size() > 1 || std::ranges::any_of(config.feeds, [](const FeedConfig& feed) {
        return !feed.systems.empty();
      });
  return settings;
}

}  // namespace bikeflow
