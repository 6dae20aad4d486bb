// Keeps Redis saying what the live view says: each station's state as a hash, and a channel of
// those that changed (io/redis_station.h).
//
// It never holds up who tells the view: it looks when it can, and where Redis does not answer it
// tries again until it does, and then writes everything anew. What is too old to be taken for what
// is there now, or is read by another process, is not written, and a key ends `ttl` after its
// station was last seen: what is not known is not there.
//
// Several processes may write to one Redis, each the stations of its partitions. Where one does not
// know yet that a partition has gone to another, or goes on from a checkpoint, what it has is
// older: a state never takes the place of a newer one (redis_station.h).
//
// Threads: one owner; the work is done by a thread of its own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/zone.h"
#include "io/live_hub.h"
#include "io/outage.h"
#include "io/redis_link.h"
#include "io/redis_settings.h"
#include "io/run_voice.h"

namespace bikeflow {

struct RedisWriterSettings {
  RedisSettings redis;
  Seconds ttl = kHour;
  std::string prefix = "bike_stations:";
  std::string channel = "bike_stations:changes";
  bool names_systems = false;  // PREFIX SYSTEM:STATION, where there is more than one
};

// The state's key. A station's id may hold anything, so the system comes before it.
std::string redis_key(const RedisWriterSettings& settings, std::string_view system,
                      std::string_view station);

struct RedisCounts {
  bool is_connected = false;
  std::uint64_t stations = 0;  // written
  std::uint64_t failures = 0;  // tries that came to nothing
};

class RedisWriter {
 public:
  // `hub` outlives it; `ask` as of HostLookup.
  RedisWriter(RedisWriterSettings settings, const LiveHub& hub, RunVoice voice,
              HostLookup::Ask ask = system_addresses);
  // What was told before is still written, if Redis answers: it takes three seconds at most.
  ~RedisWriter();
  RedisWriter(const RedisWriter&) = delete;
  RedisWriter& operator=(const RedisWriter&) = delete;

  [[nodiscard]] RedisCounts counts() const;

 private:
  void work();
  Result<void> round();
  Result<void> find();
  Result<void> see_whether_all_is_well();
  Result<void> write(const std::string& system);
  Result<void> write(const std::string& system, const LiveSystemAbout& about,
                     std::span<const LiveSeen> stations, bool are_changes);
  // How many; nothing where another has written one of them meanwhile.
  Result<std::optional<std::uint64_t>> try_to_write(std::string_view system, const Zone& zone,
                                                    std::span<const LiveSeen* const> stations,
                                                    bool are_changes);
  Result<std::vector<RedisReply>> send(std::span<const RedisCommand> commands);
  void say();
  bool wait_for_end(std::int64_t ms);  // whether it has come
  Result<const Zone*> zone_of(const std::string& name);

  const RedisWriterSettings settings_;
  const LiveHub& hub_;
  const RunVoice voice_;
  Outage outage_{"Redis cannot be used", "Redis can be used again"};
  RedisDialer dialer_;
  std::optional<RedisLink> link_;
  std::optional<RedisPlace> said_place_;
  std::map<std::string, std::uint64_t> versions_;  // of the view, by system: so far it is written
  std::map<std::string, Zone> zones_;
  std::int64_t heard_ms_ = 0, asked_ms_ = 0;  // of Redis, the sentinels
  std::atomic<bool> is_connected_ = false;
  std::atomic<std::uint64_t> stations_ = 0, failures_ = 0;

  std::mutex mutex_;
  std::condition_variable ends_;
  bool is_ending_ = false;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace bikeflow
