// bikeflow.toml: what it says, checked.
//
// A wrong file is refused with all of its errors at once, each at its place (diagnostic.h). Secrets
// come from the environment ("${NAME}") or from a file (key_file = "/run/secrets/key").
//
// Threads: a Config is immutable once read; share freely.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/secret.h"
#include "base/result.h"
#include "base/time.h"
#include "lake/paths.h"

namespace bikeflow {

struct SystemConfig {
  std::string id;
  std::string name;      // for people; empty: the id
  std::string timezone;  // an IANA name that exists
};

struct FeedConfig {
  enum class Kind : std::uint8_t { kSeoul, kGbfs };
  SystemConfig system;
  Kind kind = Kind::kSeoul;
  std::string url;  // kGbfs: of gbfs.json; kSeoul: a mirror's, else empty
  Seconds every = 30;

  // kSeoul
  Secret key;
  std::int64_t daily_calls = 0;  // 0: as many as it takes

  // kGbfs. Without a time zone of the system, it is the one that the feed says; and so is the id of
  // one that is alone.
  std::string language;                      // of names
  std::map<std::string, Secret> headers;     // sent with each request
  std::map<std::string, Secret> parameters;  // of each URL
  // Instead of `url`: all systems of a catalogue, those of the countries and ids if any are named.
  std::string systems;  // a file of the form of GBFS's systems.csv
  std::vector<std::string> countries, ids;
};

struct HttpConfig {
  std::string contact;       // an address for who runs the feeds; goes into the User-Agent
  std::string certificates;  // a PEM file of authorities to trust; empty: the system's
};

struct KafkaConfig {
  std::string brokers, topic;
  std::string group = "bikeflow";
  std::map<std::string, Secret> client;  // passed on to librdkafka

  // Of the producer. A topic that is not there is created so.
  std::int64_t partitions = 4;
  Seconds retention = 7 * kDay;
  std::string spool = "bikeflow-spool";  // a folder
  std::uint64_t spool_max_bytes = std::uint64_t{256} << 20;
  std::uint64_t dead_letter_max_bytes = std::uint64_t{256} << 20;
};

struct LakeConfig {
  std::string url;  // a folder, or s3://bucket/prefix; empty where none is named
  LakeRule rule;
};

struct WindowConfig {
  Seconds length = kHour;
  Seconds slide = kHour;
  Seconds delay = 10 * kMinute;
  Seconds max_gap = 10 * kMinute;
  Seconds idle_close = 5 * kMinute;
};

struct CheckpointConfig {
  Seconds every = 30;
  std::string url;  // empty: _bikeflow/state in the lake
  std::uint64_t due_max_bytes = std::uint64_t{256} << 20;
  // Of live feeds into a folder; false for tests, and for lakes that may be thrown away.
  bool sync = true;
};

struct DashboardConfig {
  std::string listen = "127.0.0.1:8080";
  bool takes_any_port = false;  // where nobody has asked for that one
  Secret token;
  std::vector<std::string> hosts;  // names that browsers call it by, besides localhost
  std::string url;  // where a proxy before it is reached, without a '/' at its end; empty: none
  std::optional<std::int64_t> requests_per_s;  // of one address; 0: as many as come
  // A map's pictures: a URL with {z}, {x} and {y}, and whose they are. Empty: none from elsewhere.
  std::string tiles, attribution;
};

struct RedisConfig {
  Secret url;  // it may hold a password
  Secret password;
  // Instead of `url`.
  std::vector<std::string> sentinels;
  std::string master, user;
  Secret sentinel_password;
  std::int64_t database = 0;

  Seconds ttl = kHour;  // of a station, since it was last seen
  std::string prefix = "bike_stations:", channel = "bike_stations:changes";
};

struct Config {
  std::optional<SystemConfig> system;
  std::vector<FeedConfig> feeds;
  HttpConfig http;
  std::optional<KafkaConfig> kafka;
  std::optional<LakeConfig> lake;
  WindowConfig window;
  CheckpointConfig checkpoint;
  std::optional<DashboardConfig> dashboard;
  std::optional<RedisConfig> redis;
};

// Where values that are not in the file come from; the process's own, or a test's.
struct ConfigSources {
  std::function<std::optional<std::string>(std::string_view name)> environment;
  // Paths are as the file has them.
  std::function<Result<std::string>(const std::string& path)> file;
  // Not to be looked for, and left empty: a command that needs none must work where they are not
  // set.
  bool without_secrets = false;
};

// What the configuration is for: a pipeline needs a system and a lake; a producer feeds and a
// topic; where the command line names those, the file may leave them out.
// kWhatItIs: a producer where there are feeds and a topic and no lake, else a pipeline.
enum class ConfigUse : std::uint8_t { kPipeline, kProducer, kWhatItIs, kSettings };

struct ConfigErrors {
  std::string text;  // ready to print
  std::size_t count = 0;
};

// Nothing but a whole and right configuration; else everything that is wrong.
std::expected<Config, ConfigErrors> parse_config(std::string_view file, std::string_view text,
                                                 ConfigUse use, const ConfigSources& sources);

}  // namespace bikeflow
