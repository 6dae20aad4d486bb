#include "app/config.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "app/redis_settings_of.h"

namespace bikeflow {
namespace {

ConfigSources sources() {
  return {.environment = [](std::string_view name) -> std::optional<std::string> {
            const std::map<std::string, std::string, std::less<>> variables = {
                {"SEOUL_API_KEY", "s3cr3t"}, {"EMPTY", ""}, {"LAKE", "/srv/lake"}};
            const auto found = variables.find(name);
            return found == variables.end() ? std::nullopt : std::optional(found->second);
          },
          .file = [](const std::string& path) -> Result<std::string> {
            if (path == "token.txt") return "from-file\n";
            if (path == "empty.txt") return "\n";
            return fail("{}: No such file or directory", path);
          }};
}

Config read(std::string_view text, ConfigUse use = ConfigUse::kSettings) {
  auto config = parse_config("bikeflow.toml", text, use, sources());
  EXPECT_TRUE(config) << config.error().text;
  return config ? *config : Config{};
}

std::string errors(std::string_view text, ConfigUse use = ConfigUse::kSettings) {
  const auto config = parse_config("bikeflow.toml", text, use, sources());
  return config ? "no error" : config.error().text;
}

constexpr std::string_view kWhole = R"([system]
id = "seoul"
name = "따릉이"
timezone = "Asia/Seoul"

[feed]
kind = "seoul"
key = "${SEOUL_API_KEY}"
every = "30s"

[kafka]
brokers = "localhost:9092"
topic = "bike-station-info"
group = "city"
partitions = 12
retention = "36h"
spool = "waiting"
spool_max = "1GiB"
dead_letter_max = "2GiB"
[kafka.client]
"security.protocol" = "sasl_ssl"
sasl.password = "${SEOUL_API_KEY}"
"socket.timeout.ms" = 5000
"enable.ssl.certificate.verification" = true

[lake]
url = "s3://ddareungidatabucket"
layout = "plain"
path_time = "end"

[window]
length = "15m"
slide = "5m"
delay = "1m"
max_gap = "7m"
idle_close = "2m"

[checkpoint]
every = "10s"
url = "state"
due_max = "64MiB"
sync = false

[dashboard]
listen = "[::1]:80"
token_file = "token.txt"
hosts = ["bikes.example.org"]
url = "https://bikes.example.org:8443/seoul/"
requests_per_second = 0
tiles = "https://tile.example.org/{z}/{x}/{y}.png"
attribution = "Example"

[redis]
sentinels = ["a:26379", "b:26379"]
master = "mymaster"
user = "bikes"
password = "${SEOUL_API_KEY}"
sentinel_password_file = "token.txt"
database = 2
ttl = "10m"
prefix = "city:"
channel = "moves"
)";

TEST(Config, ReadsEveryKey) {
  const Config config = read(kWhole, ConfigUse::kPipeline);
  ASSERT_TRUE(config.system && config.kafka && config.lake && config.dashboard && config.redis);
  ASSERT_EQ(config.feeds.size(), 1U);
  EXPECT_EQ(config.system->name, "따릉이");
  EXPECT_EQ(config.feeds[0].system.id, "seoul");
  EXPECT_EQ(config.feeds[0].system.timezone, "Asia/Seoul");
  EXPECT_EQ(config.feeds[0].key.reveal(), "s3cr3t");
  EXPECT_EQ(config.feeds[0].every, 30);
  EXPECT_EQ(config.kafka->brokers, "localhost:9092");
  EXPECT_EQ(config.kafka->topic, "bike-station-info");
  EXPECT_EQ(config.kafka->group, "city");
  EXPECT_EQ(config.kafka->partitions, 12);
  EXPECT_EQ(config.kafka->retention, 36 * kHour);
  EXPECT_EQ(config.kafka->spool, "waiting");
  EXPECT_EQ(config.kafka->spool_max_bytes, std::uint64_t{1} << 30);
  EXPECT_EQ(config.kafka->dead_letter_max_bytes, std::uint64_t{2} << 30);
  ASSERT_EQ(config.kafka->client.size(), 4U);
  EXPECT_EQ(config.kafka->client.at("security.protocol").reveal(), "sasl_ssl");
  EXPECT_EQ(config.kafka->client.at("sasl.password").reveal(), "s3cr3t");
  EXPECT_EQ(config.kafka->client.at("socket.timeout.ms").reveal(), "5000");
  EXPECT_EQ(config.kafka->client.at("enable.ssl.certificate.verification").reveal(), "true");
  EXPECT_EQ(config.lake->url, "s3://ddareungidatabucket");
  EXPECT_EQ(config.lake->rule.layout, Layout::kPlain);
  EXPECT_EQ(config.lake->rule.path_time, PathTime::kEnd);
  EXPECT_EQ(config.window.length, 900);
  EXPECT_EQ(config.window.slide, 300);
  EXPECT_EQ(config.window.delay, 60);
  EXPECT_EQ(config.window.max_gap, 420);
  EXPECT_EQ(config.window.idle_close, 120);
  EXPECT_EQ(config.checkpoint.every, 10);
  EXPECT_EQ(config.checkpoint.url, "state");
  EXPECT_EQ(config.checkpoint.due_max_bytes, 64U << 20);
  EXPECT_FALSE(config.checkpoint.sync);
  EXPECT_EQ(config.dashboard->listen, "[::1]:80");
  EXPECT_EQ(config.dashboard->token.reveal(), "from-file");
  EXPECT_EQ(config.dashboard->hosts, std::vector<std::string>{"bikes.example.org"});
  EXPECT_EQ(config.dashboard->url, "https://bikes.example.org:8443/seoul");
  EXPECT_EQ(config.dashboard->requests_per_s, 0);
  EXPECT_EQ(config.dashboard->tiles, "https://tile.example.org/{z}/{x}/{y}.png");
  EXPECT_EQ(config.dashboard->attribution, "Example");
  EXPECT_EQ(config.redis->sentinels, (std::vector<std::string>{"a:26379", "b:26379"}));
  EXPECT_EQ(config.redis->master, "mymaster");
  const RedisWriterSettings redis = redis_settings_of(config);
  EXPECT_EQ(redis.redis, (RedisSettings{.place = {},
                                        .sentinels = {{"a", 26379}, {"b", 26379}},
                                        .master = "mymaster",
                                        .user = "bikes",
                                        .password = "s3cr3t",
                                        .sentinel_password = "from-file",
                                        .database = 2}));
  EXPECT_EQ(redis.ttl, 600);
  EXPECT_EQ(redis_key(redis, "seoul", "ST-4"), "city:ST-4");
  EXPECT_EQ(redis.channel, "moves");
}

TEST(Config, HasDefaults) {
  const Config config = read("[window]\nlength = \"30m\"\n");
  EXPECT_FALSE(config.system || config.kafka || config.lake || config.dashboard || config.redis);
  EXPECT_EQ(config.window.slide, 1800);  // the length
  EXPECT_EQ(config.window.delay, 600);
  EXPECT_EQ(config.window.max_gap, 600);
  EXPECT_EQ(config.window.idle_close, 300);
  EXPECT_EQ(config.checkpoint.due_max_bytes, 256U << 20);
  EXPECT_TRUE(config.checkpoint.sync);
}

TEST(Config, AProducerNeedsFeedsAndATopicAndNoLake) {
  const Config config = read(
      "[feed]\nkind = \"gbfs\"\nurl = \"https://a.org/gbfs.json\"\n"
      "[kafka]\nbrokers = \"b:9092\"\ntopic = \"t\"\n",
      ConfigUse::kProducer);
  EXPECT_EQ(config.feeds[0].system.id, "");  // as the feed says
  EXPECT_EQ(config.kafka->partitions, 4);
  EXPECT_EQ(config.kafka->retention, 7 * kDay);
  EXPECT_EQ(config.kafka->spool, "bikeflow-spool");
  EXPECT_EQ(config.kafka->spool_max_bytes, std::uint64_t{256} << 20);
  EXPECT_EQ(config.kafka->dead_letter_max_bytes, std::uint64_t{256} << 20);

  const std::string empty = errors("", ConfigUse::kProducer);
  EXPECT_NE(empty.find("[feed] is missing: what is polled"), std::string::npos) << empty;
  EXPECT_NE(empty.find("[kafka] is missing: brokers"), std::string::npos) << empty;
  const std::string zoneless = errors(
      "[feed]\nkind = \"seoul\"\nkey = \"k\"\n"
      "[kafka]\nbrokers = \"b:9092\"\ntopic = \"t\"\npartitions = 0\nretention = \"1s\"\n",
      ConfigUse::kProducer);
  EXPECT_NE(zoneless.find("[feed] needs 'id'"), std::string::npos) << zoneless;
  EXPECT_NE(zoneless.find("[feed] needs 'timezone'"), std::string::npos) << zoneless;
  EXPECT_NE(zoneless.find("[kafka] partitions: expected a whole number from 1 to 10000"),
            std::string::npos)
      << zoneless;
  EXPECT_NE(zoneless.find("[kafka] retention: expected 1m to 3650d, found 1s"), std::string::npos)
      << zoneless;
}

TEST(Config, SeveralFeedsAreSystemsOfTheirOwn) {
  const Config config = read(R"([[feed]]
id = "oslo"
timezone = "Europe/Oslo"
kind = "gbfs"
url = "https://example.org/oslo/gbfs.json"
[[feed]]
id = "nyc"
timezone = "America/New_York"
kind = "gbfs"
url = "https://example.org/nyc/gbfs.json"
every = "5m"
[lake]
url = "${LAKE}/bikes"
)",
                             ConfigUse::kPipeline);
  ASSERT_EQ(config.feeds.size(), 2U);
  EXPECT_EQ(config.feeds[1].system.id, "nyc");
  EXPECT_EQ(config.feeds[1].url, "https://example.org/nyc/gbfs.json");
  EXPECT_EQ(config.lake->url, "/srv/lake/bikes");
  EXPECT_EQ(config.window.idle_close, 900);  // three intervals of the slowest
}

