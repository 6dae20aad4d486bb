// Where a GBFS source reads, what it sends there and what it remembers of it.

#include <string>
#include <utility>
#include <variant>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "feed/gbfs_source.h"
#include "test/gbfs_world.h"

namespace bikeflow {
namespace {

using namespace gbfs_world;  // NOLINT(google-build-using-namespace): the helpers of these tests

TEST(GbfsAddress, AMovedFeedIsFoundAgain) {
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

TEST(GbfsAddress, AFeedThatMovedAndLeftSomethingElseBehindIsFoundWithinAnHour) {
  World world;
  world.poll();
  world.web[kStatus] = ok("<html>Our new site</html>");
  world.web["https://a.b/moved"] = ok(bikes_at(6, kT + 60));
  world.web[kRoot] = ok(discovery({{"station_status", "https://a.b/moved"}}));
  world.now += 60;
  EXPECT_EQ(failure_in(world.poll()).reason, "not_json");
  world.now += kHour;
  EXPECT_EQ(bikes_of(world.poll()), 6);
}

TEST(GbfsAddress, AGbfsJsonThatIsRefusedDoesNotStopTheStatus) {
  for (const int code : {403, 429}) {
    World world;
    world.poll();
    world.web[kRoot] = status(code);
    world.now += kDay;
    world.web[kStatus] = ok(bikes_at(4, world.now));
    (void)failure_in(world.poll());
    world.now += 600;
    EXPECT_EQ(bikes_of(world.poll()), 4) << code;
    EXPECT_EQ(world.urls(), (Strings{kInformation, kStatus}));
  }
}

TEST(GbfsAddress, AListOfVersionsWithoutEndIsNotReadToTheEnd) {
  std::string versions;
  for (int i = 0; i < 1000; ++i) {
    versions += fmt::format(R"({}{{"version":"2.{}","url":"v{}"}})", i > 0 ? "," : "", i, i);
  }
  World world({.url = kVersions});
  world.web[kVersions] = ok(fmt::format(R"({{"data":{{"versions":[{}]}}}})", versions));
  EXPECT_EQ(failure_in(world.poll()).reason, "gone");
  EXPECT_EQ(world.requests.size(), 5U);
}

// Each poll may find others, and a process lives for months.
TEST(GbfsAddress, VersionsThatAreDeadUnderEverOtherNamesAreNotAllSaid) {
  World world;
  std::size_t notices = 0;
  for (int i = 0; i < 200; ++i) {
    world.web[kRoot] = ok(discovery({{"station_status", kStatus}, {"gbfs_versions", kVersions}}));
    world.web[kVersions] =
        ok(fmt::format(R"({{"data":{{"versions":[{{"version":"3.0","url":"v{}"}}]}}}})", i));
    world.now += kDay;
    notices += world.poll().notices.size();
  }
  EXPECT_LE(notices, 110U);
}

TEST(GbfsAddress, DeadInformationDoesNotStopTheStatus) {
  World world;
  world.poll();
  world.now += kHour;
  world.web.erase(kInformation);
  world.web[kRoot] = std::unexpected(HttpFailure{HttpFailure::Kind::kTimeout, "late"});
  world.web[kStatus] = ok(bikes_at(4, kT + kHour));
  EXPECT_EQ(std::get<Round>(world.poll().what).stations.front().counts, (Counts{4, 9}));
}

TEST(GbfsAddress, TheNewestVersionIsTaken) {
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

TEST(GbfsAddress, ADeadVersionFallsBack) {
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

TEST(GbfsAddress, AnAddressOfVersionsOrAManifest) {
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

TEST(GbfsAddress, WithoutGbfsJsonItsSiblingsAreTried) {
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

TEST(GbfsAddress, OldAddressesOutliveADeadGbfsJson) {
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

TEST(GbfsAddress, AddressesThatAreNoGbfsJson) {
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

TEST(GbfsAddress, DocklessSystems) {
  World world;
  world.web[kRoot] =
      ok(discovery({{"free_bike_status", "https://a.b/f"}, {"system_information", "x"}}));
  const PollEnd without = world.poll();
  const PollFailure failure = failure_in(without);
  EXPECT_EQ(failure.reason, "no_stations");
  EXPECT_TRUE(failure.is_permanent);
  EXPECT_EQ(without.wait_s, kHour);  // half of a catalogue is such systems
  EXPECT_NE(failure.text.find("free_bike_status, system_information"), std::string::npos);

  World both;
  both.web[kRoot] =
      ok(discovery({{"vehicle_status", "https://a.b/f"}, {"station_status", kStatus}}));
  const PollEnd end = both.poll();
  EXPECT_EQ(bikes_of(end), 3);
  ASSERT_EQ(end.notices.size(), 1U);
  EXPECT_NE(end.notices.front().find("free-floating"), std::string::npos);
  EXPECT_TRUE(both.poll().notices.empty());

  // One that had stations yesterday is read where they were.
  both.web[kRoot] = ok(discovery({{"vehicle_status", "https://a.b/f"}}));
  both.now += kDay;
  both.web[kStatus] = ok(bikes_at(4, both.now));
  EXPECT_EQ(failure_in(both.poll()).reason, "no_stations");
  both.now += 15;
  EXPECT_EQ(bikes_of(both.poll()), 4);
}

TEST(GbfsAddress, KeysGoEverywhereAndAreNeverShown) {
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

TEST(GbfsAddress, AnEchoedKeyIsNotShown) {
  World world({.url = kRoot, .headers = {{"X-Key", "abcdef123"}}});
  world.web[kRoot] = ok(discovery({{"abcdef123", "https://a.b/x"}}));
  EXPECT_NE(failure_in(world.poll()).text.find("it lists: ***"), std::string::npos);
  world.web[kRoot] = ok(R"({"abcdef123":1})");
  EXPECT_NE(failure_in(world.poll()).text.find("an object with ***"), std::string::npos);
  world.web[kRoot] = ok(two_feeds());
  world.web[kStatus] = ok(bikes(3, "\"abcdef123\""));
  EXPECT_NE(world.poll().notices.at(0).find("last_updated is ***"), std::string::npos);
}

TEST(GbfsAddress, KeysDoNotGoByPlainHttp) {
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

TEST(GbfsAddress, SettingsThatCannotBe) {
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

TEST(GbfsAddress, RestoredItKnowsItsAddressesAndWaits) {
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
  EXPECT_FALSE(std::get<Unchanged>(early.what).is_asked);
  restored.now = kT + 300;
  EXPECT_EQ(bikes_of(restored.poll()), 3);  // again: a duplicate, and harmless
  EXPECT_EQ(restored.urls(), (Strings{kInformation, kStatus}));
  // What has worked before the restart may work again.
  restored.web[kStatus] = status(404);
  EXPECT_FALSE(failure_in(restored.poll()).is_permanent);
  restored.now = kT + 301;
  restored.poll();
  EXPECT_EQ(restored.urls(), (Strings{kStatus, kRoot, kStatus}));

  for (const Seconds by : {9 * kHour, 7 * kDay}) {  // the clock was put back
    World back;
    Reader again(bytes);
    ASSERT_TRUE(back.source.load(again));
    back.now = kT - by;
    back.web[kStatus] = ok(bikes_at(3, back.now));
    EXPECT_EQ(bikes_of(back.poll()), 3);
  }
}

TEST(GbfsAddress, DamageIsRefusedAndAnotherFeedIgnored) {
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

TEST(GbfsAddress, AddressesWithAKeyAreNotSaved) {
  World world({.url = kRoot, .headers = {{"X-Key", "abcdef123"}}});
  world.web[kRoot] = ok(discovery({{"station_status", "https://a.b/abcdef123/s"}}));
  world.web["https://a.b/abcdef123/s"] = ok(bikes_at(1, kT));
  EXPECT_EQ(bikes_of(world.poll()), 1);
  EXPECT_EQ(world.requests.back().shown_url, "https://a.b/***/s");
  EXPECT_EQ(saved_bytes(world.source).find("abcdef"), std::string::npos);
}

}  // namespace
}  // namespace bikeflow
