// Against stores that fail; that real ones do is tested in test/kafka/.
#include "io/store_pool.h"

#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <set>

#include "io/clock.h"
#include "io/local_store.h"
#include "test/child.h"

namespace bikeflow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// Fails as often as it is told, each kind of request by itself.
class FailingStore final : public Store {
 public:
  std::atomic<int> puts_to_fail = 0, removals_to_fail = 0;
  std::atomic<int> removals = 0;
  std::mutex mutex;
  std::map<std::string, std::string> files;

  [[nodiscard]] std::string shown(std::string_view path) const override {
    return "lake/" + std::string(path);
  }
  Result<void> put(std::string_view path, std::string_view bytes) override {
    if (puts_to_fail-- > 0) return fail("lake is full");
    const std::scoped_lock lock(mutex);
    files[std::string(path)] = bytes;
    return {};
  }
  Result<bool> put_new(std::string_view, std::string_view) override { return fail("unused"); }
  Result<void> sync() override { return {}; }
  Result<std::optional<std::string>> get(std::string_view path) override {
    const std::scoped_lock lock(mutex);
    const auto found = files.find(std::string(path));
    if (found == files.end()) return std::nullopt;
    return found->second;
  }
  Result<std::optional<std::int64_t>> size(std::string_view) override { return fail("unused"); }
  Result<std::vector<StoredFile>> list(std::string_view, Scope) override { return fail("unused"); }
  Result<void> remove(std::string_view) override {
    ++removals;
    if (removals_to_fail-- > 0) return fail("removing is forbidden");
    return {};
  }
};