TEST(ConfigErrors, NameTheNearestKey) {
  EXPECT_EQ(errors("\n\n[window]\nlenght = \"1h\"\n"),
            "bikeflow.toml:4:1: error: unknown key 'lenght' in [window]; did you mean 'length'?\n"
            "    4 | lenght = \"1h\"\n"
            "      | ^~~~~~\n");
  EXPECT_EQ(errors("[window]\nfrobnicate = 1\n"),
            "bikeflow.toml:2:1: error: unknown key 'frobnicate' in [window]; there are: length, "
            "slide, delay, max_gap, idle_close\n"
            "    2 | frobnicate = 1\n"
            "      | ^~~~~~~~~~\n");
  EXPECT_EQ(errors("[windwo]\nlength = \"1h\"\n"),
            "bikeflow.toml:1:2: error: unknown table [windwo]; did you mean [window]?\n"
            "    1 | [windwo]\n"
            "      |  ^~~~~~\n");
  EXPECT_EQ(
      errors("[weather]\n"),
      "bikeflow.toml:1:2: error: unknown table [weather]; there are [system], [feed], [http], "
      "[kafka], [lake], [window], [checkpoint], [dashboard], [redis]\n"
      "    1 | [weather]\n"
      "      |  ^~~~~~~\n");
  EXPECT_EQ(
      errors("length = \"1h\"\n"),
      "bikeflow.toml:1:1: error: key 'length' stands outside of any table; it belongs below a "
      "line such as [window]\n"
      "    1 | length = \"1h\"\n"
      "      | ^~~~~~\n");
}

