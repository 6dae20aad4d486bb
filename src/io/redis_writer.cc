#include "io/redis_writer.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "io/clock.h"
#include "io/redis_master.h"
#include "io/redis_station.h"

namespace bikeflow {
namespace {

// How soon after a change the next look is taken: the pipeline waits for no more of them.
constexpr std::int64_t kLookMs = 100;
constexpr int kIdleMs = 250;  // how soon the end is noticed while nothing changes
constexpr std::int64_t kFirstWaitMs = 100;
constexpr std::int64_t kLongestWaitMs = 2'000;
// Without anything to write, whether Redis is still there and still the same.
constexpr std::int64_t kPingMs = 1'000;
constexpr std::int64_t kAskMs = 5'000;
constexpr std::int64_t kFinishMs = 2'000;  // with what was told before the end
// Stations that become visible at once. More would hold up Redis's other clients.
constexpr std::size_t kBatch = 100;
// Another process that writes the same stations has them for the time of a rebalance only.
constexpr int kTries = 5;

}  // namespace

std::string redis_key(const RedisWriterSettings& settings, std::string_view system,
                      std::string_view station) {
  return settings.names_systems ? fmt::format("{}{}:{}", settings.prefix, system, station)
                                : fmt::format("{}{}", settings.prefix, station);
}

RedisWriter::RedisWriter(RedisWriterSettings settings, const LiveHub& hub, RunVoice voice,
                         HostLookup::Ask ask)
    : settings_(std::move(settings)),
      hub_(hub),
      voice_(std::move(voice)),
      dialer_(std::move(ask)),
      thread_([this] { work(); }) {}

RedisWriter::~RedisWriter() {
  dialer_.end_by(monotonic_ms() + kFinishMs);
  {
    const std::scoped_lock lock(mutex_);
    is_ending_ = true;
  }
  ends_.notify_all();
}

RedisCounts RedisWriter::counts() const { return {is_connected_, stations_, failures_}; }

bool RedisWriter::wait_for_end(std::int64_t ms) {
  std::unique_lock lock(mutex_);
  return ends_.wait_for(lock, std::chrono::milliseconds(ms), [&] { return is_ending_; });
}

void RedisWriter::work() {
  std::int64_t wait_ms = kFirstWaitMs;
  for (bool is_ending = false; !is_ending;) {
    is_ending = wait_for_end(0);  // before the round, which so has all that was told
    const std::uint64_t version = hub_.read([](const LiveView& view) { return view.version(); });
    const auto done = round();
    is_connected_ = done.has_value();
    const Now now{wall_now(), monotonic_ms()};
    if (done) {
      outage_.worked(now);
      wait_ms = kFirstWaitMs;
    } else {
      ++failures_;
      outage_.failed(done.error().message, now);
      link_.reset();
      versions_.clear();  // what Redis has now nobody knows
    }
    say();
    if (is_ending) return;
    if (done) {
      if (!wait_for_end(kLookMs)) hub_.wait(version, kIdleMs);
    } else {
      wait_for_end(wait_ms);
      wait_ms = std::min(2 * wait_ms, kLongestWaitMs);
    }
  }
}

void RedisWriter::say() {
  const auto news = outage_.take_news(
      "tried again until it succeeds, and then all is written; the pipeline does not wait",
      {wall_now(), monotonic_ms()});
  if (news) news->is_over ? voice_.info(news->text) : voice_.warning(news->text);
}

Result<void> RedisWriter::round() {
  if (!link_) {
    if (auto done = find(); !done) return done;
  } else if (auto done = see_whether_all_is_well(); !done) {
    return done;
  }
  const auto systems = hub_.read([](const LiveView& view) { return view.systems(); });
  for (const std::string& system : systems) {
    if (auto done = write(system); !done) return done;
  }
  return {};
}

Result<void> RedisWriter::find() {
  auto link = open_redis(dialer_, settings_.redis);
  if (!link) return std::unexpected(link.error());
  heard_ms_ = asked_ms_ = monotonic_ms();
  if (said_place_ != link->place()) {
    said_place_ = link->place();
    voice_.info(fmt::format("Redis: stations go to {}, as {}, changes to the channel {}",
                            shown(link->place()), redis_key(settings_, "SYSTEM", "STATION"),
                            settings_.channel));
  }
  link_ = *std::move(link);
  return {};
}

// A connection says nothing of a server that was restarted, or is the master no more, before it is
// used.
Result<void> RedisWriter::see_whether_all_is_well() {
  const std::int64_t now_ms = monotonic_ms();
  if (!settings_.redis.place && now_ms - asked_ms_ >= kAskMs) {
    asked_ms_ = now_ms;
    const auto place = ask_sentinels(dialer_, settings_.redis);
    if (place && *place != link_->place()) {
      return fail("the master is {} now, and no more {}", shown(*place), shown(link_->place()));
    }
  }
  if (now_ms - heard_ms_ < kPingMs) return {};
  heard_ms_ = now_ms;
  const auto there = link_->call({"PING"});
  if (!there) return std::unexpected(there.error());
  return {};
}

Result<void> RedisWriter::write(const std::string& system) {
  std::uint64_t& written = versions_[system];
  LiveSystemAbout about;
  const LiveChanges news = hub_.read([&](const LiveView& view) {
    about = view.about(system);
    return view.since(system, written);
  });
  if (news.version <= written) return {};
  for (std::size_t i = 0; i < news.stations.size(); i += kBatch) {
    const std::span batch(news.stations.data() + i, std::min(kBatch, news.stations.size() - i));
    if (auto done = write(system, about, batch, true); !done) return done;
  }
  // All of a hash is written each time, so that one that was lost is whole again.
  std::vector<LiveSeen> again;
  for (const auto& [at, ids] : news.seen_again) {
    for (std::size_t i = 0; i < ids.size(); i += kBatch) {
      again.clear();
      hub_.read([&](const LiveView& view) {
        for (std::size_t j = i; j < std::min(i + kBatch, ids.size()); ++j) {
          again.push_back(*view.station(system, ids[j]));
        }
      });
      if (auto done = write(system, about, again, false); !done) return done;
    }
  }
  written = news.version;
  return {};
}

Result<void> RedisWriter::write(const std::string& system, const LiveSystemAbout& about,
                                std::span<const LiveSeen> stations, bool are_changes) {
  const auto zone = zone_of(about.timezone);
  if (!zone) return std::unexpected(zone.error());
  const Seconds now = wall_now();
  std::vector<const LiveSeen*> fresh;
  for (const LiveSeen& station : stations) {
    const bool is_over = now - station.now.observed_at >= settings_.ttl;
    if (!is_stale(station, about.max_gap, now) && !is_over) fresh.push_back(&station);
  }
  if (fresh.empty()) return {};
  for (int i = 0; i < kTries; ++i) {
    const auto count = try_to_write(system, **zone, fresh, are_changes);
    if (!count) return std::unexpected(count.error());
    if (!*count) continue;
    stations_ += **count;
    return {};
  }
  return fail(
      "redis at {}: another process writes stations of {} all the time; give it a prefix "
      "of its own in [redis]",
      shown(link_->place()), system);
}

Result<std::optional<std::uint64_t>> RedisWriter::try_to_write(
    std::string_view system, const Zone& zone, std::span<const LiveSeen* const> stations,
    bool are_changes) {
  RedisCommand watch{"WATCH"};
  std::vector<RedisCommand> looks;
  for (const LiveSeen* station : stations) {
    watch.push_back(redis_key(settings_, system, station->id));
    looks.push_back({"HGET", watch.back(), std::string(kRedisSeenField)});
  }
  looks.insert(looks.begin(), watch);
  const auto there = send(looks);
  if (!there) return std::unexpected(there.error());

  const Seconds now = wall_now();
  const std::string_view named = settings_.names_systems ? system : "";
  // Whole or not at all, so that no key is left without its end.
  std::vector<RedisCommand> commands{{"MULTI"}};
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < stations.size(); ++i) {
    const LiveSeen& station = *stations[i];
    if (is_older_than(station, (*there)[i + 1].text, zone, now)) continue;
    const std::string& key = watch[i + 1];
    const RedisFields fields = redis_fields(station, zone, named, now);
    RedisCommand& hash = commands.emplace_back(RedisCommand{"HSET", key});
    for (const auto& [name, value] : fields) {
      hash.emplace_back(name);
      hash.push_back(value);
    }
    const Seconds left = settings_.ttl - std::max<Seconds>(0, now - station.now.observed_at);
    commands.push_back({"EXPIRE", key, fmt::format("{}", std::max<Seconds>(left, 1))});
    if (are_changes) commands.push_back({"PUBLISH", settings_.channel, redis_message(fields)});
    ++count;
  }
  commands.push_back({"EXEC"});  // of nothing, too: it ends what WATCH has begun
  const auto done = send(commands);
  if (!done) return std::unexpected(done.error());
  if (done->back().kind == RedisReply::Kind::kNothing) return std::nullopt;
  return count;
}

