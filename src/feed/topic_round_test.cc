#include "feed/topic_round.h"

#include <gtest/gtest.h>

#include "feed/topic_record.h"

namespace bikeflow {
namespace {

const Seconds kAt = parse_time("2024-08-11T22:30:00+09:00")->utc();

Round two_stations() {
  Round round{.observed_at = kAt};
  round.stations.push_back({"ST-4", "Mangwon", Place{37.5, 126.9}, {16, 15}});
  round.stations.push_back({"ST-5", "", std::nullopt, {0, 10}});
  return round;
}

TEST(TopicRound, HasARecordForEachStationInTheFeedsOrder) {
  const Zone zone = *Zone::load("Asia/Seoul");
  const TopicRound made = topic_round(two_stations(), zone, "seoul", false, kAt + 3);
  EXPECT_EQ(made.system, "seoul");
  EXPECT_EQ(made.observed_at, kAt);
  EXPECT_EQ(made.polled_at, kAt + 3);
  ASSERT_EQ(made.records.size(), 2U);
  EXPECT_EQ(made.records[0].key, "ST-4");
  EXPECT_EQ(made.records[0].value, topic_record(two_stations().stations[0], kAt, zone, ""));
  EXPECT_EQ(made.records[1].key, "ST-5");
  const TopicRound named = topic_round(two_stations(), zone, "seoul", true, kAt + 3);
  EXPECT_EQ(named.records[1].value, topic_record(two_stations().stations[1], kAt, zone, "seoul"));
}

TEST(TopicRound, IsReadBackAndNothingElseIs) {
  const TopicRound made =
      topic_round(two_stations(), *Zone::load("Asia/Seoul"), "seoul", true, kAt + 3);
  Writer out;
  made.save(out);
  TopicRound read;
  Reader in(out.bytes());
  ASSERT_TRUE(read.load(in));
  EXPECT_TRUE(in.at_end());
  EXPECT_EQ(read, made);
  for (std::size_t size = 0; size < out.bytes().size(); ++size) {
    Reader cut(std::string_view(out.bytes()).substr(0, size));
    EXPECT_FALSE(read.load(cut)) << size;
  }
  EXPECT_EQ(read, made) << "nothing is changed";
  std::string other = out.bytes();
  other[0] = 2;
  Reader newer(other);
  EXPECT_FALSE(read.load(newer));
}

}  // namespace
}  // namespace bikeflow