TEST(ConfigErrors, AreToldAllAtOnceInTheOrderOfTheFile) {
  EXPECT_EQ(
      errors(R"([window]
delay = "0s"
length = 60
[lake]
layout = "hvie"
)"),
      "bikeflow.toml:2:9: error: [window] delay: expected 1s to 7d, found 0s\n"
      "    2 | delay = \"0s\"\n"
      "      |         ^~~~\n"
      "bikeflow.toml:3:10: error: [window] length: expected a string such as \"30s\", \"10m\" or "
      "\"24h\", found a whole number\n"
      "    3 | length = 60\n"
      "      |          ^~\n"
      "bikeflow.toml:5:10: error: [lake] layout: expected one of \"hive\", \"plain\"; did you "
      "mean 'hive'?\n"
      "    5 | layout = \"hvie\"\n"
      "      |          ^~~~~~\n");
}

TEST(ConfigErrors, OfWindows) {
  EXPECT_EQ(errors("[window]\nlength = \"7m\"\n"),
            "bikeflow.toml:2:10: error: [window] length: expected a duration that divides an hour, "
            "such as \"1h\", \"15m\" or \"5m\", found 7m\n"
            "    2 | length = \"7m\"\n"
            "      |          ^~~~\n");
  EXPECT_EQ(errors("[window]\nlength = \"1h\"\nslide = \"25m\"\n"),
            "bikeflow.toml:3:9: error: [window] slide: expected a duration that divides the length "
            "(1h), found 25m\n"
            "    3 | slide = \"25m\"\n"
            "      |         ^~~~~\n");
  EXPECT_EQ(errors("[window]\nlength = \"2h\"\n"),
            "bikeflow.toml:2:10: error: [window] length: expected 1s to 1h, found 2h\n"
            "    2 | length = \"2h\"\n"
            "      |          ^~~~\n");
  EXPECT_EQ(errors("[window]\nmax_gap = \"ten minutes\"\n"),
            "bikeflow.toml:2:11: error: [window] max_gap: expected a duration such as \"30s\", "
            "\"10m\" or \"24h\"\n"
            "    2 | max_gap = \"ten minutes\"\n"
            "      |           ^~~~~~~~~~~~~\n");
  EXPECT_EQ(
      errors("[feed]\nid = \"a\"\nkind = \"gbfs\"\nurl = \"http://a/\"\nevery = \"5m\"\n"
             "[window]\nidle_close = \"5m\"\n"),
      "bikeflow.toml:7:14: error: [window] idle_close: expected at least three poll intervals "
      "(15m), found 5m\n"
      "    7 | idle_close = \"5m\"\n"
      "      |              ^~~~\n");
  EXPECT_EQ(
      errors("[feed]\nid = \"a\"\nkind = \"gbfs\"\nurl = \"http://a/\"\nevery = \"1m\"\n"
             "[window]\nmax_gap = \"1m\"\n"),
      "bikeflow.toml:7:11: error: [window] max_gap: expected more than a poll interval (1m), as no "
      "movement is seen over a longer gap; found 1m\n"
      "    7 | max_gap = \"1m\"\n"
      "      |           ^~~~\n");
  EXPECT_EQ(
      errors("[feed]\nid = \"a\"\nkind = \"gbfs\"\nurl = \"http://a/\"\nevery = \"15m\"\n"),
      "bikeflow.toml: error: [window] max_gap: expected more than a poll interval (15m), as no "
      "movement is seen over a longer gap; found 10m\n");
}

