#include "feed/gbfs_about.h"

#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "feed/gbfs_source.h"
#include "test/gbfs_world.h"
#include "test/recordings.h"

namespace bikeflow {
namespace {

using namespace gbfs_world;  // NOLINT(google-build-using-namespace): the helpers of these tests
using testing::HasSubstr;
using testing::Not;

constexpr const char* kSystem = "https://a.b/system";

std::string system_document(const std::string& id, const std::string& timezone,
                            const std::string& name = R"("Oslo Bysykkel")") {
  return fmt::format(R"({{"data":{{"system_id":{},"timezone":{},"name":{}}}}})", id, timezone,
                     name);
}

// A feed, and what is asked of it. What is not there answers 404.
class Inquired {
 public:
  std::map<std::string, HttpOutcome> web;
  std::vector<HttpRequest> requests;  // of the last dialogue

  explicit Inquired(GbfsSettings settings = {.url = kRoot}, GbfsGiven given = {})
      : inquiry_(GbfsInquiry::open(std::move(settings), std::move(given)).value()) {
    web[kRoot] = ok(discovery({{"station_status", kStatus}, {"system_information", kSystem}}));
    web[kSystem] = ok(system_document(R"("oslobysykkel")", R"("Europe/Oslo")"));
  }

  GbfsAboutEnd ask() {
    requests.clear();
    GbfsAboutStep step = inquiry_.begin(kT);
    while (auto* const request = std::get_if<HttpRequest>(&step)) {
      requests.push_back(*request);
      if (requests.size() > 12) throw std::runtime_error("a dialogue without end");
      const auto found = web.find(request->url);
      step = inquiry_.answered(found == web.end() ? HttpOutcome(status(404)) : found->second, kT);
    }
    return std::get<GbfsAboutEnd>(std::move(step));
  }
  // "id timezone name", or "reason: text".
  std::string said() {
    const GbfsAboutEnd end = ask();
    if (!end.what) return fmt::format("{}: {}", end.what.error().reason, end.what.error().text);
    return fmt::format("{} {} {}", end.what->system_id, end.what->timezone.name(), end.what->name);
  }
  std::string said_of(const std::string& id, const std::string& timezone,
                      const std::string& name = R"("N")") {
    web[kSystem] = ok(system_document(id, timezone, name));
    return said();
  }

  [[nodiscard]] Strings urls() const {
    Strings out;
    for (const HttpRequest& request : requests) out.push_back(request.url);
    return out;
  }

