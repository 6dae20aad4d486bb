#include "feed/gbfs_source.h"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/bytes.h"

namespace bikeflow {
namespace {

using Strings = std::vector<std::string>;

constexpr Seconds kT = 1'712'351'088;
constexpr const char* kRoot = "https://a.b/gbfs.json";
constexpr const char* kStatus = "https://a.b/status";
constexpr const char* kInformation = "https://a.b/information";
constexpr const char* kVersions = "https://a.b/versions";

HttpAnswer ok(std::string body) {
  HttpAnswer answer;
  answer.status = 200;
  answer.body = std::move(body);
  return answer;
}
HttpAnswer status(int code, std::string retry_after = "") {
  HttpAnswer answer;
  answer.status = code;
  answer.retry_after = std::move(retry_after);
  return answer;
}

std::string discovery(const std::map<std::string, std::string>& feeds,
                      const std::string& version = "2.3") {
  std::string list;
  for (const auto& [name, url] : feeds) {
    list += fmt::format(R"({}{{"name":"{}","url":"{}"}})", list.empty() ? "" : ",", name, url);
  }
  return fmt::format(R"({{"version":"{}","data":{{"en":{{"feeds":[{}]}}}}}})", version, list);
}
std::string two_feeds() {
  return discovery({{"station_status", kStatus}, {"station_information", kInformation}});
}
std::string bikes(int count, const std::string& last_updated, int ttl = 0) {
  return fmt::format(R"({{"last_updated":{},"ttl":{},"data":{{"stations":[{{"station_id":"s",
                          "num_bikes_available":{}}}]}}}})",
                     last_updated, ttl, count);
}
std::string bikes_at(int count, Seconds time, int ttl = 0) {
  return bikes(count, std::to_string(time), ttl);
}
constexpr const char* kFacts =
    R"({"ttl":10,"data":{"stations":[{"station_id":"s","name":"S","capacity":9}]}})";

// A source, and the web as it finds it. What is not there answers 404.
class World {
 public:
  std::map<std::string, HttpOutcome> web;
  std::vector<HttpRequest> requests;  // of the last poll
  Seconds now = kT;

  explicit World(GbfsSettings settings = {.url = kRoot})
      : source(GbfsSource::open(std::move(settings)).value()) {
    web[kRoot] = ok(two_feeds());
    web[kInformation] = ok(kFacts);
    web[kStatus] = ok(bikes_at(3, kT));
  }

  PollEnd poll() {
    requests.clear();
    FeedStep step = source.begin(now);
    while (auto* const request = std::get_if<HttpRequest>(&step)) {
      requests.push_back(*request);
      EXPECT_LT(requests.size(), 12U) << "a poll without end";
      if (requests.size() >= 12) return {};
      const auto found = web.find(request->url);
      step = source.answered(found == web.end() ? HttpOutcome(status(404)) : found->second, now);
    }
    return std::get<PollEnd>(std::move(step));
  }

  [[nodiscard]] Strings urls() const {
    Strings out;
    for (const HttpRequest& request : requests) out.push_back(request.url);
    return out;
  }

  GbfsSource source;
};

// Of a round: the bikes of its only station. -1: not a round with one.
int bikes_of(const PollEnd& end) {
  const auto* const round = std::get_if<Round>(&end.what);
  return round == nullptr || round->stations.size() != 1 ? -1
                                                         : round->stations.front().counts.bikes;
}
PollFailure failure_in(const PollEnd& end) {
  const auto* const failure = std::get_if<PollFailure>(&end.what);
  return failure == nullptr ? PollFailure{"none", "", false} : *failure;
}
std::string header(const HttpRequest& request, const std::string& name) {
  for (const HttpHeader& one : request.headers) {
    if (one.name == name) return one.value;
  }
  return "";
}