TEST(Config, ReadsFeedsOfEveryKind) {
  const Config config = read(R"(
[http]
contact = "ops@example.org"
certificates = "ca.pem"
[lake]
url = "lake"
[[feed]]
id = "seoul"
timezone = "Asia/Seoul"
kind = "seoul"
url = "http://mirror:8088"
key = "${SEOUL_API_KEY}"
daily_calls = 1000
[[feed]]
id = "oslo"
kind = "gbfs"
url = "https://example.org/gbfs.json"
language = "nb"
headers = { "ET-Client-Name" = "${SEOUL_API_KEY}" }
parameters = { api = "x" }
[[feed]]
kind = "gbfs"
systems = "systems.csv"
countries = ["NO", "SE"]
ids = ["bergen"]
every = "2m"
)",
                             ConfigUse::kPipeline);
  EXPECT_EQ(config.http.contact, "ops@example.org");
  EXPECT_EQ(config.http.certificates, "ca.pem");
  ASSERT_EQ(config.feeds.size(), 3U);
  EXPECT_EQ(config.feeds[0].url, "http://mirror:8088");
  EXPECT_EQ(config.feeds[0].daily_calls, 1000);
  EXPECT_EQ(config.feeds[1].system.timezone, "");  // as the feed says
  EXPECT_EQ(config.feeds[1].language, "nb");
  EXPECT_EQ(config.feeds[1].headers.at("ET-Client-Name").reveal(), "s3cr3t");
  EXPECT_EQ(config.feeds[1].parameters.at("api").reveal(), "x");
  EXPECT_EQ(config.feeds[2].systems, "systems.csv");
  EXPECT_EQ(config.feeds[2].countries, (std::vector<std::string>{"NO", "SE"}));
  EXPECT_EQ(config.feeds[2].ids, std::vector<std::string>{"bergen"});
  EXPECT_EQ(config.feeds[2].every, 120);
}