 private:
  GbfsInquiry inquiry_;
};

TEST(GbfsAbout, AFeedSaysWhatItIs) {
  Inquired feed;
  EXPECT_EQ(feed.said(), "oslobysykkel Europe/Oslo Oslo Bysykkel");
  EXPECT_EQ(feed.urls(), (Strings{kRoot, kSystem}));
  EXPECT_EQ(feed.said(), "oslobysykkel Europe/Oslo Oslo Bysykkel") << "asked again";
  EXPECT_EQ(feed.urls(), (Strings{kRoot, kSystem}));
  EXPECT_TRUE(feed.ask().notices.empty());
}

TEST(GbfsAbout, NamesInSeveralLanguages) {
  const std::string names = R"([{"text":"Ville","language":"fr"},{"text":"City","language":"en"}])";
  EXPECT_EQ(Inquired().said_of(R"("x")", R"("UTC")", names), "x UTC City");
  EXPECT_EQ(Inquired({.url = kRoot, .language = "fr"}).said_of(R"("x")", R"("UTC")", names),
            "x UTC Ville");
  EXPECT_EQ(Inquired().said_of(R"("x")", R"("UTC")", "null"), "x UTC ");
  EXPECT_EQ(Inquired().said_of("17", R"("UTC")", "3"), "17 UTC ");
}

TEST(GbfsAbout, AnIdThatIsNoFolderIsMadeOne) {
  Inquired feed;
  feed.web[kSystem] = ok(system_document(R"("../TST:System:Test")", R"("UTC")"));
  const GbfsAboutEnd end = feed.ask();
  ASSERT_TRUE(end.what);
  EXPECT_EQ(end.what->system_id, "TST-System-Test");
  EXPECT_EQ(end.notices, Strings{"https://a.b/system: system_id is '../TST:System:Test': it is "
                                 "called 'TST-System-Test' here"});
  EXPECT_TRUE(feed.ask().notices.empty()) << "said once";
}

TEST(GbfsAbout, AMissingId) {
  const std::string expected =
      "no_system: https://a.b/system: has no system_id; set `id` in the configuration";
  EXPECT_EQ(Inquired().said_of("null", R"("UTC")"), expected);
  EXPECT_EQ(Inquired().said_of(R"("")", R"("UTC")"), expected);
  EXPECT_EQ(Inquired().said_of(R"("/")", R"("UTC")"),
            "no_system: https://a.b/system: system_id is '/', and nothing of it can be the name of "
            "a folder; set `id` in the configuration");
  EXPECT_EQ(Inquired({.url = kRoot}, {.system_id = "mine"}).said_of("null", R"("UTC")"),
            "mine UTC N");
}

TEST(GbfsAbout, AMissingOrWrongTimeZone) {
  EXPECT_EQ(Inquired().said_of(R"("x")", "null"),
            "no_system: https://a.b/system: has no timezone; set `timezone` in the configuration");
  EXPECT_EQ(Inquired().said_of(R"("x")", R"("Europe/Olso")"),
            "no_system: https://a.b/system: timezone: Europe/Olso: no such time zone; did you mean "
            "'Europe/Oslo'?; set `timezone` in the configuration");
  for (const char* wrong : {R"("../../etc/passwd")", R"("Europe")", R"("tzdata.zi")", "7", "{}",
                            R"("a\nb\u0000c")", R"("UTC ")"}) {
    const std::string said = Inquired().said_of(R"("x")", wrong);
    EXPECT_TRUE(said.starts_with("no_system: https://a.b/system: timezone: ")) << said;
    EXPECT_THAT(said, HasSubstr("set `timezone` in the configuration"));
    EXPECT_EQ(said.find_first_of(std::string("\n\0", 2)), std::string::npos) << said;
  }
  const std::string long_name = fmt::format("\"{}\"", std::string(100'000, 'x'));
  EXPECT_LT(Inquired().said_of(R"("x")", long_name).size(), 300U);
  const GbfsGiven given{.timezone = Zone::load("Asia/Seoul").value()};
  EXPECT_EQ(Inquired({.url = kRoot}, given).said_of(R"("x")", R"("Nowhere")"), "x Asia/Seoul N");
}

TEST(GbfsAbout, WhatIsGivenGoesFirst) {
  const GbfsGiven given{.system_id = "mine", .timezone = Zone::load("Asia/Seoul").value()};
  Inquired feed({.url = kRoot}, given);
  EXPECT_EQ(feed.said(), "mine Asia/Seoul Oslo Bysykkel");
}

TEST(GbfsAbout, NoSystemInformation) {
  Inquired feed;
  feed.web[kRoot] = ok(two_feeds());
  EXPECT_EQ(feed.said(),
            "no_system: https://a.b/gbfs.json: lists no system_information (it lists: "
            "station_information, station_status); set `id` and `timezone` in the configuration");
  Inquired named({.url = kRoot}, {.system_id = "mine"});
  named.web[kRoot] = ok(two_feeds());
  EXPECT_THAT(named.said(), HasSubstr("; set `timezone` in the configuration"));
}

TEST(GbfsAbout, WithoutDiscoveryItIsLookedForBesideIt) {
  Inquired feed;
  feed.web.erase(kRoot);
  feed.web["https://a.b/system_information.json"] = feed.web[kSystem];
  EXPECT_EQ(feed.said(), "oslobysykkel Europe/Oslo Oslo Bysykkel");
  feed.web.erase("https://a.b/system_information.json");
  EXPECT_EQ(feed.said(),
            "gone: https://a.b/gbfs.json: HTTP 404: nothing is there; look up the feed's address "
            "in systems.csv");
}

TEST(GbfsAbout, ADeadAddressSendsItToAnotherVersion) {
  Inquired feed;
  feed.web[kRoot] = ok(discovery({{"system_information", "https://a.b/dead"},
                                  {"station_status", kStatus},
                                  {"gbfs_versions", kVersions}}));
  feed.web[kVersions] = ok(R"({"data":{"versions":[{"version":"3.0","url":"v3"},
      {"version":"2.3","url":"gbfs.json"},{"version":"2.2","url":"v2"}]}})");
  feed.web["https://a.b/v2"] = ok(discovery({{"system_information", kSystem},
                                             {"station_status", kStatus},
                                             {"gbfs_versions", kVersions}}));
  EXPECT_EQ(feed.said(), "oslobysykkel Europe/Oslo Oslo Bysykkel");
  EXPECT_EQ(feed.urls(), (Strings{kRoot, "https://a.b/dead", kVersions, "https://a.b/v3",
                                  "https://a.b/v2", kSystem}));
  feed.web.erase(kSystem);
  EXPECT_EQ(feed.said(),
            "gone: https://a.b/dead: HTTP 404: nothing is there; look up the feed's address in "
            "systems.csv; or set `id` and `timezone` in the configuration");
}

TEST(GbfsAbout, TheAddressMayBeOfAListOfVersions) {
  const std::string list = R"({"data":{"datasets":[
      {"system_id":"paris","versions":[{"version":"2.3","url":"paris"}]},
      {"system_id":"oslo","versions":[{"version":"2.3","url":"https://a.b/gbfs.json"},
                                      {"version":"3.0","url":"dead"}]}]}})";
  Inquired feed({.url = kVersions, .system_id = "oslo"});
  feed.web[kVersions] = ok(list);
  EXPECT_EQ(feed.said(), "oslobysykkel Europe/Oslo Oslo Bysykkel");
  EXPECT_EQ(feed.urls(), (Strings{kVersions, "https://a.b/dead", kRoot, kSystem}));
  feed.web.erase(kRoot);
  EXPECT_THAT(feed.said(), HasSubstr("gone: https://a.b/dead: HTTP 404"));
  Inquired unnamed({.url = kVersions});
  unnamed.web[kVersions] = ok(list);
  EXPECT_THAT(unnamed.said(), HasSubstr("not_gbfs: https://a.b/versions: a list of versions of 2"));
}

