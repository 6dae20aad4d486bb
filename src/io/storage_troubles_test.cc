#include "io/storage_troubles.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bikeflow {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

using Step = StorageTroubles::Step;

class StorageTroublesTest : public ::testing::Test {
 protected:
  static Now at(std::int64_t seconds) { return {1'700'000'000, seconds * 1000}; }
  void fail(std::size_t number, std::int64_t seconds, Step step = Step::kCommit) {
    troubles_.failed(number, fmt::format("s{}", number), step, "no space", at(seconds));
  }
  // What is said, with a '+' where a trouble is over.
  std::vector<std::string> said() {
    std::vector<std::string> all;
    for (const auto& news : troubles_.take_news()) {
      all.push_back((news.is_over ? "+" : "-") + news.text);
    }
    return all;
  }

  StorageTroubles troubles_;
};

TEST_F(StorageTroublesTest, ItIsSaidOnceHowOftenItIsTriedAndWhenItIsOver) {
  fail(3, 0);
  EXPECT_THAT(said(), ElementsAre(AllOf(StartsWith("-s3: cannot be stored: no space; "),
                                        HasSubstr("after 10s, and at least every 5m"))));
  fail(3, 10);
  fail(3, 30);
  EXPECT_THAT(said(), IsEmpty());
  EXPECT_THAT(troubles_.failing(), ElementsAre("s3: no space"));
  EXPECT_EQ(troubles_.line(), "1 feed is not stored: s3");
  troubles_.opened(3, at(50));
  EXPECT_THAT(troubles_.failing(), IsEmpty());
  troubles_.committed(3, at(69));
  EXPECT_THAT(said(), IsEmpty());
  troubles_.committed(3, at(75));
  EXPECT_THAT(said(), ElementsAre("+s3: is stored again after 75s"));
  EXPECT_FALSE(troubles_.is_troubled(3));
  EXPECT_EQ(troubles_.line(), "");
  troubles_.committed(3, at(80));
  EXPECT_THAT(said(), IsEmpty());
}

// What is wrong with its state is found when it is opened again.
TEST_F(StorageTroublesTest, WhatIsFoundWhenItIsOpenedIsSaidToo) {
  fail(3, 0);
  said();
  fail(3, 10, Step::kOpen);
  EXPECT_THAT(said(), ElementsAre(StartsWith("-s3: cannot be opened: no space; ")));
  fail(3, 30, Step::kOpen);
  fail(3, 70, Step::kCommit);
  EXPECT_THAT(said(), IsEmpty());
}

TEST_F(StorageTroublesTest, ItIsTriedAgainAfterTwiceAsLongUpToFiveMinutes) {
  std::int64_t now = 0;
  for (const std::int64_t wait : {10, 20, 40, 80, 160, 300, 300}) {
    fail(1, now);
    EXPECT_THAT(troubles_.due(at(now + wait - 1)), IsEmpty());
    now += wait;
    EXPECT_THAT(troubles_.due(at(now)), ElementsAre(1));
  }
  // One that opens and soon fails is no better.
  troubles_.opened(1, at(now));
  EXPECT_THAT(troubles_.due(at(now + 10'000)), IsEmpty());
  troubles_.committed(1, at(now + 10));
  fail(1, now + 19);
  EXPECT_THAT(troubles_.due(at(now + 318)), IsEmpty());
  EXPECT_EQ(said().size(), 1U);
  troubles_.opened(1, at(now + 319));
  troubles_.committed(1, at(now + 339));
  fail(1, now + 340);
  EXPECT_THAT(troubles_.due(at(now + 350)), ElementsAre(1));
}

TEST_F(StorageTroublesTest, OfManyFeedsTenAreNamed) {
  for (std::size_t i = 0; i < 500; ++i) fail(i, 0);
  const auto begun = said();
  ASSERT_EQ(begun.size(), 11U);
  EXPECT_THAT(begun.back(), StartsWith("-more feeds than 10 cannot be stored"));
  EXPECT_EQ(troubles_.failing().size(), 500U);
  EXPECT_EQ(troubles_.line(), "500 feeds are not stored: s0, s1, s2, s3, s4 and 495 more");
  for (std::size_t i = 0; i < 500; ++i) troubles_.committed(i, at(60));
  const auto over = said();
  ASSERT_EQ(over.size(), 11U);
  EXPECT_EQ(over.back(), "+every feed is stored again");
  fail(499, 90);
  EXPECT_THAT(said(), ElementsAre(StartsWith("-s499: ")));
}

}  // namespace
}  // namespace bikeflow