TEST(ConfigErrors, OfSystemsAndFeeds) {
  EXPECT_EQ(
      errors("[system]\nid = \"a/b\"\ntimezone = \"Asia/Soul\"\n"),
      "bikeflow.toml:2:6: error: [system] id: expected letters, digits, '-', '_' and '.' (64 at "
      "most), found \"a/b\"\n"
      "    2 | id = \"a/b\"\n"
      "      |      ^~~~~\n"
      "bikeflow.toml:3:12: error: Asia/Soul: no such time zone; did you mean 'Asia/Seoul'?\n"
      "    3 | timezone = \"Asia/Soul\"\n"
      "      |            ^~~~~~~~~~~\n");
  EXPECT_EQ(errors("[feed]\nid = \"a\"\nkind = \"gbfs\"\n"),
            "bikeflow.toml:1:1: error: [feed] needs 'url': where the feed's gbfs.json is; or "
            "systems = \"systems.csv\", for many\n"
            "    1 | [feed]\n"
            "      | ^~~~~~\n");
  EXPECT_EQ(errors("[feed]\nkind = \"gbfs\"\nurl = \"ftp://a\"\n"),
            "bikeflow.toml:3:7: error: [feed] url: expected a URL such as "
            "\"https://example.org/gbfs.json\", found \"ftp://a\"\n"
            "    3 | url = \"ftp://a\"\n"
            "      |       ^~~~~~~~~\n");
  EXPECT_EQ(errors("[feed]\nid = \"a\"\nkind = \"seoul\"\ntimezone = \"Asia/Seoul\"\nkey = "
                   "\"k\"\nsystems = \"s.csv\"\ndaily_calls = 0\n"),
            "bikeflow.toml:6:1: error: 'systems' is for kind = \"gbfs\"; seoul has none\n"
            "    6 | systems = \"s.csv\"\n"
            "      | ^~~~~~~\n"
            "bikeflow.toml:7:15: error: [feed] daily_calls: expected a whole number from 1 to "
            "1000000000\n"
            "    7 | daily_calls = 0\n"
            "      |               ^\n");
  EXPECT_EQ(
      errors("[feed]\nkind = \"gbfs\"\nsystems = \"s.csv\"\nid = \"a\"\nurl = \"http://a\"\n"),
      "bikeflow.toml:4:1: error: 'id' is in the catalogue of 'systems'\n"
      "    4 | id = \"a\"\n"
      "      | ^~\n"
      "bikeflow.toml:5:1: error: 'url' is in the catalogue of 'systems'\n"
      "    5 | url = \"http://a\"\n"
      "      | ^~~\n");
  EXPECT_EQ(
      errors("[[feed]]\nid = \"a\"\nkind = \"gbfs\"\nurl = \"http://a\"\n"
             "[[feed]]\nid = \"a\"\nkind = \"gbfs\"\nurl = \"http://b\"\n"
             "[lake]\nlayout = \"plain\"\n"),
      "bikeflow.toml:6:6: error: another feed has this id too: a\n"
      "    6 | id = \"a\"\n"
      "      |      ^~~\n"
      "bikeflow.toml:10:10: error: [lake] layout: \"plain\" has room for one system, and there "
      "are 2 feeds; use \"hive\", or a lake for each\n"
      "   10 | layout = \"plain\"\n"
      "      |          ^~~~~~~\n");
  EXPECT_EQ(errors("feed = 3\n"),
            "bikeflow.toml:1:8: error: feed: expected a table [feed], or several [[feed]]\n"
            "    1 | feed = 3\n"
            "      |        ^\n");
  EXPECT_EQ(errors("[[lake]]\nurl = \"a\"\n[[lake]]\nurl = \"b\"\n"),
            "bikeflow.toml:1:1: error: lake: expected one table [lake], not several\n"
            "    1 | [[lake]]\n"
            "      | ^\n");
}

