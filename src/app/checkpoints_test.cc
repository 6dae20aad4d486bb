#include "app/checkpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/state_command.h"
#include "app/test_lake.h"
#include "app/verify_command.h"
#include "pipeline/checkpoint_name.h"
#include "pipeline/owner.h"

namespace bikeflow {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Seconds kNine = 1723334400;  // 2024-08-11 09:00 in Seoul
const std::string kFolder = "hourly_summary/system=seoul/year=2024/month=08/day=11/";

std::string hour_file(int hour, int partition) {
  return fmt::format("{}hour={:02}/bikes-{}-20240811T{:02}0000Z-1h.parquet", kFolder, hour,
                     partition, hour - 9);
}

// One who owns a partition of the topic, step by step.
class TestOwner {
 public:
  TestOwner(TestLake& lake, std::int32_t partition)
      : lake_(lake), job_({"bikes", "bikes", lake.lake_id(), LakeRule{}, partition}) {
    job_.log() = LogPosition{"cluster-1", 0, std::nullopt, {}};
    job_.add("seoul", *Zone::load("Asia/Seoul"), TaskSettings{});
  }
  // From a checkpoint, as the next owner would.
  TestOwner(TestLake& lake, std::string_view bytes)
      : lake_(lake), job_(Job::restore(bytes).value()) {}

  TestOwner& observe(Seconds at, std::int16_t bikes) {
    LogPosition& log = *job_.log();
    Batch batch;
    Task& task = job_.find("seoul")->task();
    if (task.names().size() == 0) batch.new_stations = {"ST-4"};
    batch.first = {job_.settings().number, log.next_offset};
    batch.records = {{at, {bikes, 10}, 0, 0, 0, 0}};
    task.observe(batch, "bikes", at);
    log.last = {log.next_offset, at * 1000, 7};
    ++log.next_offset;
    for (FileRequest& file : job_.find("seoul")->take_files()) {
      job_.add_due({file.path, *encode_hourly(file.rows, file.metadata)});
    }
    return *this;
  }
  // Its path in the lake.
  std::string checkpoint(std::uint64_t random) {
    const std::string name = checkpoint_name(job_.sequence() + 1, random);
    const std::string path =
        fmt::format("{}/{}", state_folder_of("bikes", job_.settings().number), name);
    lake_.put(path, job_.checkpoint(name).value());
    return path;
  }
  void publish() {
    for (const DueFile& file : std::vector<DueFile>(job_.due())) {
      lake_.put(file.path, file.bytes);
      job_.acknowledge(file.path);
    }
  }

 private:
  TestLake& lake_;
  Job job_;
};

class TopicStateTest : public ::testing::Test {
 protected:
  std::string verified() {
    VerifyOptions options;
    options.lake = lake_.folder();
    return said_on(lake_.folder(), [&](Shell& shell) { return verify(options, shell); }).all();
  }
  std::string shown(const std::string& format = "text") {
    return said_on(lake_.folder(),
                   [&](Shell& shell) { return state_show({lake_.folder(), format}, shell); })
        .all();
  }

