#include "io/redis_master.h"

#include <string>
#include <utility>

#include <fmt/format.h>

namespace bikeflow {
namespace {

// A word of a command that is refused says what is wrong with what was configured.
Result<void> log_in(RedisLink& link, const std::string& user, const std::string& password,
                    std::string_view setting) {
  if (password.empty()) return {};
  RedisCommand command{"AUTH"};
  if (!user.empty()) command.push_back(user);
  command.push_back(password);
  if (const auto done = link.call(command); !done) {
    return fail("{}; see {}", done.error().message, setting);
  }
  return {};
}

Result<RedisPlace> ask(RedisDialer& dialer, const RedisPlace& sentinel,
                       const RedisSettings& settings) {
  auto link = dialer.connect(sentinel);
  if (!link) return std::unexpected(link.error());
  if (auto done = log_in(*link, "", settings.sentinel_password, "[redis] sentinel_password");
      !done) {
    return std::unexpected(done.error());
  }
  const auto reply = link->call({"SENTINEL", "get-master-addr-by-name", settings.master});
  if (!reply) {
    const bool wants_password = reply.error().message.find("NOAUTH") != std::string::npos;
    return fail("{}{}", reply.error().message,
                wants_password ? "; set [redis] sentinel_password" : "");
  }
  if (reply->list.size() != 2) {
    return fail("the sentinel {} knows no master '{}'; see [redis] master", shown(sentinel),
                settings.master);
  }
  return parse_redis_place(reply->list[0].text.find(':') == std::string::npos
                               ? fmt::format("{}:{}", reply->list[0].text, reply->list[1].text)
                               : fmt::format("[{}]:{}", reply->list[0].text, reply->list[1].text),
                           0);
}

// A sentinel that has not heard yet names the old one, which may be a replica by now.
Result<void> check_role(RedisLink& link) {
  const auto role = link.call({"ROLE"});
  if (!role) {
    // A user that may not ask is told by the first write.
    if (role.error().message.find("NOPERM") != std::string::npos) return {};
    return std::unexpected(role.error());
  }
  const std::string word = role->list.empty() ? "" : role->list.front().text;
  if (word == "master") return {};
  return fail("redis at {}: its sentinels call it the master, and it says that it is a {}",
              shown(link.place()), word);
}

}  // namespace

Result<RedisPlace> ask_sentinels(RedisDialer& dialer, const RedisSettings& settings) {
  std::string why;
  for (const RedisPlace& sentinel : settings.sentinels) {
    auto place = ask(dialer, sentinel, settings);
    if (place) return place;
    why += (why.empty() ? "" : "; ") + place.error().message;
  }
  return fail("no sentinel says where the master '{}' is: {}", settings.master, why);
}

Result<RedisLink> open_redis(RedisDialer& dialer, const RedisSettings& settings) {
  auto place =
      settings.place ? Result<RedisPlace>(*settings.place) : ask_sentinels(dialer, settings);
  if (!place) return std::unexpected(place.error());
  auto link = dialer.connect(*place);
  if (!link) return std::unexpected(link.error());
  if (auto done = log_in(*link, settings.user, settings.password, "[redis]'s user and password");
      !done) {
    return std::unexpected(done.error());
  }
  if (settings.database != 0) {
    const auto chosen = link->call({"SELECT", fmt::format("{}", settings.database)});
    if (!chosen) return std::unexpected(chosen.error());
  }
  if (const auto there = link->call({"PING"}); !there) {
    const bool wants_password = there.error().message.find("NOAUTH") != std::string::npos;
    return fail("{}{}", there.error().message,
                wants_password ? "; name a password in [redis]" : "");
  }
  if (!settings.place) {
    if (auto done = check_role(*link); !done) return std::unexpected(done.error());
  }
  return link;
}

}  // namespace bikeflow