TEST(ConfigErrors, OfWhatAPipelineNeeds) {
  EXPECT_EQ(errors("", ConfigUse::kPipeline),
            "bikeflow.toml: error: [system] is missing: id and timezone of the bikes' system\n"
            "bikeflow.toml: error: [lake] is missing: its url says where rows go, such as url = "
            "\"lake\"\n");
  EXPECT_EQ(errors("[system]\nid = \"a\"\n[lake]\nlayout = \"hive\"\n", ConfigUse::kPipeline),
            "bikeflow.toml:1:1: error: [system] needs 'timezone': such as \"Asia/Seoul\"\n"
            "    1 | [system]\n"
            "      | ^~~~~~~~\n"
            "bikeflow.toml:3:1: error: [lake] needs 'url': a directory, or \"s3://bucket/prefix\"\n"
            "    3 | [lake]\n"
            "      | ^~~~~~\n");
}

TEST(ConfigErrors, OfOutsideThings) {
  EXPECT_EQ(
      errors("[kafka]\nbrokers = \"b:9092\"\nclient = { a = [1] }\n"),
      "bikeflow.toml:1:1: error: [kafka] needs 'topic': where the observations are\n"
      "    1 | [kafka]\n"
      "      | ^~~~~~~\n"
      "bikeflow.toml:3:16: error: [kafka.client] a: expected a string, a whole number, true or "
      "false, found an array\n"
      "    3 | client = { a = [1] }\n"
      "      |                ^~~\n");
  EXPECT_EQ(
      errors("[lake]\nurl = \"gs://bucket\"\n"),
      "bikeflow.toml:2:7: error: [lake] url: expected a directory, or \"s3://bucket/prefix\", "
      "found \"gs://bucket\"\n"
      "    2 | url = \"gs://bucket\"\n"
      "      |       ^~~~~~~~~~~~~\n");
  EXPECT_EQ(errors("[checkpoint]\ndue_max = \"256MB\"\n"),
            "bikeflow.toml:2:11: error: [checkpoint] due_max: expected a number of bytes such as "
            "\"256MiB\" (B, KiB, MiB, GiB, TiB)\n"
            "    2 | due_max = \"256MB\"\n"
            "      |           ^~~~~~~\n");
  EXPECT_EQ(errors("[checkpoint]\nsync = \"no\"\n"),
            "bikeflow.toml:2:8: error: [checkpoint] sync: expected true or false, found a string\n"
            "    2 | sync = \"no\"\n"
            "      |        ^~~~\n");
  EXPECT_EQ(errors("[dashboard]\nlisten = \"8080\"\n"),
            "bikeflow.toml:2:10: error: [dashboard] listen: expected HOST:PORT such as "
            "\"127.0.0.1:8080\", found \"8080\"\n"
            "    2 | listen = \"8080\"\n"
            "      |          ^~~~~~\n");
  EXPECT_EQ(errors("[redis]\nmaster = \"m\"\n"),
            "bikeflow.toml:1:1: error: [redis] needs 'url': such as \"redis://localhost:6379\", or "
            "sentinels with master\n"
            "    1 | [redis]\n"
            "      | ^~~~~~~\n"
            "bikeflow.toml:2:1: error: [redis] master goes with sentinels\n"
            "    2 | master = \"m\"\n"
            "      | ^~~~~~\n");
  EXPECT_EQ(errors("[redis]\nurl = \"redis://h\"\nsentinels = [\"a:1\", 2]\nmaster = \"m\"\n"),
            "bikeflow.toml:2:1: error: [redis] takes url, or sentinels with master, not both\n"
            "    2 | url = \"redis://h\"\n"
            "      | ^~~\n"
            "bikeflow.toml:3:21: error: [redis] sentinels: expected an array of strings\n"
            "    3 | sentinels = [\"a:1\", 2]\n"
            "      |                     ^\n");
}