TEST(GbfsSource, DiscoversOnceAndReadsInformationHourly) {
  World world;
  const PollEnd first = world.poll();
  EXPECT_EQ(world.urls(), (Strings{kRoot, kInformation, kStatus}));
  const Round& round = std::get<Round>(first.what);
  EXPECT_EQ(round.observed_at, kT);
  ASSERT_EQ(round.stations.size(), 1U);
  EXPECT_EQ(round.stations.front(), (SeenStation{"s", "S", std::nullopt, {3, 9}, true, true}));
  EXPECT_EQ(first.wait_s, 15);
  EXPECT_EQ(first.notices, Strings{});

  world.now += 60;
  world.web[kStatus] = ok(bikes_at(4, kT + 60));
  EXPECT_EQ(bikes_of(world.poll()), 4);
  EXPECT_EQ(world.urls(), Strings{kStatus});
  world.now = kT + kHour;
  world.poll();
  EXPECT_EQ(world.urls(), (Strings{kInformation, kStatus}));
  world.now = kT + kDay;
  world.poll();
  EXPECT_EQ(world.urls(), (Strings{kRoot, kInformation, kStatus}));
}

TEST(GbfsSource, InformationHonoursALongTtl) {
  World world;
  world.web[kInformation] = ok(R"({"ttl":7200,"data":{"stations":[]}})");
  world.poll();
  world.now += kHour;
  world.poll();
  EXPECT_EQ(world.urls(), Strings{kStatus});
  world.now += kHour;
  world.poll();
  EXPECT_EQ(world.urls(), (Strings{kInformation, kStatus}));
}

TEST(GbfsSource, WithoutInformationStationsAreStillSeen) {
  World world;
  world.web[kInformation] = status(500);
  const PollEnd end = world.poll();
  EXPECT_EQ(std::get<Round>(end.what).stations.front().counts, (Counts{3, Counts::kNoRacks}));
  ASSERT_EQ(end.notices.size(), 1U);
  EXPECT_TRUE(end.notices.front().starts_with("https://a.b/information: HTTP 500"))
      << end.notices[0];
  world.web[kInformation] = ok(kFacts);
  world.web[kStatus] = ok(bikes_at(3, kT + 300));
  world.now += 299;
  world.poll();
  EXPECT_EQ(world.urls(), Strings{kStatus});
  world.now += 1;
  world.web[kStatus] = ok(bikes_at(3, kT + 301));
  EXPECT_EQ(std::get<Round>(world.poll().what).stations.front().counts.racks, 9);
}

