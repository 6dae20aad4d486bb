#include <fmt/format.h>

#include "app/checklist.h"
#include "app/redis_settings_of.h"
#include "io/redis_master.h"
#include "io/redis_station.h"

namespace bikeflow {
namespace {

// "7.0.15" of what INFO says; empty where the user may not ask.
std::string version_of(RedisLink& link) {
  constexpr std::string_view kName = "redis_version:";
  const auto info = link.call({"INFO", "server"});
  if (!info) return "";
  const auto begin = info->text.find(kName);
  if (begin == std::string::npos) return "";
  const auto end = info->text.find_first_of("\r\n", begin);
  return " " + info->text.substr(begin + kName.size(), end - begin - kName.size());
}

}  // namespace

void check_redis(const Config& config, Checklist& list) {
  const RedisWriterSettings settings = redis_settings_of(config);
  const auto failed = [&](const Error& error) {
    list.add(Verdict::kFailed, "redis", error.message);
  };
  RedisDialer dialer;
  auto link = open_redis(dialer, settings.redis);
  if (!link) return failed(link.error());
  // What would not be taken is refused before it is executed, and so none of it has to be.
  const std::string key = redis_key(settings, "bikeflow", "check");
  for (const RedisCommand& command :
       {RedisCommand{"WATCH", key}, RedisCommand{"HGET", key, std::string(kRedisSeenField)},
        RedisCommand{"MULTI"}, RedisCommand{"HSET", key, "stationId", "check"},
        RedisCommand{"EXPIRE", key, "1"}, RedisCommand{"PUBLISH", settings.channel, "{}"},
        RedisCommand{"DISCARD"}}) {
    if (const auto done = link->call(command); !done) return failed(done.error());
  }
  list.add(Verdict::kOk, "redis",
           fmt::format("{}: Redis{} would take a station (none was written); they go to {}, "
                       "changes to the channel {}",
                       shown(link->place()), version_of(*link),
                       redis_key(settings, "SYSTEM", "STATION"), settings.channel));
}

}  // namespace bikeflow
