#include "io/feed_finder.h"

#include <atomic>
#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/http_calls.h"
#include "test/played_server.h"

namespace bikeflow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr HttpId kFirstId = 1'000'000;
constexpr const char* kDiscovery = R"({"data":{"feeds":[
    {"name":"station_status","url":"status"},{"name":"system_information","url":"system"}]}})";

std::string system_document(const std::string& id) {
  return fmt::format(R"({{"data":{{"system_id":"{}","timezone":"Europe/Oslo"}}}})", id);
}

// Feeds under /ID/gbfs.json.
void play_feed(const PlayedRequest& got, HttpPeer& peer) {
  const std::string path = got.path();
  const std::string id = path.substr(1, path.rfind('/') - 1);
  peer.answer("200 OK", "", path.ends_with("/system") ? system_document(id) : kDiscovery);
}

// A finder with a client of its own, and a clock that only the test moves.
class Finding {
 public:
  std::vector<std::string> infos, warnings;
  std::map<std::size_t, std::string> found;  // id and zone
  Now now{1'712'351'088, 5'000};
  std::unique_ptr<HttpClient> http =
      client(with(&HttpClientSettings::most_connections_per_host, 16));
  std::unique_ptr<FeedFinder> finder = std::make_unique<FeedFinder>(
      *http, kFirstId,
      RunVoice{[this](const std::string& text) { infos.push_back(text); },
               [this](const std::string& text) { warnings.push_back(text); }, nullptr});

  void add(std::size_t number, const std::string& url, GbfsGiven given = {}) {
    const auto added = finder->add(number, {.url = url}, std::move(given));
    EXPECT_TRUE(added) << added.error().message;
  }
  void move() {
    finder->step(now);
    http->wait(20);
    for (HttpDone& done : http->take_done()) {
      ASSERT_TRUE(finder->is_mine(done.id));
      finder->answered(std::move(done), now);
    }
    for (FoundFeed& one : finder->take_found()) {
      EXPECT_TRUE(
          found.emplace(one.number, one.about.system_id + " " + one.about.timezone.name()).second);
    }
  }
  // Until nothing is to be done before the clock moves on.
  void settle() {
    const auto begin = Clock::now();
    do {
      move();
    } while ((http->under_way() > 0 || finder->next_due_ms() <= now.monotonic_ms) &&
             Clock::now() - begin < kHang);
    EXPECT_EQ(http->under_way(), 0U) << "hangs";
  }
};

TEST(FeedFinder, AsksManyFeedsAtOnce) {
  PlayedServer server([](const PlayedRequest& got, HttpPeer& peer) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    play_feed(got, peer);
  });
  Finding finding;
  for (std::size_t i = 0; i < 40; ++i) {
    finding.add(100 + i, server.url(fmt::format("/city{}/gbfs.json", i)));
  }
  EXPECT_EQ(finding.finder->next_due_ms(), 0);
  EXPECT_FALSE(finding.finder->has_tried_all());
  finding.settle();
  ASSERT_THAT(finding.found, SizeIs(40));
  EXPECT_EQ(finding.found.at(139), "city39 Europe/Oslo");
  EXPECT_GT(server.most_at_once(), 4);
  EXPECT_TRUE(finding.finder->has_found_all());
  EXPECT_TRUE(finding.finder->has_tried_all());
  EXPECT_EQ(finding.finder->next_due_ms(), FeedFinder::kNothingDue);
  EXPECT_THAT(finding.infos, IsEmpty());
  EXPECT_THAT(finding.warnings, IsEmpty());
  finding.add(7, server.url("/later/gbfs.json"));
  finding.settle();
  EXPECT_EQ(finding.found.at(7), "later Europe/Oslo");
  EXPECT_EQ(server.requests().size(), 82U) << "one that is found is not asked again";
}