TEST(GbfsSource, TtlIsHonouredAboveTheFloor) {
  World world({.url = kRoot, .floor_s = 20});
  world.web[kStatus] = ok(bikes_at(3, kT, 10));
  EXPECT_EQ(world.poll().wait_s, 20);
  world.web[kStatus] = ok(bikes_at(3, kT + 1, 900));
  EXPECT_EQ(world.poll().wait_s, 900);
  EXPECT_EQ(world.poll().wait_s, 900);  // unchanged
  world.web[kStatus] = ok(bikes_at(3, kT + 2, 86'400));
  const PollEnd end = world.poll();
  EXPECT_EQ(end.wait_s, 3600);
  EXPECT_EQ(end.notices.size(), 1U);
}

TEST(GbfsSource, FrozenIsUnchanged) {
  World world;
  EXPECT_EQ(bikes_of(world.poll()), 3);
  world.web[kStatus] = ok(bikes_at(9, kT));
  world.now += 30;
  const PollEnd frozen = world.poll();
  EXPECT_EQ(std::get<Unchanged>(frozen.what).observed_at, kT);
  EXPECT_TRUE(frozen.notices.empty());
  world.now += 3601;
  EXPECT_EQ(world.poll().notices.size(), 1U);     // stopped for an hour
  EXPECT_EQ(world.poll().notices.size(), 0U);     // said once
  world.web[kStatus] = ok(bikes_at(9, kT - 10));  // an older copy of another server
  EXPECT_EQ(bikes_of(world.poll()), 9);
}

TEST(GbfsSource, NotModified) {
  World world;
  HttpAnswer answer = ok(bikes_at(3, kT, 40));
  answer.etag = "\"e1\"";
  answer.last_modified = "Fri, 05 Apr 2024 21:04:48 GMT";
  world.web[kStatus] = answer;
  world.poll();
  EXPECT_EQ(header(world.requests.back(), "If-None-Match"), "");
  world.web[kStatus] = status(304);
  world.now += 40;
  const PollEnd end = world.poll();
  EXPECT_EQ(header(world.requests.back(), "If-None-Match"), "\"e1\"");
  EXPECT_EQ(header(world.requests.back(), "If-Modified-Since"), "Fri, 05 Apr 2024 21:04:48 GMT");
  EXPECT_EQ(std::get<Unchanged>(end.what).observed_at, kT);
  EXPECT_EQ(end.wait_s, 40);
}

TEST(GbfsSource, NotModifiedWithoutACondition) {
  World world;
  world.web[kStatus] = status(304);
  EXPECT_EQ(failure_in(world.poll()).reason, "http_status");
  World other;
  other.web[kRoot] = status(304);
  EXPECT_EQ(failure_in(other.poll()).reason, "http_status");
}

TEST(GbfsSource, InformationNotModified) {
  World world;
  HttpAnswer answer = ok(kFacts);
  answer.etag = "i";
  world.web[kInformation] = answer;
  world.poll();
  world.web[kInformation] = status(304);
  world.web[kStatus] = ok(bikes_at(4, kT + kHour));
  world.now += kHour;
  const PollEnd end = world.poll();
  EXPECT_EQ(header(world.requests.front(), "If-None-Match"), "i");
  EXPECT_EQ(std::get<Round>(end.what).stations.front().counts, (Counts{4, 9}));
}

TEST(GbfsSource, TimesThatAreNone) {
  for (const char* time : {"0", "null", "\"2024-04-05T21:04:48\"", "\"soon\""}) {
    World world;
    world.web[kStatus] = ok(bikes(3, time));
    world.now = kT + 77;
    const PollEnd end = world.poll();
    EXPECT_EQ(std::get<Round>(end.what).observed_at, kT + 77) << time;
    EXPECT_EQ(end.notices.size(), 1U) << time;
    world.now += 60;
    EXPECT_EQ(std::get<Round>(world.poll().what).observed_at, kT + 137) << time;
  }
  World world;
  world.web[kStatus] = ok(bikes(3, "1712351088123"));
  EXPECT_EQ(std::get<Round>(world.poll().what).observed_at, kT);
  world.web[kStatus] = ok(bikes(3, "\"2024-04-05T23:05:48+02:00\""));
  EXPECT_EQ(std::get<Round>(world.poll().what).observed_at, kT + 60);
}

TEST(GbfsSource, TimesAhead) {
  World world;
  world.web[kStatus] = ok(bikes_at(3, kT + 300));
  EXPECT_EQ(bikes_of(world.poll()), 3);
  world.web[kStatus] = ok(bikes_at(3, kT + 301));
  const PollFailure failure = failure_in(world.poll());
  EXPECT_EQ(failure.reason, "future");
  EXPECT_FALSE(failure.is_permanent);
  EXPECT_NE(failure.text.find("301 s ahead"), std::string::npos) << failure.text;
}

TEST(GbfsSource, TooManyRequests) {
  World world;
  world.web[kStatus] = status(429, "120");
  PollEnd end = world.poll();
  EXPECT_EQ(failure_in(end).reason, "too_many_requests");
  EXPECT_FALSE(failure_in(end).is_permanent);
  EXPECT_EQ(end.wait_s, 120);
  world.web[kStatus] = status(429, "Fri, 05 Apr 2024 21:14:48 GMT");
  EXPECT_EQ(world.poll().wait_s, 600);
  world.web[kStatus] = status(429);
  EXPECT_EQ(world.poll().wait_s, 60);
  world.web[kStatus] = status(429, "99999999");
  EXPECT_EQ(world.poll().wait_s, kDay);
  world.web[kStatus] = status(503, "30");
  EXPECT_EQ(world.poll().wait_s, 30);
}

// A host that allows one request a second must be read nevertheless: each poll gets one further.
TEST(GbfsSource, TooManyRequestsInTheMiddle) {
  World world;
  world.web[kInformation] = status(429, "1");
  EXPECT_EQ(failure_in(world.poll()).reason, "too_many_requests");
  world.now += 15;
  EXPECT_EQ(bikes_of(world.poll()), 3);
  EXPECT_EQ(world.urls(), Strings{kStatus});

  World other;
  other.web[kRoot] = ok(discovery({{"station_status", kStatus}, {"gbfs_versions", kVersions}}));
  other.web[kVersions] = status(429, "1");
  EXPECT_EQ(failure_in(other.poll()).reason, "too_many_requests");
  EXPECT_EQ(bikes_of(other.poll()), 3);
  EXPECT_EQ(other.urls(), Strings{kStatus});
}

TEST(GbfsSource, FailuresOfTheWay) {
  World world;
  for (const int code : {500, 502, 503, 504}) {
    world.web[kStatus] = status(code);
    EXPECT_EQ(failure_in(world.poll()).reason, "http_status");
    EXPECT_FALSE(failure_in(world.poll()).is_permanent);
  }
  world.web[kStatus] = std::unexpected(HttpFailure{HttpFailure::Kind::kTimeout, "10 s are over"});
  EXPECT_EQ(failure_in(world.poll()).reason, "timeout");
  EXPECT_EQ(failure_in(world.poll()).text, "https://a.b/status: no answer: 10 s are over");
  world.web[kStatus] = ok("404 Not Found");
  EXPECT_EQ(failure_in(world.poll()).reason, "not_json");
  EXPECT_NE(failure_in(world.poll()).text.find("found '404 Not Found'"), std::string::npos);
  EXPECT_FALSE(failure_in(world.poll()).is_permanent);
  world.web[kStatus] = ok(bikes_at(5, kT));
  EXPECT_EQ(bikes_of(world.poll()), 5);
}

TEST(GbfsSource, PermanentUnlessItHasWorked) {
  World world;
  world.web[kStatus] = status(400);
  EXPECT_TRUE(failure_in(world.poll()).is_permanent);
  world.web[kStatus] = ok(bikes_at(5, kT));
  world.poll();
  world.web[kStatus] = status(400);
  EXPECT_FALSE(failure_in(world.poll()).is_permanent);
  for (const int code : {401, 403}) {
    world.web[kStatus] = status(code);
    EXPECT_EQ(failure_in(world.poll()).reason, "bad_key");
    EXPECT_TRUE(failure_in(world.poll()).is_permanent);
  }
}

TEST(GbfsSource, AMovedFeedIsFoundAgain) {
  World world;
  world.poll();
  world.web.erase(kStatus);
  world.web["https://a.b/moved"] = ok(bikes_at(6, kT + 60));
  world.web[kRoot] = ok(discovery({{"station_status", "https://a.b/moved"}}));
  world.now += 60;
  EXPECT_EQ(bikes_of(world.poll()), 6);
  EXPECT_EQ(world.urls(), (Strings{kStatus, kRoot, "https://a.b/moved"}));
  world.web.erase("https://a.b/moved");
  const PollFailure failure = failure_in(world.poll());
  EXPECT_EQ(world.urls(), (Strings{"https://a.b/moved", kRoot, "https://a.b/moved"}));
  EXPECT_EQ(failure.reason, "gone");
  EXPECT_FALSE(failure.is_permanent);
}

TEST(GbfsSource, DeadInformationDoesNotStopTheStatus) {
  World world;
  world.poll();
  world.now += kHour;
  world.web.erase(kInformation);
  world.web[kRoot] = std::unexpected(HttpFailure{HttpFailure::Kind::kTimeout, "late"});
  world.web[kStatus] = ok(bikes_at(4, kT + kHour));
  EXPECT_EQ(std::get<Round>(world.poll().what).stations.front().counts, (Counts{4, 9}));
}

TEST(GbfsSource, TheNewestVersionIsTaken) {
  World world;
  world.web[kRoot] = ok(discovery({{"station_status", kStatus}, {"gbfs_versions", kVersions}}));
  world.web[kVersions] = ok(R"({"data":{"versions":[{"version":"2.3","url":"https://a.b/2"},
      {"version":"3.0","url":"/3/gbfs"},{"version":"9.0","url":"https://a.b/9"}]}})");
  world.web["https://a.b/3/gbfs"] =
      ok(R"({"version":"3.0","data":{"feeds":[{"name":"station_status","url":"s"}]}})");
  world.web["https://a.b/3/s"] = ok(
      R"({"last_updated":"2024-04-05T21:04:48Z","data":{"stations":[
          {"station_id":"s","num_vehicles_available":8}]}})");
  const PollEnd end = world.poll();
  EXPECT_EQ(bikes_of(end), 8);
  EXPECT_EQ(world.urls(), (Strings{kRoot, kVersions, "https://a.b/3/gbfs", "https://a.b/3/s"}));
  EXPECT_EQ(end.notices,
            Strings{"version 3.0 of the feed is read, which https://a.b/gbfs.json offers"});
  world.poll();
  EXPECT_EQ(world.urls(), Strings{"https://a.b/3/s"});

  World pinned({.url = kRoot, .takes_newest_version = false});
  pinned.web = world.web;
  EXPECT_EQ(bikes_of(pinned.poll()), 3);
}

