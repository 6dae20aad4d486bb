#include "io/kafka_consumer.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <initializer_list>
#include <thread>

#include <gmock/gmock.h>

#include "io/kafka_lookup.h"
#include "test/mock_kafka.h"

namespace bikeflow {
namespace {

using bikeflow::testing::from_to;
using bikeflow::testing::kOffsetCommitRequest;
using bikeflow::testing::Member;
using bikeflow::testing::MockKafka;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Kind = KafkaCommit::Kind;

std::optional<KafkaCommitted> committed(const KafkaSettings& settings, std::int32_t partition) {
  auto lookup = KafkaLookup::open(settings);
  EXPECT_TRUE(lookup) << lookup.error().message;
  auto found = (*lookup)->committed({partition}, 5000);
  EXPECT_TRUE(found) << found.error().message;
  return found ? found->at(partition) : std::nullopt;
}

TEST(KafkaConsumer, DeliversWhatWasStartedOnceAndInOrder) {
  MockKafka kafka(3);
  for (std::int32_t partition = 0; partition < 3; ++partition) kafka.produce(partition, 0, 5000);
  Member member(kafka.settings("g"));
  ASSERT_TRUE(member.poll_until([&] { return member.assignments == 1; }));
  EXPECT_THAT(member.mine, ElementsAre(0, 1, 2));

  // Nothing before its start; then from there on, also where another is started later.
  member.poll_for_ms(300);
  EXPECT_THAT(member.offsets, IsEmpty());
  member.consumer->start(1, 100);
  ASSERT_TRUE(member.poll_until([&] { return member.offsets[1].size() >= 1500; }));
  EXPECT_THAT(member.offsets[0], IsEmpty());
  member.consumer->start(0, 4000);
  ASSERT_TRUE(member.poll_until([&] { return member.ends[0] == 5000 && member.ends[1] == 5000; }));
  EXPECT_EQ(member.offsets[1], from_to(100, 5000));
  EXPECT_EQ(member.offsets[0], from_to(4000, 5000));
  EXPECT_THAT(member.offsets[2], IsEmpty());
  EXPECT_EQ(member.consumer->lag(0), 0);
  EXPECT_EQ(member.consumer->lag(2), std::nullopt);

  // What comes later is delivered, and the end again.
  kafka.produce(0, 5000, 10);
  ASSERT_TRUE(member.poll_until([&] { return member.ends[0] == 5010; }));
  EXPECT_EQ(member.offsets[0], from_to(4000, 5010));

  // Paused within a delivery: not one more, the other goes on; afterwards all that is missing.
  member.offsets.clear();
  member.ends.clear();
  member.on_messages = [&](std::int32_t partition, std::span<const LogMessage>) {
    if (partition == 0) {
      member.consumer->pause(0);
      member.consumer->pause(1);
    }
  };
  member.consumer->start(0, 0);
  member.consumer->start(1, 0);
  ASSERT_TRUE(member.poll_until([&] { return !member.offsets[0].empty(); }));
  auto of_first = member.offsets[0].size();
  auto of_second = member.offsets[1].size();
  member.poll_for_ms(300);
  EXPECT_EQ(member.offsets[0].size(), of_first);
  EXPECT_EQ(member.offsets[1].size(), of_second);
  ASSERT_LT(of_first, 5000);
  EXPECT_EQ(member.consumer->lag(0), 5010 - static_cast<std::int64_t>(of_first));
  // A start of a third restarts those two inside librdkafka; they stay paused.
  member.consumer->start(2, 4990);
  ASSERT_TRUE(member.poll_until([&] { return member.ends[2] == 5000; }));
  EXPECT_EQ(member.offsets[0].size(), of_first);
  EXPECT_EQ(member.offsets[2], from_to(4990, 5000));
  while (member.offsets[0].size() < 5010 || member.offsets[1].size() < 5000) {
    const std::size_t before = member.offsets[0].size() + member.offsets[1].size();
    member.consumer->resume(0);
    member.consumer->resume(1);
    ASSERT_TRUE(member.poll_until(
        [&] { return member.offsets[0].size() + member.offsets[1].size() > before; }));
  }
  EXPECT_EQ(member.offsets[0], from_to(0, 5010));
  EXPECT_EQ(member.offsets[1], from_to(0, 5000));
  EXPECT_THAT(member.failures, IsEmpty());
}

// Faster than an empty fetch, of which librdkafka makes an end, could come between them.
TEST(KafkaConsumer, TellsOfTheEndAlsoWhereRecordsNeverCease) {
  MockKafka kafka(1);
  Member member(kafka.settings("g"));
  member.on_assigned = [&](const std::vector<std::int32_t>&) { member.consumer->start(0, 0); };
  ASSERT_TRUE(member.poll_until([&] { return member.assignments == 1; }));
  for (std::int64_t offset = 0; offset < 20; ++offset) {
    kafka.produce(0, offset, 1);
    ASSERT_TRUE(member.poll_until([&] { return std::ssize(member.offsets[0]) == offset + 1; }));
    EXPECT_EQ(member.ends[0], offset + 1);
  }
}

TEST(KafkaConsumer, StartsAnewAnywhereWithNothingOfBefore) {
  MockKafka kafka(2);
  kafka.produce(0, 0, 20'000);
  Member member(kafka.settings("g"));
  member.on_assigned = [&](const std::vector<std::int32_t>&) { member.consumer->start(0, 10'000); };
  ASSERT_TRUE(member.poll_until([&] { return member.offsets[0].size() >= 2000; }));

  // Back, forward and inside a delivery: the next message is the one that was asked for.
  for (const std::int64_t target : {9'000, 0, 15'000, 14'999, 3, 19'999}) {
    member.offsets.clear();
    member.consumer->start(0, target);
    const auto some = static_cast<std::size_t>(std::min<std::int64_t>(20'000 - target, 1500));
    ASSERT_TRUE(member.poll_until([&] { return member.offsets[0].size() >= some; })) << target;
    const auto end = target + static_cast<std::int64_t>(member.offsets[0].size());
    ASSERT_EQ(member.offsets[0], from_to(target, end));
  }
  member.offsets.clear();
  bool is_moved = false;
  member.on_messages = [&](std::int32_t, std::span<const LogMessage> messages) {
    if (is_moved || messages.back().offset < 5000) return;
    is_moved = true;
    member.offsets.clear();
    member.consumer->start(0, 100);
  };
  member.consumer->start(0, 3000);
  ASSERT_TRUE(member.poll_until([&] { return is_moved && member.offsets[0].size() >= 10'000; }));
  EXPECT_EQ(member.offsets[0], from_to(100, 100 + member.offsets[0].size()));

  // Outside of what there is.
  EXPECT_THAT(member.failures, IsEmpty());
  member.offsets.clear();
  member.consumer->start(0, 30'000);
  ASSERT_TRUE(member.poll_until([&] { return !member.failures.empty(); }));
  EXPECT_EQ(member.failures[0].second.kind, PartitionError::Kind::kOffsetOutOfRange);
  EXPECT_THAT(member.failures[0].second.text, HasSubstr("bikes/0@30000"));
  member.poll_for_ms(200);
  EXPECT_THAT(member.offsets[0], IsEmpty());
  EXPECT_EQ(member.failures.size(), 1);
  member.consumer->start(0, 19'990);
  ASSERT_TRUE(member.poll_until([&] { return member.offsets[0].size() == 10; }));

  // As often as one likes: librdkafka could not stand assignments in such a row.
  kafka.produce(1, 0, 10);
  for (int i = 0; i < 200; ++i) {
    member.consumer->start(i % 2, i % 10);
    ASSERT_TRUE(member.consumer->poll(0, member));
  }
  member.offsets.clear();
  member.consumer->start(0, 19'995);
  member.consumer->start(1, 7);
  ASSERT_TRUE(member.poll_until(
      [&] { return member.offsets[0].size() == 5 && member.offsets[1].size() == 3; }));
  EXPECT_EQ(member.offsets[1], from_to(7, 10));

  // Inside a batch, which goes on behind an end of the partition.
  for (const bool is_paused : {false, true}) {
    member.consumer->start(1, 0);
    ASSERT_TRUE(member.consumer->poll(0, member));
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    kafka.produce(1, is_paused ? 20 : 10, 10);
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    is_moved = false;
    member.on_messages = [&](std::int32_t, std::span<const LogMessage>) {
      if (is_moved) return;
      is_moved = true;
      member.offsets.clear();
      member.ends.clear();
      if (is_paused) {
        member.consumer->pause(1);
      } else {
        member.consumer->start(1, 5);
      }
    };
    ASSERT_TRUE(member.poll_until([&] { return is_moved; }));
    if (is_paused) {
      member.poll_for_ms(100);
      EXPECT_THAT(member.offsets[1], IsEmpty()) << "held back";
      member.consumer->start(1, 5);
      member.consumer->resume(1);
    }
    const std::int64_t end = is_paused ? 30 : 20;
    ASSERT_TRUE(member.poll_until([&] { return member.ends[1] == end; }));
    EXPECT_EQ(member.offsets[1], from_to(5, end));
  }
}

// Polls them all until it is so.
bool poll_until(std::initializer_list<Member*> members, const std::function<bool()>& is_so) {
  Member& first = **members.begin();
  return first.poll_until([&] {
    for (Member* each : members) {
      if (each == &first) continue;
      EXPECT_TRUE(each->consumer->poll(0, *each));
    }
    return is_so();
  });
}

TEST(KafkaConsumer, CommitsWithWordsAndKnowsRefusal) {
  MockKafka kafka(2);
  Member member(kafka.settings("g"));
  Member stranger(kafka.settings("h"));
  Member fenced(kafka.settings("fenced"));
  ASSERT_TRUE(poll_until({&member, &stranger, &fenced}, [&] {
    return member.assignments + stranger.assignments + fenced.assignments == 3;
  }));

  const std::string words = "1:lake:" + std::string(4089, 'x');
  ASSERT_EQ(member.consumer->commit(0, 7, words, 5000).kind, Kind::kDone);
  EXPECT_EQ(committed(kafka.settings("g"), 0), (KafkaCommitted{7, words}));
  EXPECT_EQ(committed(kafka.settings("g"), 1), std::nullopt);
  ASSERT_EQ(member.consumer->commit(0, 8, "", 5000).kind, Kind::kDone);
  EXPECT_EQ(committed(kafka.settings("g"), 0), (KafkaCommitted{8, ""}));
  ASSERT_EQ(stranger.consumer->commit(0, 8, "", 5000).kind, Kind::kDone);

  kafka.fail_next(kOffsetCommitRequest, {RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS});
  const KafkaCommit outcome = member.consumer->commit(0, 9, "", 5000);
  EXPECT_EQ(outcome.kind, Kind::kRefused);
  EXPECT_THAT(outcome.text, HasSubstr("rebalance"));

  // These tell librdkafka that its membership is over: what was prepared under it must not be
  // committed under none, or under the next.
  kafka.fail_next(kOffsetCommitRequest, {RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION});
  EXPECT_EQ(member.consumer->commit(0, 9, "", 5000).kind, Kind::kRefused);
  kafka.fail_next(kOffsetCommitRequest, {RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID});
  EXPECT_EQ(stranger.consumer->commit(0, 9, "", 5000).kind, Kind::kRefused);
  for (Member* each : {&member, &stranger}) {
    const KafkaCommit again = each->consumer->commit(0, 9, "", 5000);
    EXPECT_EQ(again.kind, Kind::kRefused);
    EXPECT_THAT(again.text, HasSubstr("not sent"));
  }
  for (const char* group : {"g", "h"}) {
    EXPECT_EQ(committed(kafka.settings(group), 0), (KafkaCommitted{8, ""}));
  }
  ASSERT_TRUE(poll_until({&member, &stranger}, [&] { return member.assignments == 2; }));
  EXPECT_EQ(member.revocations, 1);
  EXPECT_EQ(member.consumer->commit(1, 1, "", 5000).kind, Kind::kDone) << "a member again";

  // Fatal to librdkafka: this consumer never works again.
  kafka.fail_next(kOffsetCommitRequest, {RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID});
  EXPECT_EQ(fenced.consumer->commit(0, 1, "", 5000).kind, Kind::kRefused);
  auto polled = fenced.consumer->poll(0, fenced);
  ASSERT_FALSE(polled);
  EXPECT_THAT(polled.error().message, HasSubstr("fenced"));
}

TEST(KafkaConsumer, DoubtsWhatWasNotAnswered) {
  MockKafka kafka(2);
  Member other(kafka.settings("other"));
  Member late(kafka.settings("late"));
  KafkaSettings impatient = kafka.settings("down");
  impatient.client["reconnect.backoff.max.ms"] = "100";
  Member down(impatient);
  impatient.group = "gone";
  Member gone(impatient);
  ASSERT_TRUE(poll_until({&other, &late, &down, &gone}, [&] {
    return other.assignments + late.assignments + down.assignments + gone.assignments == 4;
  }));

  // Landed, and the answer is late.
  kafka.set_delay_ms(700);
  const KafkaCommit outcome = late.consumer->commit(0, 3, "late", 200);
  EXPECT_EQ(outcome.kind, Kind::kUnknown);
  EXPECT_THAT(outcome.text, HasSubstr("200 ms"));
  kafka.set_delay_ms(0);
  EXPECT_EQ(late.consumer->commit(0, 4, "next", 5000).kind, Kind::kUnknown) << "not sent";
  EXPECT_TRUE(late.consumer->close(5000)) << "does nothing";
  EXPECT_EQ(late.revocations, 0);
  late.consumer.reset();
  EXPECT_EQ(committed(kafka.settings("late"), 0), (KafkaCommitted{3, "late"}));

  // An error that is none of the four is no refusal.
  kafka.fail_next(kOffsetCommitRequest, {RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE});
  EXPECT_EQ(other.consumer->commit(0, 9, "", 5000).kind, Kind::kUnknown);

  // Waits inside librdkafka for a broker: never sent, and the end does not wait for it.
  kafka.set_down();
  down.poll_for_ms(1500);  // until librdkafka has noticed
  EXPECT_EQ(down.consumer->commit(0, 5, "pending", 300).kind, Kind::kUnknown);
  EXPECT_EQ(gone.consumer->commit(0, 5, "pending", 300).kind, Kind::kUnknown);
  EXPECT_FALSE(down.consumer->poll(0, down));
  const std::int64_t before_ms = monotonic_ms();
  gone.consumer.reset();
  EXPECT_LT(monotonic_ms() - before_ms, 1000);
  kafka.set_up();
  std::this_thread::sleep_for(std::chrono::milliseconds(2000));
  EXPECT_EQ(committed(kafka.settings("down"), 0), std::nullopt);
  EXPECT_EQ(committed(kafka.settings("gone"), 0), std::nullopt);
}

TEST(KafkaConsumer, SharesPartitionsAndHandsThemOver) {
  MockKafka kafka(4);
  for (std::int32_t partition = 0; partition < 4; ++partition) kafka.produce(partition, 0, 100);
  KafkaSettings settings = kafka.settings("g");
  auto lookup = KafkaLookup::open(settings);
  ASSERT_TRUE(lookup);
  std::map<std::int32_t, std::optional<KafkaCommitted>> seen;
  const auto go_on = [&](Member& member) {
    return [&](const std::vector<std::int32_t>& partitions) {
      member.ends.clear();
      seen = (*lookup)->committed(partitions, 5000).value();
      for (const std::int32_t partition : partitions) {
        member.consumer->start(partition, seen[partition] ? seen[partition]->offset : 0);
      }
    };
  };
  Member first(settings);
  Member second(settings);
  first.on_assigned = go_on(first);
  second.on_assigned = go_on(second);
  ASSERT_TRUE(poll_until({&first, &second}, [&] {
    return first.mine.size() == 2 && second.mine.size() == 2 && first.ends.size() == 2 &&
           second.ends.size() == 2;
  }));
  const int revocations = first.revocations;
  const std::int32_t handed_over = first.mine[1];
  EXPECT_EQ(first.consumer->commit(handed_over, 50, "half", 5000).kind, Kind::kDone);

  // Who leaves politely is replaced at once.
  EXPECT_TRUE(first.consumer->close(5000));
  EXPECT_EQ(first.revocations, revocations + 1);
  EXPECT_THAT(first.mine, IsEmpty());
  const std::int64_t before_ms = monotonic_ms();
  first.consumer.reset();
  EXPECT_LT(monotonic_ms() - before_ms, 1000);
  second.offsets.clear();
  ASSERT_TRUE(second.poll_until([&] { return second.ends.size() == 4; }));
  EXPECT_EQ(second.revocations, second.assignments - 1);
  EXPECT_EQ(seen[handed_over], (KafkaCommitted{50, "half"}));
  for (std::int32_t partition = 0; partition < 4; ++partition) {
    EXPECT_EQ(second.offsets[partition], from_to(partition == handed_over ? 50 : 0, 100));
  }
}

TEST(KafkaConsumer, RefusesSettingsByName) {
  Member member({.brokers = "127.0.0.1:1", .topic = "t", .group = "g", .client = {}});
  const auto refusal = [&](const std::string& name, const std::string& value) {
    const KafkaSettings settings{
        .brokers = "127.0.0.1:1", .topic = "t", .group = "g", .client = {{name, value}}};
    auto joined = KafkaConsumer::join(settings, member);
    return joined ? "" : joined.error().message;
  };
  EXPECT_THAT(refusal("sasl.mechanismus", "PLAIN"), HasSubstr("'sasl.mechanismus'"));
  EXPECT_THAT(refusal("session.timeout.ms", "soon"), HasSubstr("'session.timeout.ms'"));
  EXPECT_THAT(refusal("enable.auto.commit", "true"), HasSubstr("'enable.auto.commit'"));
  EXPECT_THAT(refusal("partition.assignment.strategy", "cooperative-sticky"),
              HasSubstr("'partition.assignment.strategy'"));
  EXPECT_THAT(refusal("session.timeout.ms", "400000"), HasSubstr("topic 't'"));
}

}  // namespace
}  // namespace bikeflow
