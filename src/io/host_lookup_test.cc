#include "io/host_lookup.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>

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