TEST(ConfigErrors, OfToml) {
  EXPECT_EQ(errors("[window]\nlength = \"1h\nslide = \"5m\"\n"),
            "bikeflow.toml:2:13: error: not TOML: Error while parsing string: unescaped control "
            "characters other than TAB (U+0009) are explicitly prohibited\n"
            "    2 | length = \"1h\n"
            "      |             ^\n");
  EXPECT_TRUE(errors("a = 1\na = 2\n").starts_with("bikeflow.toml:2:"));
  EXPECT_TRUE(errors("\xFF").starts_with("bikeflow.toml:1:1: error: not TOML"));
}

TEST(ConfigErrors, PutTheCaretUnderWideCharactersAndTabs) {
  EXPECT_EQ(errors("[system]\n\"따릉이\" =\t1\n\tname =\t2\n"),
            "bikeflow.toml:2:1: error: unknown key '따릉이' in [system]; there are: id, name, "
            "timezone\n"
            "    2 | \"따릉이\" =\t1\n"
            "      | ^~~~~~~~\n"
            "bikeflow.toml:3:9: error: [system] name: expected a string, found a whole number\n"
            "    3 | \tname =\t2\n"
            "      | \t      \t^\n");
}

TEST(ConfigErrors, DoNotObeyWhatTheFileHolds) {
  const std::string text = errors("[window]\n\"a\\u001b[2Jb\" = 1\n");
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
}

TEST(ConfigErrors, AreSaidOfWhateverTheFileHolds) {
  std::mt19937 random(1);
  int wrong = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string text(kWhole);
    for (int flips = 0; flips <= i % 3; ++flips) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    const auto config = parse_config("bikeflow.toml", text, ConfigUse::kPipeline, sources());
    if (config) continue;
    ++wrong;
    EXPECT_GT(config.error().count, 0U);
    EXPECT_TRUE(config.error().text.starts_with("bikeflow.toml:")) << config.error().text;
  }
  EXPECT_GT(wrong, 1000);
}

TEST(ConfigSecrets, AreNotLookedForWhereNoneIsNeeded) {
  ConfigSources none = sources();
  none.without_secrets = true;
  const auto config = parse_config("bikeflow.toml",
                                   "[system]\nid = \"seoul\"\ntimezone = \"Asia/Seoul\"\n"
                                   "[feed]\nkind = \"seoul\"\nkey = \"${MISSING}\"\n"
                                   "[dashboard]\ntoken_file = \"missing\"\n",
                                   ConfigUse::kSettings, none);
  ASSERT_TRUE(config) << config.error().text;
  EXPECT_EQ(config->system->id, "seoul");
}