Result<std::vector<RedisReply>> RedisWriter::send(std::span<const RedisCommand> commands) {
  auto replies = link_->call(commands);
  if (!replies) return std::unexpected(replies.error());
  heard_ms_ = monotonic_ms();
  const auto refused = [&](const RedisCommand& command, const std::string& why) {
    return fail("redis at {}: {} {}: {}", shown(link_->place()), command[0],
                command.size() > 1 ? command[1] : "", why);
  };
  // The first that is refused says why; EXEC, the last, only that one was.
  for (std::size_t i = 0; i < replies->size(); ++i) {
    if (const RedisReply* error = error_in((*replies)[i])) {
      const auto& list = replies->back().list;
      for (std::size_t j = 0; j < list.size() && i + 1 == replies->size(); ++j) {
        if (error_in(list[j]) != nullptr) return refused(commands[j + 1], list[j].text);
      }
      return refused(commands[i], error->text);
    }
  }
  return replies;
}

Result<const Zone*> RedisWriter::zone_of(const std::string& name) {
  if (const auto found = zones_.find(name); found != zones_.end()) return &found->second;
  auto zone = Zone::load(name);
  if (!zone) return std::unexpected(zone.error());
  return &zones_.emplace(name, *std::move(zone)).first->second;
}

}  // namespace bikeflow