class StorePoolTest : public ::testing::Test {
 protected:
  StorePool& pool(Store& store) {
    lookup_ = *KafkaLookup::open({"127.0.0.1:9", "topic", "group", {}});
    pool_ = std::make_unique<StorePool>(std::vector<Store*>{&store}, *lookup_, 1,
                                        StorePool::Watched{store_outage_, cluster_outage_},
                                        [this](const std::string& text) {
                                          const std::scoped_lock lock(mutex_);
                                          warnings_.push_back(text);
                                        });
    return *pool_;
  }
  // The numbers of so many outcomes, in their order; fewer where they take too long.
  std::vector<std::uint64_t> outcomes(std::size_t count) {
    std::vector<std::uint64_t> numbers;
    const std::int64_t until_ms = monotonic_ms() + 20'000;
    while (numbers.size() < count && monotonic_ms() < until_ms) {
      for (const StorePool::Done& done : pool_->take()) numbers.push_back(done.number);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return numbers;
  }
  std::vector<std::string> warnings() {
    const std::scoped_lock lock(mutex_);
    return warnings_;
  }

  FailingStore store_;
  std::mutex mutex_;
  std::vector<std::string> warnings_;
  Outage store_outage_{"the store is gone", "the store is back"};
  Outage cluster_outage_{"the cluster is gone", "the cluster is back"};
  std::unique_ptr<KafkaLookup> lookup_;
  std::unique_ptr<StorePool> pool_;
};

TEST_F(StorePoolTest, APutIsTriedUntilItSucceedsAndIsAnOutageUntilThen) {
  store_.puts_to_fail = 3;
  pool(store_).give({1, 0, PutFile{"a", "one"}});
  const std::int64_t until_ms = monotonic_ms() + 20'000;
  while (!store_outage_.is_on() && monotonic_ms() < until_ms) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(store_outage_.why(), "lake is full");
  EXPECT_THAT(outcomes(1), ElementsAre(1u));
  EXPECT_EQ(store_.files.at("a"), "one");
  EXPECT_FALSE(cluster_outage_.is_on());
  EXPECT_FALSE(store_outage_.is_on());
  EXPECT_EQ(pool_->under_way(), 0u);
}

// It must not keep anything else waiting, nor look like a store that is down.
TEST_F(StorePoolTest, ARemovalIsGivenUpAfterSomeTries) {
  store_.removals_to_fail = 1'000;
  pool(store_).give({1, 0, RemoveFiles{{"a"}}});
  pool_->give({2, 0, PutFile{"b", "two"}});
  EXPECT_THAT(outcomes(1), ElementsAre(2u));
  const std::int64_t until_ms = monotonic_ms() + 20'000;
  while (warnings().empty() && monotonic_ms() < until_ms) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_THAT(warnings(), ElementsAre(HasSubstr("removing is forbidden; left there")));
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_EQ(store_.removals, 3);
  EXPECT_FALSE(store_outage_.is_on());
}

TEST_F(StorePoolTest, AQuestionThatIsAskedOnceIsNotRepeated) {
  pool(store_).give_once({1, 0, LookAtLog{}});  // there is no broker
  pool_->give({2, 0, PutFile{"b", "two"}});
  EXPECT_THAT(outcomes(1), ElementsAre(2u));
  EXPECT_THAT(warnings(), SizeIs(0));
  EXPECT_FALSE(store_outage_.is_on());
}

// A cluster that is gone takes seconds for each, and they come on a beat.
TEST_F(StorePoolTest, QuestionsThatAreAskedOnceDoNotPileUp) {
  FailingStore store;
  pool(store);
  for (std::uint64_t beat = 0; beat < 20; ++beat) {
    for (std::uint64_t number = 1; number <= 3; ++number) {
      pool_->give_once({number, 0, LookAtLog{}});
    }
  }
  pool_->give({9, 0, PutFile{"b", "two"}});
  const std::int64_t begun_ms = monotonic_ms();
  EXPECT_THAT(outcomes(1), ElementsAre(9u));
  EXPECT_LT(monotonic_ms() - begun_ms, 5'000);  // at most one question was before it
}

TEST_F(StorePoolTest, AClusterThatDoesNotAnswerIsNoTroubleOfTheStore) {
  pool(store_).give({1, 0, PutFile{"a", "one"}});
  pool_->give({2, 0, AskGroup{}});  // there is no broker
  EXPECT_THAT(outcomes(1), ElementsAre(1u));
  const std::int64_t until_ms = monotonic_ms() + 30'000;
  while (!cluster_outage_.is_on() && monotonic_ms() < until_ms) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_THAT(cluster_outage_.why(), HasSubstr("offsets of group 'group'"));
  pool_->give({3, 0, PutFile{"b", "two"}});
  EXPECT_THAT(outcomes(1), ElementsAre(3u));  // does not end the cluster's
  EXPECT_TRUE(cluster_outage_.is_on());
  EXPECT_FALSE(store_outage_.is_on());
}

TEST_F(StorePoolTest, WhatIsForgottenHasNoOutcome) {
  store_.puts_to_fail = 2;
  pool(store_).give({1, 0, PutFile{"a", "one"}});
  pool_->forget();
  pool_->give({2, 0, PutFile{"b", "two"}});
  EXPECT_THAT(outcomes(1), ElementsAre(2u));
  EXPECT_THAT(outcomes(0), SizeIs(0));
}

// A folder that cannot be written to for a while is a store like any other: a sync that failed does
// not stay failed.
TEST_F(StorePoolTest, AFolderThatFailedWorksAgain) {
  const TempFolder lake;
  auto store = LocalStore::open(lake.path(), "test");
  ASSERT_TRUE(store);
  std::filesystem::create_directory(lake / "in-the-way.parquet");  // a rename onto it fails
  pool(*store).give({1, 0, PutFile{"in-the-way.parquet", "one"}});
  const std::int64_t until_ms = monotonic_ms() + 20'000;
  while (!store_outage_.is_on() && monotonic_ms() < until_ms) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  std::filesystem::remove(lake / "in-the-way.parquet");
  EXPECT_THAT(outcomes(1), ElementsAre(1u));
  pool_->give({2, 0, PutFile{"b.parquet", "two"}});
  EXPECT_THAT(outcomes(1), ElementsAre(2u));
  pool_.reset();  // before its store
}

}  // namespace
}  // namespace bikeflow
