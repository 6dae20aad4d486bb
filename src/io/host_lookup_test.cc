#include "io/host_lookup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <thread>

namespace bikeflow {
namespace {

constexpr int kShortMs = 20, kLongMs = 60'000;
using Addresses = std::vector<std::string>;

// A resolver that answers when it is told to; it outlives the lookups.
struct SlowResolver {
  std::promise<void> go;
  std::shared_future<void> gone{go.get_future()};
  std::shared_ptr<std::atomic<int>> asked = std::make_shared<std::atomic<int>>(0);

  [[nodiscard]] HostLookup::Ask ask() const {
    return [gone = gone, asked = asked](const std::string& host) -> Result<Addresses> {
      ++*asked;
      gone.wait();
      return Addresses{"of " + host};
    };
  }
};

TEST(HostLookup, OneThatHangsIsWaitedForAsLongAsSomebodyWantsTo) {
  SlowResolver resolver;
  HostLookup lookup(resolver.ask());
  for (int i = 0; i < 3; ++i) {
    const auto found = lookup.find("redis.example.org", kShortMs);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().message, "the system's resolver does not answer");
  }
  // Meanwhile another name can be looked up, and hangs as well.
  EXPECT_FALSE(lookup.find("other.example.org", kShortMs));
  resolver.go.set_value();
  EXPECT_EQ(lookup.find("redis.example.org", kLongMs).value(), Addresses{"of redis.example.org"});
  EXPECT_EQ(*resolver.asked, 2);
  // What was found once is not kept: a name may move.
  EXPECT_TRUE(lookup.find("redis.example.org", kLongMs));
  EXPECT_EQ(*resolver.asked, 3);
}

TEST(HostLookup, AnAnswerThatNobodyFetchedInTimeIsAskedForAnew) {
  for (const bool is_old : {false, true}) {
    SlowResolver resolver;
    HostLookup lookup(resolver.ask(), is_old ? 100 : kLongMs);
    EXPECT_FALSE(lookup.find("redis.example.org", kShortMs));
    resolver.go.set_value();
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    EXPECT_TRUE(lookup.find("redis.example.org", kLongMs));
    EXPECT_EQ(*resolver.asked, is_old ? 2 : 1);
  }
}

TEST(HostLookup, WithoutAThreadItFailsAndTheNextIsTriedAgain) {
  pthread_attr_t usual, greedy;
  ASSERT_EQ(::pthread_getattr_default_np(&usual), 0);
  ASSERT_EQ(::pthread_attr_init(&greedy), 0);
  ASSERT_EQ(::pthread_attr_setstacksize(&greedy, std::size_t{1} << 50), 0);  // there is none
  ASSERT_EQ(::pthread_setattr_default_np(&greedy), 0);
  HostLookup lookup([](const std::string& host) -> Result<Addresses> { return Addresses{host}; });
  const auto found = lookup.find("redis.example.org", kLongMs);
  ASSERT_EQ(::pthread_setattr_default_np(&usual), 0);
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().message, testing::HasSubstr("no thread can be started"));
  EXPECT_TRUE(lookup.find("redis.example.org", kLongMs));
  ::pthread_attr_destroy(&usual);
  ::pthread_attr_destroy(&greedy);
}

TEST(HostLookup, ItsEndWaitsForNobody) {
  SlowResolver resolver;
  {
    HostLookup lookup(resolver.ask());
    EXPECT_FALSE(lookup.find("redis.example.org", kShortMs));
  }
  resolver.go.set_value();
}

TEST(HostLookup, TheSystemsResolverKnowsThisMachineAndSaysWhatItDoesNotKnow) {
  HostLookup lookup;
  const auto here = lookup.find("localhost", kLongMs);
  ASSERT_TRUE(here) << here.error().message;
  EXPECT_TRUE(here->front() == "127.0.0.1" || here->front() == "::1") << here->front();
  EXPECT_EQ(lookup.find("127.0.0.1", kLongMs).value(), Addresses{"127.0.0.1"});
  EXPECT_EQ(lookup.find("::1", kLongMs).value(), Addresses{"::1"});
  const auto nowhere = lookup.find(std::string(300, 'a'), kLongMs);
  ASSERT_FALSE(nowhere);
  EXPECT_FALSE(nowhere.error().message.empty());
}

}  // namespace
}  // namespace bikeflow