TEST(GbfsAbout, WhatIsNoneOfTheFeedsDocuments) {
  Inquired feed;
  feed.web[kSystem] = ok(bikes_at(1, kT));
  EXPECT_EQ(feed.said(),
            "no_system: https://a.b/system: a station_status, expected a system_information; set "
            "`id` and `timezone` in the configuration");
  feed.web[kSystem] = ok("<html>");
  EXPECT_THAT(feed.said(), HasSubstr("not_json: https://a.b/system: no JSON"));
  feed.web[kSystem] = ok(R"({"data":{"name":"x"}})");
  EXPECT_THAT(feed.said(), HasSubstr("no GBFS document (data is an object with name)"));
  feed.web[kRoot] = ok(system_document(R"("x")", R"("UTC")"));
  EXPECT_EQ(feed.said(),
            "not_gbfs: https://a.b/gbfs.json: a system_information, expected a gbfs.json; give "
            "the address of the system's gbfs.json, which names this one (often "
            "https://a.b/gbfs.json)");
  for (const char* body : {"", "[]", "{}", "null", R"({"data":[]})", R"({"data":{}})"}) {
    feed.web[kRoot] = ok(body);
    EXPECT_FALSE(feed.ask().what) << body;
  }
}

TEST(GbfsAbout, AHostThatRefusesIsNotAskedMore) {
  Inquired feed;
  feed.web[kRoot] = ok(discovery({{"system_information", kSystem}, {"gbfs_versions", kVersions}}));
  feed.web[kSystem] = status(429, "90");
  const GbfsAboutEnd end = feed.ask();
  ASSERT_FALSE(end.what);
  EXPECT_EQ(end.what.error().reason, "too_many_requests");
  EXPECT_EQ(end.wait_s, 90);
  EXPECT_EQ(feed.requests.size(), 2U);
  feed.web[kSystem] = status(401);
  EXPECT_THAT(feed.said(), HasSubstr("bad_key: https://a.b/system: HTTP 401"));
  EXPECT_EQ(feed.requests.size(), 2U);
  feed.web[kSystem] = std::unexpected(HttpFailure{HttpFailure::Kind::kTimeout, "10 s passed"});
  EXPECT_THAT(feed.said(), HasSubstr("timeout: https://a.b/system: 10 s passed"));
  EXPECT_EQ(feed.requests.size(), 2U) << "it may answer the next time";
}

