// Who looks on: [redis], as it is read and as its writer takes it, and the public end and the limit
// of [dashboard].
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "app/config.h"
#include "app/redis_settings_of.h"

namespace bikeflow {
namespace {

const ConfigSources kNoSources{
    .environment = [](std::string_view) -> std::optional<std::string> { return std::nullopt; },
    .file = [](const std::string& path) -> Result<std::string> {
      return fail("{}: absent", path);
    }};

Config read(const std::string& text) {
  const auto config = parse_config("bikeflow.toml", text, ConfigUse::kSettings, kNoSources);
  EXPECT_TRUE(config) << config.error().text;
  return config ? *config : Config{};
}

std::string errors(const std::string& text) {
  const auto config = parse_config("bikeflow.toml", text, ConfigUse::kSettings, kNoSources);
  return config ? "no error" : config.error().text;
}

TEST(ConfigOfRedis, ErrorsSayWhatWasExpected) {
  const auto message = [](const std::string& text) {
    const std::string all = errors("[redis]\n" + text);
    const auto begin = all.find("error: ");
    return begin == std::string::npos ? all : all.substr(begin + 7, all.find('\n') - begin - 7);
  };
  EXPECT_EQ(message("url = \"redis://h\"\npassword = \"p\"\nttl = \"90s\"\n"), "no error");
  EXPECT_EQ(message("url = \"rediss://h\"\n"),
            "[redis] url: expected a URL such as \"redis://localhost:6379\": this version has no "
            "TLS for Redis; name a redis:// URL, of a tunnel (stunnel) where the way is not your "
            "own");
  EXPECT_EQ(message("url = \"redis://:p@h\"\npassword = \"p\"\n"),
            "[redis] url has a password already: one of the two");
  EXPECT_EQ(message("url = \"redis://h\"\nuser = \"u\"\n"), "[redis] user goes with sentinels");
  EXPECT_EQ(message("url = \"redis://h\"\ndatabase = 1\n"),
            "[redis] database goes with sentinels; of a url it is a part");
  EXPECT_EQ(message("sentinels = [\"a\"]\nmaster = \"m\"\n"),
            "[redis] sentinels: expected HOST:PORT such as \"localhost:26379\", found \"a\"");
  const std::string slow = errors(
      "[feed]\nid = \"a\"\nkind = \"gbfs\"\nurl = \"https://a.org/g\"\nevery = \"1m\"\n"
      "[redis]\nurl = \"redis://h\"\nttl = \"60s\"\n");
  EXPECT_NE(slow.find("bikeflow.toml:8:7: error: [redis] ttl: expected more than a poll interval "
                      "(1m), as a station would end before it is seen again; found 1m"),
            std::string::npos)
      << slow;
}

TEST(ConfigOfRedis, SeveralSystemsHaveKeysOfTheirOwn) {
  const std::string redis = "[redis]\nurl = \"redis://:p%40@h:7/3\"\n";
  const auto feed = [](const std::string& table, const std::string& keys) {
    return table + "\nkind = \"gbfs\"\n" + keys + "\n";
  };
  const std::string one = feed("[feed]", "id = \"a\"\nurl = \"https://a.org/g\"");
  const std::string many = feed("[[feed]]", "id = \"a\"\nurl = \"https://a.org/g\"") +
                           feed("[[feed]]", "id = \"b\"\nurl = \"https://b.org/g\"");
  const std::string catalogue = feed("[feed]", "systems = \"systems.csv\"");
  const auto key = [](const std::string& text) {
    return redis_key(redis_settings_of(read(text)), "seoul", "ST-4");
  };
  EXPECT_EQ(key(one + redis), "bike_stations:ST-4");
  EXPECT_EQ(key(many + redis), "bike_stations:seoul:ST-4");
  EXPECT_EQ(key(catalogue + redis), "bike_stations:seoul:ST-4");
  const RedisSettings settings = redis_settings_of(read(one + redis)).redis;
  EXPECT_EQ(settings.place, (RedisPlace{"h", 7}));
  EXPECT_EQ(settings.password, "p@");
  EXPECT_EQ(settings.database, 3);
}

TEST(ConfigOfDashboard, ThePublicAddressIsOne) {
  EXPECT_EQ(read("[dashboard]\nurl = \"http://b.org:80//\"\n").dashboard->url, "http://b.org:80");
  for (const char* url : {"bikes.example.org", "https://", "https://:80", "https://u:p@b.org",
                          "https://b.org/?x=1", "https://b.org/#x", "https://b.org/a b"}) {
    EXPECT_NE(errors(fmt::format("[dashboard]\nurl = \"{}\"\n", url))
                  .find("[dashboard] url: expected the public address of the proxy before it"),
              std::string::npos)
        << url;
  }
}

TEST(ConfigOfDashboard, ALimitOfRequestsIsSaidOrNot) {
  EXPECT_EQ(read("[dashboard]\n").dashboard->requests_per_s, std::nullopt);
  EXPECT_EQ(read("[dashboard]\nrequests_per_second = 7\n").dashboard->requests_per_s, 7);
  EXPECT_EQ(errors("[dashboard]\nrequests_per_second = -1\n"),
            "bikeflow.toml:2:23: error: [dashboard] requests_per_second: expected a whole number "
            "from 0 to 1000000\n"
            "    2 | requests_per_second = -1\n"
            "      |                       ^~\n");
  EXPECT_EQ(errors("[dashboard]\nrequests_per_second = \"many\"\n"),
            "bikeflow.toml:2:23: error: [dashboard] requests_per_second: expected a whole number "
            "such as 1000, found a string\n"
            "    2 | requests_per_second = \"many\"\n"
            "      |                       ^~~~~~\n");
}

}  // namespace
}  // namespace bikeflow