  TestLake lake_;
};

TEST_F(TopicStateTest, ShowsTheNewestCheckpointOfEachPartition) {
  TestOwner first(lake_, 0), second(lake_, 11);
  first.observe(kNine, 5).checkpoint(1);
  first.observe(kNine + 90 * kMinute, 3).checkpoint(2);
  second.checkpoint(3);
  EXPECT_THAT(
      shown(),
      AllOf(HasSubstr("LAKE/_bikeflow/state/bikes/0: checkpoint 2-0000000000000002, "),
            HasSubstr("  topic bikes, partition 0, cluster cluster-1: next offset 2, last record 1 "
                      "of 2024-08-11 10:30\n"
                      "  the newest checkpoint here; the group's commit may still name "
                      "1-0000000000000001\n"
                      "  source bikes, layout hive by start, 0 files written, 1 due\n"
                      "  due " +
                      hour_file(9, 0) + "\n  system seoul (Asia/Seoul)"),
            HasSubstr("latest observation 2024-08-11 10:30, watermark 2024-08-11 10:20, next "
                      "window to close 2024-08-11 10:00\n    1 stations; "),
            HasSubstr("LAKE/_bikeflow/state/bikes/11: checkpoint 1-0000000000000003, "),
            HasSubstr("partition 11, cluster cluster-1: next offset 0\n  the newest checkpoint "
                      "here; the group's commit may still name none\n"),
            Not(HasSubstr("checkpoint 1-0000000000000001"))));
  EXPECT_THAT(shown("json"),
              HasSubstr("\"predecessor\":\"1-0000000000000001\",\"log\":{\"topic\":\"bikes\","
                        "\"partition\":0,\"cluster\":\"cluster-1\",\"next_offset\":2,"
                        "\"last_record\":{\"offset\":1,\"time\":\"2024-08-11T01:30:00Z\"}}}"));
}

TEST_F(TopicStateTest, NamesADamagedCheckpointAndTakesTheOneBefore) {
  TestOwner owner(lake_, 0);
  owner.observe(kNine, 5).checkpoint(1);
  const std::string damaged = owner.observe(kNine + 60, 4).checkpoint(2);
  lake_.put(damaged, lake_.get(damaged).substr(0, 100));
  EXPECT_THAT(shown(),
              AllOf(HasSubstr("LAKE/_bikeflow/state/bikes/0: checkpoint 1-0000000000000001, "),
                    HasSubstr("error: LAKE/" + damaged + ": the checkpoint is damaged"),
                    ::testing::EndsWith("\n1")));
  EXPECT_THAT(verified(), AllOf(HasSubstr("could not verify: LAKE/" + damaged + ": "),
                                ::testing::EndsWith("\n3")));
}

TEST_F(TopicStateTest, VerifyKnowsWhatIsDueInEachPartition) {
  for (const std::int32_t partition : {0, 1}) {
    TestOwner owner(lake_, partition);
    owner.observe(kNine, 5).observe(kNine + 90 * kMinute, 3).checkpoint(1);
    owner.publish();
    // It has left one out that is stored, and holds one that is due.
    owner.observe(kNine + 150 * kMinute, 4).checkpoint(2);
  }
  EXPECT_THAT(verified(),
              AllOf(HasSubstr("due: " + hour_file(10, 0) + "\n"),
                    HasSubstr("due: " + hour_file(10, 1) + "\n"), HasSubstr("no violations\n0")));
  lake_.remove(hour_file(9, 1));
  EXPECT_THAT(verified(),
              AllOf(HasSubstr("LAKE/" + hour_file(9, 1) +
                              ": is missing; it is named by the checkpoint 1-0000000000000001\n"),
                    HasSubstr(": 1 violation\n")));
}

// Two owners continued from one checkpoint; the broker took the commit of one of them.
TEST_F(TopicStateTest, VerifyTakesTheEndOfAnyCheckpointThatMayCount) {
  TestOwner before(lake_, 0);
  const std::string base = before.observe(kNine, 5).checkpoint(1);
  TestOwner refused(lake_, lake_.get(base));
  refused.observe(kNine + 20 * kMinute, 2).observe(kNine + 90 * kMinute, 3).checkpoint(2);
  TestOwner committed(lake_, lake_.get(base));
  committed.observe(kNine + 30 * kMinute, 4).observe(kNine + 90 * kMinute, 3).checkpoint(3);
  committed.publish();
  EXPECT_THAT(verified(), HasSubstr("no violations\n0"));
  lake_.rewrite(hour_file(9, 0), [](auto& file) {
    file.rows[0].observed_seconds -= 1;
    TestLake::forge(file);
  });
  EXPECT_THAT(verified(), AllOf(HasSubstr("LAKE/" + hour_file(9, 0) +
                                          ": was rewritten: its rows have the hash "),
                                HasSubstr(": 1 violation\n")));
}

// The newest was not committed: the file that the one before speaks of is the last.
TEST_F(TopicStateTest, VerifyComparesWithTheCheckpointBefore) {
  TestOwner owner(lake_, 0);
  owner.observe(kNine, 5).observe(kNine + 90 * kMinute, 3).checkpoint(1);
  owner.publish();
  owner.observe(kNine + 150 * kMinute, 4).checkpoint(2);
  lake_.rewrite(hour_file(9, 0), [](auto& file) {
    file.rows[0].observed_seconds -= 1;
    TestLake::forge(file);
  });
  EXPECT_THAT(verified(), AllOf(HasSubstr("LAKE/" + hour_file(9, 0) +
                                          ": was rewritten: its rows have the hash "),
                                HasSubstr(", and the checkpoint 1-0000000000000001 says ")));
}

}  // namespace
}  // namespace bikeflow