TEST(GbfsSource, ADeadVersionFallsBack) {
  World world;
  world.web[kRoot] = ok(discovery({{"station_status", kStatus}, {"gbfs_versions", kVersions}}));
  world.web[kVersions] = ok(R"({"data":{"versions":[{"version":"3.0","url":"https://a.b/3"},
      {"version":"3.1-RC3","url":"https://a.b/3.1"}]}})");
  world.web["https://a.b/3"] = ok(discovery({{"vehicle_status", "https://a.b/v"}}));
  const PollEnd end = world.poll();
  EXPECT_EQ(bikes_of(end), 3);
  EXPECT_EQ(world.urls(), (Strings{kRoot, kVersions, "https://a.b/3.1", "https://a.b/3", kStatus}));
  EXPECT_EQ(end.notices.size(), 2U);
}

TEST(GbfsSource, AnAddressOfVersionsOrAManifest) {
  World world({.url = kVersions});
  world.web[kVersions] = ok(R"({"data":{"versions":[{"version":"2.3","url":"gbfs.json"}]}})");
  EXPECT_EQ(bikes_of(world.poll()), 3);

  const std::string manifest = R"({"data":{"datasets":[
      {"system_id":"x","versions":[{"version":"3.0","url":"x"}]},
      {"system_id":"y","versions":[{"version":"2.3","url":"gbfs.json"}]}]}})";
  World chosen({.url = kVersions, .system_id = "y"});
  chosen.web[kVersions] = ok(manifest);
  EXPECT_EQ(bikes_of(chosen.poll()), 3);
  World open({.url = kVersions});
  open.web[kVersions] = ok(manifest);
  const PollFailure failure = failure_in(open.poll());
  EXPECT_EQ(failure.reason, "not_gbfs");
  EXPECT_TRUE(failure.is_permanent);
  EXPECT_NE(failure.text.find("name the system"), std::string::npos) << failure.text;
  // All of them dead.
  World dead({.url = kVersions});
  dead.web[kVersions] = world.web[kVersions];
  dead.web.erase(kRoot);
  EXPECT_EQ(failure_in(dead.poll()).reason, "gone");
}