TEST(ConfigSecrets, ComeFromTheEnvironmentOrAFile) {
  EXPECT_EQ(errors("[dashboard]\ntoken = \"${MISSING}\"\n"),
            "bikeflow.toml:2:9: error: [dashboard] token: the environment variable MISSING is not "
            "set\n"
            "    2 | token = \"${MISSING}\"\n"
            "      |         ^~~~~~~~~~~~\n");
  EXPECT_EQ(errors("[dashboard]\ntoken = \"${EMPTY}\"\n"),
            "bikeflow.toml:2:9: error: [dashboard] token: the environment variable EMPTY is empty\n"
            "    2 | token = \"${EMPTY}\"\n"
            "      |         ^~~~~~~~~~\n");
  EXPECT_EQ(
      errors("[lake]\nurl = \"${not closed\"\n"),
      "bikeflow.toml:2:7: error: [lake] url: expected ${NAME} with the name of an environment "
      "variable\n"
      "    2 | url = \"${not closed\"\n"
      "      |       ^~~~~~~~~~~~~~\n");
  EXPECT_EQ(
      errors("[dashboard]\ntoken_file = \"none.txt\"\n"),
      "bikeflow.toml:2:14: error: [dashboard] token_file: none.txt: No such file or directory\n"
      "    2 | token_file = \"none.txt\"\n"
      "      |              ^~~~~~~~~~\n");
  EXPECT_EQ(errors("[dashboard]\ntoken_file = \"empty.txt\"\n"),
            "bikeflow.toml:2:14: error: [dashboard] token_file: the file is empty: empty.txt\n"
            "    2 | token_file = \"empty.txt\"\n"
            "      |              ^~~~~~~~~~~\n");
  EXPECT_EQ(errors("[dashboard]\ntoken = \"abc\"\ntoken_file = \"token.txt\"\n"),
            "bikeflow.toml:3:1: error: [dashboard] token_file: one of token and token_file, not "
            "both\n"
            "    3 | token_file = \"token.txt\"\n"
            "      | ^~~~~~~~~~\n");
}

TEST(ConfigSecrets, NeverReachAMessage) {
  for (const std::string_view text :
       {"[feed]\nkye = \"hunter2\"\n",
        "[feed]\nkey = hunter2\n",
        "[feed]\nkey = \"hunter2\n",
        "[feed]\nkind = \"gbfs\"\nkey = \"hunter2\"\n",
        "[feed]\nkey = [\"hunter2\"]\n",
        "feed = { kind = \"x\", key = \"hunter2\" }\n",
        "kye = \"hunter2\"\n",
        "[redis]\nurl = \"redis://user:hunter2@h\"\nsentinels = [\"a\"]\nmaster = \"m\"\n",
        "[kafka.client]\nsasl.password = [\"hunter2\"]\n",
        "[dashboard]\ntokn = \"hunter2\"\n",
        "[dashboard]\n\"token\" = hunter2\n",
        "[feed]\nkind = \"gbfs\"\nsystems = \"s.csv\"\nurl = "
        "\"https://a.org/gbfs.json?k=hunter2\"\n",
        "[feed]\nurl = \"https://a.org/gbfs.json?k=hunter2\n",
        "[feed]\nurl = \"a.org/gbfs.json?k=hunter2\"\n",
        "[feed]\nurl = \"htps://u:hunter2@a.org/gbfs.json\"\n",
        "[feed]\nheaders = { Authorization = \"Bearer hunter2 }\n",
        "[feed.headers]\nX-Who = \"hunter2\n",
        "[[feed]]\n[feed.parameters]\nx = [\"hunter2\"]\n",
        "[redis]\nurl = \"redis:/:hunter2@h\"\n",
        "[redis]\nurl = \"redis://:hunter2@h\n"}) {
    const std::string message = errors(text);
    EXPECT_NE(message.find("error:"), std::string::npos) << message;
    EXPECT_EQ(message.find("hunter2"), std::string::npos) << message;
    EXPECT_NE(message.find("***"), std::string::npos) << message;
  }
  EXPECT_EQ(fmt::format("{}", Secret("hunter2")), "***");
}

TEST(ConfigSecrets, FromTheEnvironmentNeitherWhereTheyDoNotFit) {
  EXPECT_EQ(
      errors("[lake]\nurl = \"x://${SEOUL_API_KEY}\"\n"),
      "bikeflow.toml:2:7: error: [lake] url: expected a directory, or \"s3://bucket/prefix\"\n"
      "    2 | url = \"x://${SEOUL_API_KEY}\"\n"
      "      |       ^~~~~~~~~~~~~~~~~~~~~~\n");
}

}  // namespace
}  // namespace bikeflow
