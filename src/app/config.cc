#include "app/config.h"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "app/config_node.h"
#include "app/config_reader.h"
#include "base/zone.h"
#include "feed/gbfs_url.h"
#include "io/redis_settings.h"
#include "model/system_id.h"

namespace bikeflow {
namespace {

constexpr Seconds kMostWait = 7 * kDay;

bool is_web_url(std::string_view url) {
  return (url.starts_with("http://") && url.size() > 7) ||
         (url.starts_with("https://") && url.size() > 8);
}

bool is_lake_url(std::string_view url) {
  const auto scheme = url.find("://");
  return !url.empty() &&
         (scheme == std::string_view::npos || (url.starts_with("s3://") && url.size() > 5));
}

// HOST:PORT; an IPv6 address stands in brackets.
bool is_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view host = text.substr(0, colon), port = text.substr(colon + 1);
  if (host.find(':') != std::string_view::npos && !(host.front() == '[' && host.back() == ']')) {
    return false;
  }
  if (port.empty() || port.size() > 5) return false;
  int number = 0;
  for (const char digit : port) {
    if (digit < '0' || digit > '9') return false;
    number = number * 10 + (digit - '0');
  }
  return number <= 65535;  // 0: any free one
}

bool is_tile_url(std::string_view text) {
  return (text.starts_with("https://") || text.starts_with("http://")) &&
         text.find_first_of(" \t'\";,") == std::string_view::npos &&
         text.find("{z}") != std::string_view::npos && text.find("{x}") != std::string_view::npos &&
         text.find("{y}") != std::string_view::npos;
}

// A proxy's public end, which documents are named behind.
bool is_public_url(std::string_view text) {
  if (!is_http_url(text) || has_user(text) || text.contains('?') || text.contains('#'))
    return false;
  const std::string_view host = host_of_url(text);
  return !host.empty() && host.front() != ':';
}

void read_system_keys(TableReader& table, SystemConfig& system) {
  table.text("id", is_system_id, kSystemIdForm, &system.id);
  table.text("name", &system.name);
  std::string timezone;
  table.text("timezone", &timezone);
  if (!timezone.empty()) {
    if (auto zone = Zone::load(timezone); !zone) {
      table.error_at("timezone", zone.error().message);
    }
    system.timezone = timezone;  // even so: one error for it is enough
  }
}

// Keys that are of the other kind.
void refuse_keys(TableReader& table, std::initializer_list<const char*> keys,
                 std::string_view why) {
  for (const char* key : keys) {
    if (table.has(key)) table.error_at_name(key, fmt::format("'{}' {}", key, why));
  }
}

void check_gbfs(TableReader& table, const FeedConfig& feed) {
  refuse_keys(table, {"key", "daily_calls"},
              "is for kind = \"seoul\"; gbfs has [feed.headers] and [feed.parameters]");
  if (feed.systems.empty()) {
    table.require("url", "where the feed's gbfs.json is; or systems = \"systems.csv\", for many");
    refuse_keys(table, {"countries", "ids"}, "chooses among 'systems', which is not there");
  } else {
    refuse_keys(table, {"url", "id"}, "is in the catalogue of 'systems'");
    refuse_keys(table, {"headers", "parameters"},
                "is of one system: give it a [[feed]] of its own, as 'systems' are sent no key");
  }
}

void check_seoul(TableReader& table) {
  if (!table.has("key_file")) table.require("key", "the API key, such as \"${SEOUL_API_KEY}\"");
  refuse_keys(table, {"language", "headers", "parameters", "systems", "countries", "ids"},
              "is for kind = \"gbfs\"; seoul has none");
}

void read_feed(TableReader& table, FeedConfig& feed) {
  read_system_keys(table, feed.system);
  std::string kind;
  table.require("kind", "\"seoul\" or \"gbfs\"");
  table.choice("kind", {"seoul", "gbfs"}, &kind);
  table.text("url", is_web_url, "a URL such as \"https://example.org/gbfs.json\"", &feed.url);
  table.secret("key", &feed.key);
  table.duration("every", 1, kDay, &feed.every);
  table.number("daily_calls", 1, 1'000'000'000, &feed.daily_calls);
  table.text("language", &feed.language);
  table.text("systems", &feed.systems);
  table.list("countries", &feed.countries);
  table.list("ids", &feed.ids);
  TableReader headers = table.table("headers");
  headers.all_secrets("", &feed.headers);
  TableReader parameters = table.table("parameters");
  parameters.all_secrets("", &feed.parameters);
  if (kind == "gbfs") {
    feed.kind = FeedConfig::Kind::kGbfs;
    check_gbfs(table, feed);
  } else if (kind == "seoul") {
    check_seoul(table);
  }
  table.finish();
}

void read_feeds(TableReader& root, ConfigUse use, Config& config) {
  std::vector<TableReader> tables = root.tables("feed");
  if (tables.empty() && use == ConfigUse::kProducer) {
    root.error_at("feed", "[feed] is missing: what is polled");
  }
  std::set<std::string> ids;
  for (TableReader& table : tables) {
    FeedConfig feed;
    if (tables.size() == 1 && config.system) feed.system = *config.system;
    if (config.system && feed.system.timezone.empty()) {
      feed.system.timezone = config.system->timezone;
    }
    read_feed(table, feed);
    if (!feed.systems.empty()) {
      // The catalogue has the ids.
    } else if (tables.size() > 1) {
      table.require("id", "with several feeds each is a system of its own");
      if (!feed.system.id.empty() && !ids.insert(feed.system.id).second) {
        table.error_at("id", "another feed has this id too: " + feed.system.id);
      }
    } else if (feed.system.id.empty() && feed.kind == FeedConfig::Kind::kSeoul) {
      table.require("id", "there is no [system] that has one");
    }
    // A GBFS feed says its own.
    const bool is_zone_needed =
        use != ConfigUse::kSettings && feed.kind == FeedConfig::Kind::kSeoul;
    if (feed.system.timezone.empty() && is_zone_needed) {
      table.require("timezone", "such as \"Asia/Seoul\"");
    }
    config.feeds.push_back(std::move(feed));
  }
}

void read_system(TableReader& root, ConfigUse use, Config& config) {
  TableReader table = root.table("system");
  const bool has_feeds = root.has("feed");
  if (!table.is_present()) {
    if (use == ConfigUse::kPipeline && !has_feeds) {
      root.error_at("system", "[system] is missing: id and timezone of the bikes' system");
    }
    return;
  }
  SystemConfig system;
  read_system_keys(table, system);
  if (!has_feeds && use == ConfigUse::kPipeline) {
    table.require("id", "the name of the system's folder in the lake");
    table.require("timezone", "such as \"Asia/Seoul\"");
  }
  table.finish();
  config.system = std::move(system);
}

void read_http(TableReader& root, Config& config) {
  TableReader table = root.table("http");
  table.text("contact", &config.http.contact);
  table.text("certificates", &config.http.certificates);
  table.finish();
}

void read_kafka(TableReader& root, ConfigUse use, Config& config) {
  TableReader table = root.table("kafka");
  if (!table.is_present()) {
    if (use == ConfigUse::kProducer) {
      root.error_at("kafka", "[kafka] is missing: brokers, and the topic that is written");
    }
    return;
  }
  KafkaConfig kafka;
  table.require("brokers", "such as \"localhost:9092\"");
  table.text("brokers", &kafka.brokers);
  table.require("topic", "where the observations are");
  table.text("topic", &kafka.topic);
  table.text("group", &kafka.group);
  table.number("partitions", 1, 10'000, &kafka.partitions);
  table.duration("retention", kMinute, 3650 * kDay, &kafka.retention);
  table.text("spool", &kafka.spool);
  table.bytes("spool_max", 1 << 20, &kafka.spool_max_bytes);
  table.bytes("dead_letter_max", 1 << 20, &kafka.dead_letter_max_bytes);
  TableReader client = table.table("client");
  client.all_secrets("", &kafka.client);
  table.finish();
  config.kafka = std::move(kafka);
}

void read_lake(TableReader& root, ConfigUse use, Config& config) {
  TableReader table = root.table("lake");
  if (!table.is_present()) {
    if (use == ConfigUse::kPipeline) {
      root.error_at("lake",
                    "[lake] is missing: its url says where rows go, such as url = \"lake\"");
    }
    return;
  }
  LakeConfig lake;
  if (use == ConfigUse::kPipeline) table.require("url", "a directory, or \"s3://bucket/prefix\"");
  table.text("url", is_lake_url, "a directory, or \"s3://bucket/prefix\"", &lake.url);
  std::string layout(layout_word(lake.rule.layout));
  table.choice("layout", {"hive", "plain"}, &layout);
  lake.rule.layout = layout_from_word(layout).value();
  std::string path_time(path_time_word(lake.rule.path_time));
  table.choice("path_time", {"start", "end"}, &path_time);
  lake.rule.path_time = path_time_from_word(path_time).value();
  if (lake.rule.layout == Layout::kPlain && config.feeds.size() > 1) {
    table.error_at("layout", "[lake] layout: \"plain\" has room for one system, and there are " +
                                 std::to_string(config.feeds.size()) +
                                 " feeds; use \"hive\", or a lake for each");
  }
  table.finish();
  config.lake = std::move(lake);
}

void read_window(TableReader& root, Config& config) {
  TableReader table = root.table("window");
  WindowConfig& window = config.window;
  table.duration("length", 1, kHour, &window.length);
  const bool length_fits = kHour % window.length == 0;
  if (!length_fits) {
    table.error_at("length",
                   "[window] length: expected a duration that divides an hour, such as \"1h\", "
                   "\"15m\" or \"5m\", found " +
                       format_duration(window.length));
  }
  window.slide = window.length;
  table.duration("slide", 1, kHour, &window.slide);
  if (length_fits && window.length % window.slide != 0) {
    table.error_at("slide", "[window] slide: expected a duration that divides the length (" +
                                format_duration(window.length) + "), found " +
                                format_duration(window.slide));
  }
  table.duration("delay", 1, kMostWait, &window.delay);
  table.duration("max_gap", 1, kMostWait, &window.max_gap);
  table.duration("idle_close", 1, kMostWait, &window.idle_close);
  Seconds slowest = 0;
  for (const FeedConfig& feed : config.feeds) slowest = std::max(slowest, feed.every);
  if (window.max_gap <= slowest) {
    table.error_at("max_gap",
                   fmt::format("[window] max_gap: expected more than a poll interval ({}), as no "
                               "movement is seen over a longer gap; found {}",
                               format_duration(slowest), format_duration(window.max_gap)));
  }
  if (window.idle_close < 3 * slowest) {
    if (table.has("idle_close")) {
      table.error_at("idle_close", "[window] idle_close: expected at least three poll intervals (" +
                                       format_duration(3 * slowest) + "), found " +
                                       format_duration(window.idle_close));
    } else {
      window.idle_close = 3 * slowest;
    }
  }
  table.finish();
}

void read_checkpoint(TableReader& root, Config& config) {
  TableReader table = root.table("checkpoint");
  table.duration("every", 1, kDay, &config.checkpoint.every);
  table.text("url", is_lake_url, "a directory, or \"s3://bucket/prefix\"", &config.checkpoint.url);
  table.bytes("due_max", 1 << 20, &config.checkpoint.due_max_bytes);
  table.boolean("sync", &config.checkpoint.sync);
  table.finish();
}

void read_dashboard(TableReader& root, Config& config) {
  TableReader table = root.table("dashboard");
  if (!table.is_present()) return;
  DashboardConfig dashboard;
  table.text("listen", is_address, "HOST:PORT such as \"127.0.0.1:8080\"", &dashboard.listen);
  table.secret("token", &dashboard.token);
  table.list("hosts", &dashboard.hosts);
  table.text("url", is_public_url,
             "the public address of the proxy before it, such as \"https://bikes.example.org\"",
             &dashboard.url);
  while (dashboard.url.ends_with('/')) dashboard.url.pop_back();
  if (table.has("requests_per_second")) {
    table.number("requests_per_second", 0, 1'000'000, &dashboard.requests_per_s.emplace());
  }
  table.text("tiles", is_tile_url,
             "a URL with {z}, {x} and {y}, such as \"https://tile.example.org/{z}/{x}/{y}.png\"",
             &dashboard.tiles);
  table.text("attribution", &dashboard.attribution);
  if (table.has("tiles")) table.require("attribution", "whose map it is, for the page to say");
  table.finish();
  config.dashboard = std::move(dashboard);
}

void read_redis(TableReader& root, Config& config) {
  TableReader table = root.table("redis");
  if (!table.is_present()) return;
  RedisConfig redis;
  std::string url;
  table.text("url", &url);
  if (!url.empty()) {
    const auto read = parse_redis_url(url);
    if (!read) {
      table.error_at("url", fmt::format("[redis] url: expected a URL such as "
                                        "\"redis://localhost:6379\": {}",
                                        read.error().message));
    } else if (!read->password.empty() && (table.has("password") || table.has("password_file"))) {
      table.error_at_name("url", "[redis] url has a password already: one of the two");
    }
  }
  redis.url = Secret(std::move(url));
  table.secret("password", &redis.password);
  table.list("sentinels", &redis.sentinels);
  for (const std::string& sentinel : redis.sentinels) {
    if (is_address(sentinel)) continue;
    table.error_at("sentinels", fmt::format("[redis] sentinels: expected HOST:PORT such as "
                                            "\"localhost:26379\", found \"{}\"",
                                            sentinel));
  }
  table.text("master", &redis.master);
  if (table.has("sentinels")) {
    table.require("master", "the name under which the sentinels know it");
    if (table.has("url")) {
      table.error_at_name("url", "[redis] takes url, or sentinels with master, not both");
    }
  } else {
    table.require("url", "such as \"redis://localhost:6379\", or sentinels with master");
    for (const char* key : {"master", "user", "sentinel_password", "sentinel_password_file"}) {
      if (table.has(key)) {
        table.error_at_name(key, fmt::format("[redis] {} goes with sentinels", key));
      }
    }
    if (table.has("database")) {
      table.error_at_name("database",
                          "[redis] database goes with sentinels; of a url it is a part");
    }
  }
  table.text("user", &redis.user);
  table.secret("sentinel_password", &redis.sentinel_password);
  table.number("database", 0, 99'999, &redis.database);
  table.duration("ttl", 1, 30 * kDay, &redis.ttl);
  table.text("prefix", &redis.prefix);
  table.text("channel", &redis.channel);
  Seconds slowest = 0;
  for (const FeedConfig& feed : config.feeds) slowest = std::max(slowest, feed.every);
  if (redis.ttl <= slowest) {
    table.error_at("ttl", fmt::format("[redis] ttl: expected more than a poll interval ({}), as a "
                                      "station would end before it is seen again; found {}",
                                      format_duration(slowest), format_duration(redis.ttl)));
  }
  table.finish();
  config.redis = std::move(redis);
}

}  // namespace

std::expected<Config, ConfigErrors> parse_config(std::string_view file, std::string_view text,
                                                 ConfigUse use, const ConfigSources& sources) {
  const auto tree = parse_toml(text);
  if (!tree) return std::unexpected(ConfigErrors{render(file, text, {tree.error()}), 1});
  ConfigContext context{sources};
  TableReader root(&*tree, "", context);
  if (use == ConfigUse::kWhatItIs) {
    const bool is_producer = root.has("feed") && root.has("kafka") && !root.has("lake");
    use = is_producer ? ConfigUse::kProducer : ConfigUse::kPipeline;
  }
  Config config;
  read_system(root, use, config);
  read_feeds(root, use, config);
  read_http(root, config);
  read_kafka(root, use, config);
  read_lake(root, use, config);
  read_window(root, config);
  read_checkpoint(root, config);
  read_dashboard(root, config);
  read_redis(root, config);
  root.finish();
  if (!context.diagnostics.empty()) {
    const std::size_t count = context.diagnostics.size();
    return std::unexpected(ConfigErrors{render(file, text, std::move(context.diagnostics)), count});
  }
  return config;
}

}  // namespace bikeflow