TEST(GbfsAbout, KeysGoWithEachRequestAndAreNeverShown) {
  const std::string key = "s3cret-key";
  Inquired feed({.url = std::string(kRoot) + "?token=" + key,
                 .headers = {{"X-Key", key}},
                 .parameters = {{"p", key + " 2"}}});
  const std::string query = "?token=" + key + "&p=s3cret-key%202";
  feed.web[kRoot + query] = feed.web[kRoot];
  const auto expect_hidden = [&] {
    const GbfsAboutEnd end = feed.ask();
    for (const HttpRequest& request : feed.requests) {
      EXPECT_EQ(header(request, "X-Key"), key);
      EXPECT_THAT(request.url, HasSubstr(query));
      EXPECT_THAT(request.shown_url, Not(HasSubstr("s3cret")));
    }
    for (const std::string& notice : end.notices) EXPECT_THAT(notice, Not(HasSubstr("s3cret")));
    if (!end.what) {
      EXPECT_THAT(end.what.error().text, Not(HasSubstr("s3cret")));
    }
    return end.what.has_value();
  };
  feed.web[kSystem + query] = ok(system_document(R"("x:)" + key + '"', R"("UTC")"));
  EXPECT_TRUE(expect_hidden());
  feed.web[kSystem + query] = ok(system_document(R"("x")", '"' + key + '"'));
  EXPECT_FALSE(expect_hidden());
  feed.web[kSystem + query] = ok("no " + key);
  EXPECT_FALSE(expect_hidden());
  feed.web[kSystem + query] = ok(R"({")" + key + R"(":1})");
  EXPECT_FALSE(expect_hidden());
  feed.web[kRoot + query] = ok(R"({"data":{"feeds":[{"name":")" + key + R"(","url":"x"}]}})");
  EXPECT_FALSE(expect_hidden());
}

TEST(GbfsAbout, AKeyIsNotSentByPlainHttp) {
  Inquired feed({.url = kRoot, .headers = {{"X-Key", "s3cret-key"}}});
  const std::string plain = "http://a.b:8080/system";
  feed.web[kRoot] = ok(discovery({{"system_information", plain}}));
  feed.web[plain] = feed.web[kSystem];
  const GbfsAboutEnd end = feed.ask();
  EXPECT_TRUE(end.what);
  EXPECT_EQ(header(feed.requests.at(1), "X-Key"), "");
  EXPECT_EQ(end.notices.size(), 1U);
}

TEST(GbfsAbout, LinksMayBeRelative) {
  Inquired feed;
  feed.web[kRoot] = ok(discovery({{"system_information", "./v2/about?x=1"}}));
  feed.web["https://a.b/v2/about?x=1"] = feed.web[kSystem];
  EXPECT_EQ(feed.said(), "oslobysykkel Europe/Oslo Oslo Bysykkel");
}

TEST(GbfsAbout, WrongSettings) {
  EXPECT_FALSE(GbfsInquiry::open({.url = "ftp://a.b/gbfs.json"}));
  EXPECT_FALSE(GbfsInquiry::open({.url = kRoot, .headers = {{"a:", "x"}}}));
}

class GbfsAboutOnRecordings : public OnRecordings {};

TEST_F(GbfsAboutOnRecordings, SamplesOfTheSpecification) {
  const std::map<std::string, std::pair<std::string, std::string>> samples = {
      {"2.3", {"https://test.com/system_information", "TST-System-Test Europe/Oslo Test"}},
      {"3.0",
       {"https://berlin.example.tier-services.io/tier_paris/gbfs/3.0/system-information",
        "example_london Europe/Amsterdam Check Technologies"}},
      {"3.1-RC3",
       {"https://www.example.com/gbfs/1/system_information",
        "example_cityname America/Chicago Example Bike Rental"}}};
  for (const auto& [version, expected] : samples) {
    const std::string folder = "feeds/gbfs-v" + version + "/";
    Inquired feed;
    feed.web[kRoot] = ok(read(folder + "gbfs.json"));
    feed.web[expected.first] = ok(read(folder + "system_information.json"));
    EXPECT_EQ(feed.said(), expected.second) << version;
  }
  // Those of 1.x are like those of 2.3, but for the version that they do not name.
  Inquired old;
  std::string document = read("feeds/gbfs-v2.3/system_information.json");
  document.replace(document.find("\"version\": \"2.3\","), 17, "");
  old.web[kSystem] = ok(document);
  EXPECT_EQ(old.said(), "TST-System-Test Europe/Oslo Test");
  for (const char* other : {"station_status", "station_information", "vehicle_types", "gbfs",
                            "gbfs_versions", "manifest", "system_information"}) {
    Inquired feed;
    feed.web[kSystem] = ok(read(fmt::format("feeds/gbfs-v3.0-schema/{}.json", other)));
    EXPECT_THAT(feed.said(), HasSubstr("expected a system_information; set `id`")) << other;
  }
}

}  // namespace
}  // namespace bikeflow