TEST(FeedFinder, OneThatIsSilentDelaysNoOther) {
  PlayedServer silent(say_nothing);
  PlayedServer server(play_feed);
  Finding finding;
  finding.add(1, silent.url("/gbfs.json"));
  finding.add(2, server.url("/oslo/gbfs.json"));
  const auto begin = Clock::now();
  while (finding.found.empty() && Clock::now() - begin < kHang) finding.move();
  EXPECT_EQ(finding.found.at(2), "oslo Europe/Oslo");
  EXPECT_LT(ms_since(begin), 5'000);
  EXPECT_FALSE(finding.finder->has_tried_all());
  EXPECT_EQ(finding.http->under_way(), 1U);
  finding.finder.reset();
  EXPECT_EQ(finding.http->under_way(), 0U) << "who looks no more leaves nothing under way";
}

TEST(FeedFinder, AFeedThatFailsIsAskedLaterAndLater) {
  std::atomic<bool> is_well = false;
  PlayedServer server([&](const PlayedRequest& got, HttpPeer& peer) {
    if (is_well) return play_feed(got, peer);
    peer.answer("500 Internal Server Error", "", "");
  });
  Finding finding;
  finding.add(3, server.url("/oslo/gbfs.json"), {.system_id = "mine"});
  std::size_t requests = 0;
  for (const std::int64_t wait_ms : {60'000, 120'000, 240'000, 480'000, 600'000, 600'000}) {
    finding.settle();
    EXPECT_EQ(server.requests().size(), ++requests);
    EXPECT_EQ(finding.finder->next_due_ms(), finding.now.monotonic_ms + wait_ms);
    finding.now.monotonic_ms += wait_ms - 1;
    finding.settle();
    EXPECT_EQ(server.requests().size(), requests) << "asked before it is due";
    finding.now.monotonic_ms += 1;
  }
  EXPECT_TRUE(finding.finder->has_tried_all());
  EXPECT_FALSE(finding.finder->has_found_all());
  EXPECT_THAT(finding.warnings, ElementsAre("mine: " + server.url("/oslo/gbfs.json") +
                                            ": HTTP 500: the server fails; it is asked again"));
  ASSERT_THAT(finding.finder->missing(), SizeIs(1));
  EXPECT_EQ(finding.finder->missing()[0].number, 3U);
  EXPECT_EQ(finding.finder->missing()[0].why.reason, "http_status");
  is_well = true;
  finding.settle();
  EXPECT_EQ(finding.found.at(3), "mine Europe/Oslo");
  EXPECT_THAT(finding.infos, ElementsAre("mine: the feed now says what it is"));
  EXPECT_THAT(finding.finder->missing(), IsEmpty());
}

TEST(FeedFinder, AnotherReasonIsSaidToo) {
  std::atomic<int> asked = 0;
  PlayedServer server([&](const PlayedRequest&, HttpPeer& peer) {
    peer.answer(asked++ % 2 == 0 ? "503 Service Unavailable" : "200 OK", "", "{}");
  });
  Finding finding;
  finding.add(3, server.url("/gbfs.json"));
  for (int i = 0; i < 6; ++i) {
    finding.settle();
    finding.now.monotonic_ms += FeedFinder::kLastRetryMs;
  }
  EXPECT_EQ(asked, 6);
  EXPECT_THAT(finding.warnings,
              ElementsAre(HasSubstr("HTTP 503"), HasSubstr("expected a gbfs.json")));
}

TEST(FeedFinder, AFeedThatWantsToBeLeftAloneIs) {
  PlayedServer server(always("429 Too Many Requests", "Retry-After: 3600\r\n"));
  Finding finding;
  finding.add(3, server.url("/gbfs.json"));
  finding.settle();
  EXPECT_EQ(finding.finder->next_due_ms(), finding.now.monotonic_ms + 3'600'000);
}

TEST(FeedFinder, WhenTheNetworkIsGoneFewFeedsAreNamed) {
  int port = 0;
  {
    const PlayedServer gone(play_feed);
    port = gone.port();
  }
  PlayedServer missing(always("404 Not Found"));
  Finding finding;
  for (std::size_t i = 0; i < 15; ++i) {
    finding.add(i, fmt::format("http://127.0.0.1:{}/city{}/gbfs.json", port, i));
    finding.add(100 + i, missing.url(fmt::format("/city{}/gbfs.json", i)));
  }
  finding.settle();
  std::map<std::string, int> said;
  for (const std::string& text : finding.warnings) {
    ++said[text.find("HTTP 404") != std::string::npos ? "gone" : text.substr(0, text.find(':'))];
  }
  EXPECT_EQ(said["gone"], 15) << "someone must act on each";
  EXPECT_EQ(said["http"], FeedFinder::kMostNamed);
  EXPECT_EQ(said["refused"], 1);
  EXPECT_THAT(finding.finder->missing(), SizeIs(30));
}

TEST(FeedFinder, SharesAClient) {
  PlayedServer server(play_feed);
  Finding finding;
  finding.add(3, server.url("/oslo/gbfs.json"));
  finding.http->start(0, request(server.url("/other")));
  finding.http->start(kFirstId + 1, request(server.url("/other")));
  std::vector<HttpId> others;
  const auto begin = Clock::now();
  while ((finding.http->under_way() > 0 || !finding.finder->has_found_all()) &&
         Clock::now() - begin < kHang) {
    finding.finder->step(finding.now);
    finding.http->wait(20);
    for (HttpDone& done : finding.http->take_done()) {
      if (!finding.finder->is_mine(done.id)) {
        others.push_back(done.id);
      } else {
        finding.finder->answered(std::move(done), finding.now);
      }
    }
  }
  EXPECT_THAT(others, testing::UnorderedElementsAre(0, kFirstId + 1));
  EXPECT_TRUE(finding.finder->has_found_all());
}

TEST(FeedFinder, FollowsRedirects) {
  PlayedServer server([](const PlayedRequest& got, HttpPeer& peer) {
    const std::string path = got.path();
    if (!path.starts_with("/old")) return play_feed(got, peer);
    peer.answer("301 Moved Permanently",
                fmt::format("Location: /new{}\r\n", path.substr(path.rfind('/'))), "");
  });
  Finding finding;
  finding.add(3, server.url("/old/gbfs.json"));
  finding.settle();
  EXPECT_EQ(finding.found[3], "new Europe/Oslo");
}

TEST(FeedFinder, AWrongSettingIsAnError) {
  Finding finding;
  const auto added = finding.finder->add(1, {.url = "gbfs.json"}, {.system_id = "oslo"});
  ASSERT_FALSE(added);
  EXPECT_THAT(added.error().message, HasSubstr("oslo: 'gbfs.json' is no address of a feed"));
  EXPECT_TRUE(finding.finder->has_found_all());
}

}  // namespace
}  // namespace bikeflow