TEST(GbfsSource, WithoutGbfsJsonItsSiblingsAreTried) {
  World world({.url = "https://c.d/en/gbfs.json?k=1"});
  world.web["https://c.d/en/station_status.json?k=1"] = ok(bikes_at(2, kT));
  const PollEnd end = world.poll();
  EXPECT_EQ(bikes_of(end), 2);
  ASSERT_EQ(end.notices.size(), 2U);
  EXPECT_EQ(
      end.notices[0],
      "https://c.d/en/gbfs.json?k=***: HTTP 404: nothing is there; look up the feed's address "
      "in systems.csv; its documents are looked for beside it");
  world.now += kHour;
  world.poll();
  EXPECT_EQ(world.urls().front(), "https://c.d/en/gbfs.json?k=1");  // is it back?

  World nothing({.url = "https://c.d/nothing"});
  const PollFailure failure = failure_in(nothing.poll());
  EXPECT_EQ(failure.reason, "gone");
  EXPECT_TRUE(failure.is_permanent);
}

TEST(GbfsSource, OldAddressesOutliveADeadGbfsJson) {
  World world;
  world.poll();
  world.now += kDay;
  world.web[kRoot] = status(500);
  world.web[kStatus] = ok(bikes_at(5, kT + kDay));
  EXPECT_EQ(bikes_of(world.poll()), 5);
  EXPECT_EQ(world.urls(), (Strings{kRoot, kInformation, kStatus}));
  world.poll();
  EXPECT_EQ(world.urls(), Strings{kStatus});
}

