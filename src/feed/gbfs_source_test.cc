#include "feed/gbfs_source.h"

#include <string>
#include <utility>
#include <variant>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "test/gbfs_world.h"

namespace bikeflow {
namespace {

using namespace gbfs_world;  // NOLINT(google-build-using-namespace): the helpers of these tests

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

// What could not be stored is given again, and is asked for without a condition.
TEST(GbfsSource, GoesBackToWhatItSaved) {
  World world;
  Writer beginning;
  world.source.save(beginning);
  HttpAnswer answer = ok(bikes_at(3, kT));
  answer.etag = "\"1\"";
  world.web[kStatus] = answer;
  EXPECT_EQ(bikes_of(world.poll()), 3);
  world.now += 15;
  EXPECT_TRUE(std::holds_alternative<Unchanged>(world.poll().what));
  EXPECT_EQ(header(world.requests.back(), "If-None-Match"), "\"1\"");
  Reader in(beginning.bytes());
  ASSERT_TRUE(world.source.load(in));
  world.now += 15;
  EXPECT_EQ(bikes_of(world.poll()), 3);
  EXPECT_EQ(header(world.requests.back(), "If-None-Match"), "");
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

// Two servers, of which one is behind: what was seen once is not seen again.
TEST(GbfsSource, TwoServersInTurnGiveEachDocumentOnce) {
  World world;
  world.poll();
  for (int i = 1; i < 50; ++i) {
    world.now += 30;
    world.web[kStatus] = ok(bikes_at(3, kT + 30 * i));
    ASSERT_EQ(bikes_of(world.poll()), 3) << i;
    // The other one has stopped, or is one document behind.
    world.web[kStatus] = ok(bikes_at(3, i % 2 == 0 ? kT : kT + 30 * i - 30));
    const PollEnd other = world.poll();
    ASSERT_TRUE(std::holds_alternative<Unchanged>(other.what)) << i;
    EXPECT_EQ(std::get<Unchanged>(other.what).observed_at, kT + 30 * i);
  }
}

TEST(GbfsSource, AFeedThatStandsIsToldOfWhateverItsAnswers) {
  World world;
  HttpAnswer answer = ok(bikes_at(3, kT));
  answer.etag = "e";
  world.web[kStatus] = answer;
  world.poll();
  world.web[kStatus] = status(304);
  world.now += kHour;
  EXPECT_TRUE(world.poll().notices.empty());
  world.now += 1;
  EXPECT_EQ(world.poll().notices.size(), 1U);
  EXPECT_TRUE(world.poll().notices.empty());
}

TEST(GbfsSource, AnEmptyListDoesNotSilenceAFeed) {
  for (const char* ttl : {"604800", "9223372036854775807"}) {
    World world;
    world.web[kStatus] = ok(fmt::format(R"({{"ttl":{},"data":{{"stations":[]}}}})", ttl));
    const PollEnd end = world.poll();
    EXPECT_EQ(failure_in(end).reason, "no_stations");
    EXPECT_EQ(end.wait_s, kHour) << ttl;
  }
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
  const std::string versions = R"({"data":{"versions":[{"version":"3.0","url":"v3"}]}})";
  for (const char* url : {kRoot, kStatus, "https://a.b/v3"}) {
    World world({.url = url == std::string("https://a.b/v3") ? kVersions : kRoot});
    world.web[kVersions] = ok(versions);
    world.web[url] = status(304);
    const PollFailure failure = failure_in(world.poll());
    EXPECT_EQ(failure.reason, "http_status") << url;
    EXPECT_EQ(failure.text, std::string(url) + ": HTTP 304: not a document");
  }
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
  EXPECT_EQ(failure_in(world.poll()).text,
            "https://a.b/status: 10 s are over; asked again at the next beat");
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

TEST(GbfsSource, WhatIsGoneForLongIsNotAskedForEachMinute) {
  World world;
  world.poll();
  world.web.erase(kStatus);
  world.now += kHour - 1;
  EXPECT_FALSE(failure_in(world.poll()).is_permanent);
  world.now += 1;
  EXPECT_TRUE(failure_in(world.poll()).is_permanent);
  world.web[kStatus] = ok(bikes_at(3, world.now));
  world.poll();
  world.web.erase(kStatus);
  EXPECT_FALSE(failure_in(world.poll()).is_permanent);
}

TEST(GbfsSource, FeedsThatAreNoStatus) {
  World world;
  world.web[kStatus] = ok(kFacts);
  EXPECT_EQ(failure_in(world.poll()).reason, "not_gbfs");
  world.web[kStatus] = ok(R"({"data":{"stations":[]}})");
  EXPECT_EQ(failure_in(world.poll()).reason, "no_stations");
  EXPECT_FALSE(failure_in(world.poll()).is_permanent);
  world.web[kStatus] = ok(R"({"ttl":9223372036854775807,"data":{"stations":[]}})");
  EXPECT_EQ(world.poll().wait_s, kHour);
}

}  // namespace
}  // namespace bikeflow