TEST(GbfsSource, AddressesThatAreNoGbfsJson) {
  struct Case {
    const char* body;
    const char* words;
  };
  for (const Case& one :
       {Case{R"({"data":{"stations":[{"station_id":1,"num_bikes_available":1}]}})",
             "a station_status, expected a gbfs.json; give the address of the system's gbfs.json"},
        Case{R"({"data":{"bikes":[]}})", "a list of single vehicles, expected a gbfs.json"},
        Case{R"({"rentBikeStatus":{}})", "no GBFS document (an object with rentBikeStatus)"}}) {
    World world;
    world.web[kRoot] = ok(one.body);
    const PollFailure failure = failure_in(world.poll());
    EXPECT_EQ(failure.reason, "not_gbfs");
    EXPECT_TRUE(failure.is_permanent);
    EXPECT_NE(failure.text.find(one.words), std::string::npos) << failure.text;
  }
}

TEST(GbfsSource, FeedsThatAreNoStatus) {
  World world;
  world.web[kStatus] = ok(kFacts);
  EXPECT_EQ(failure_in(world.poll()).reason, "not_gbfs");
  world.web[kStatus] = ok(R"({"data":{"stations":[]}})");
  EXPECT_EQ(failure_in(world.poll()).reason, "no_stations");
  EXPECT_FALSE(failure_in(world.poll()).is_permanent);
}

TEST(GbfsSource, DocklessSystems) {
  World world;
  world.web[kRoot] =
      ok(discovery({{"free_bike_status", "https://a.b/f"}, {"system_information", "x"}}));
  const PollFailure failure = failure_in(world.poll());
  EXPECT_EQ(failure.reason, "no_stations");
  EXPECT_TRUE(failure.is_permanent);
  EXPECT_NE(failure.text.find("free_bike_status, system_information"), std::string::npos);

  World both;
  both.web[kRoot] =
      ok(discovery({{"vehicle_status", "https://a.b/f"}, {"station_status", kStatus}}));
  const PollEnd end = both.poll();
  EXPECT_EQ(bikes_of(end), 3);
  ASSERT_EQ(end.notices.size(), 1U);
  EXPECT_NE(end.notices.front().find("free-floating"), std::string::npos);
  EXPECT_TRUE(both.poll().notices.empty());
}

TEST(GbfsSource, KeysGoEverywhereAndAreNeverShown) {
  World world({.url = "https://a.b/gbfs.json?token=t0psecret",
               .headers = {{"Authorization", "Bearer abcdef123"}},
               .parameters = {{"api key", "p&ssword"}}});
  const std::string query = "?token=t0psecret&api%20key=p%26ssword";
  world.web[kRoot + query] = ok(
      discovery({{"station_status", "http://a.b/status"}, {"station_information", kInformation}}));
  world.web[kStatus + query] = ok("token t0psecret or abcdef123 or p&ssword is wrong");
  const PollEnd end = world.poll();
  EXPECT_EQ(world.urls(), (Strings{kRoot + query, kInformation + query, kStatus + query}));
  Strings texts = end.notices;
  texts.push_back(failure_in(end).text);
  for (const HttpRequest& request : world.requests) {
    EXPECT_EQ(header(request, "Authorization"), "Bearer abcdef123");
    texts.push_back(request.shown_url);
  }
  Writer saved;
  world.source.save(saved);
  texts.push_back(saved.bytes());
  EXPECT_EQ(texts.size(), 6U);
  for (const std::string& text : texts) {
    for (const char* secret : {"t0psecret", "abcdef", "ssword"}) {
      EXPECT_EQ(text.find(secret), std::string::npos) << text;
    }
  }
  EXPECT_EQ(world.requests[0].shown_url, "https://a.b/gbfs.json?token=***&api%20key=***");
  EXPECT_NE(failure_in(end).text.find("found 'token *** or *** or *** is wrong'"),
            std::string::npos)
      << failure_in(end).text;
}

TEST(GbfsSource, KeysDoNotGoByPlainHttp) {
  World world(
      {.url = "https://a.b/gbfs.json?token=t0psecret", .headers = {{"X-Key", "abcdef123"}}});
  world.web["https://a.b/gbfs.json?token=t0psecret"] =
      ok(discovery({{"station_status", "http://a.b:8080/s"}}));
  world.web["http://a.b:8080/s"] = ok(bikes_at(1, kT));
  const PollEnd end = world.poll();
  EXPECT_EQ(bikes_of(end), 1);
  EXPECT_EQ(header(world.requests.back(), "X-Key"), "");
  EXPECT_EQ(end.notices.size(), 1U);
}

TEST(GbfsSource, SettingsThatCannotBe) {
  const auto error = [](GbfsSettings settings) {
    const auto source = GbfsSource::open(std::move(settings));
    return source ? std::string("fine") : source.error().message;
  };
  EXPECT_EQ(error({.url = kRoot, .headers = {{"A", "b c"}}}), "fine");
  EXPECT_TRUE(error({.url = "a.b/gbfs.json?key=1"}).starts_with("'a.b/gbfs.json' is no address"));
  EXPECT_TRUE(error({.url = "https://u:pass@a.b/g"}).starts_with("https://***@a.b/g: a user"));
  EXPECT_TRUE(error({.url = kRoot, .headers = {{"A b", "c"}}}).starts_with("header 'A b'"));
  EXPECT_TRUE(error({.url = kRoot, .headers = {{"A", "c\r\nX: y"}}}).starts_with("header 'A'"));
  EXPECT_TRUE(error({.url = kRoot, .parameters = {{"", "c"}}}).starts_with("a URL parameter"));
}

std::string saved_bytes(const GbfsSource& source) {
  Writer out;
  source.save(out);
  return out.take();
}

TEST(GbfsSource, RestoredItKnowsItsAddressesAndWaits) {
  World world;
  world.web[kStatus] = ok(bikes_at(3, kT, 300));
  world.poll();
  const std::string bytes = saved_bytes(world.source);

  World restored;
  restored.web = world.web;
  Reader in(bytes);
  ASSERT_TRUE(restored.source.load(in));
  EXPECT_TRUE(in.at_end());
  EXPECT_EQ(saved_bytes(restored.source), bytes);
  restored.now = kT + 100;
  const PollEnd early = restored.poll();
  EXPECT_EQ(restored.urls(), Strings{});
  EXPECT_EQ(early.wait_s, 200);
  EXPECT_TRUE(std::holds_alternative<Unchanged>(early.what));
  restored.now = kT + 300;
  EXPECT_EQ(bikes_of(restored.poll()), 3);  // again: a duplicate, and harmless
  EXPECT_EQ(restored.urls(), (Strings{kInformation, kStatus}));
  // What has worked before the restart may work again.
  restored.web[kStatus] = status(404);
  EXPECT_FALSE(failure_in(restored.poll()).is_permanent);
  restored.now = kT + 301;
  restored.poll();
  EXPECT_EQ(restored.urls(), (Strings{kStatus, kRoot, kStatus}));

  World back;  // the clock was put back by a week
  Reader again(bytes);
  ASSERT_TRUE(back.source.load(again));
  back.now = kT - 7 * kDay;
  back.web[kStatus] = ok(bikes_at(3, back.now));
  EXPECT_EQ(bikes_of(back.poll()), 3);
}

TEST(GbfsSource, DamageIsRefusedAndAnotherFeedIgnored) {
  World world;
  world.poll();
  const std::string bytes = saved_bytes(world.source);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    World restored;
    const std::string before = saved_bytes(restored.source);
    Reader in(std::string_view(bytes).substr(0, size));
    EXPECT_FALSE(restored.source.load(in)) << size;
    EXPECT_EQ(saved_bytes(restored.source), before);
  }
  World other({.url = "https://c.d/gbfs.json"});
  Reader in(bytes);
  EXPECT_TRUE(other.source.load(in));
  other.poll();
  EXPECT_EQ(other.urls().front(), "https://c.d/gbfs.json");
}

TEST(GbfsSource, AddressesWithAKeyAreNotSaved) {
  World world({.url = kRoot, .headers = {{"X-Key", "abcdef123"}}});
  world.web[kRoot] = ok(discovery({{"station_status", "https://a.b/abcdef123/s"}}));
  world.web["https://a.b/abcdef123/s"] = ok(bikes_at(1, kT));
  EXPECT_EQ(bikes_of(world.poll()), 1);
  EXPECT_EQ(world.requests.back().shown_url, "https://a.b/***/s");
  EXPECT_EQ(saved_bytes(world.source).find("abcdef"), std::string::npos);
}

}  // namespace
}  // namespace bikeflow
