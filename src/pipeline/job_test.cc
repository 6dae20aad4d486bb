#include "pipeline/job.h"

#include <zstd.h>

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/hash.h"
#include "pipeline/describe.h"

namespace bikeflow {
namespace {

constexpr Seconds kT = 1'700'000'000 / 3600 * 3600;
constexpr Seconds kNow = kT + 365 * kDay;

class JobTest : public ::testing::Test {
 protected:
  Job job_{{"backfill", "backfill", "0123", LakeRule{}}};
  std::int64_t offset_ = 0;

  Partition& add(const std::string& system, std::string_view zone = "Asia/Seoul") {
    return job_.add(system, *Zone::load(zone), TaskSettings{.is_recorded = true});
  }
  // Two stations, seen each five minutes for so long.
  void observe(Partition& partition, Seconds from, Seconds to) {
    for (Seconds t = from; t < to; t += 300) {
      Batch batch;
      if (partition.task().names().size() == 0) batch.new_stations = {"A", "B"};
      batch.first = {0, offset_};
      offset_ += 2;
      for (StationIndex i : {0u, 1u}) {
        batch.records.push_back(
            {kT + t, {static_cast<std::int16_t>((t / 300 + i) % 5), 10}, i, i, 0, 0});
      }
      partition.task().observe(batch, "test.ndjson", kNow);
    }
    for (FileRequest& file : partition.take_files()) {
      job_.add_due({file.path, *encode_hourly(file.rows, file.metadata)});
    }
  }
  std::vector<std::string> paths(const std::vector<Effect>& effects) {
    std::vector<std::string> paths;
    for (const Effect& effect : effects) {
      if (const auto* put = std::get_if<PutFiles>(&effect)) {
        for (const DueFile* file : put->files) paths.push_back(file->path);
      }
    }
    return paths;
  }
};

TEST_F(JobTest, TheCheckpointIsNamedBeforeAnythingIsPut) {
  observe(add("seoul"), 0, 2 * kHour);
  const auto effects = *job_.commit("1-a");
  ASSERT_EQ(effects.size(), 5u);
  EXPECT_TRUE(std::holds_alternative<WriteCheckpoint>(effects[0]));
  EXPECT_TRUE(std::holds_alternative<SetCurrent>(effects[1]));
  EXPECT_TRUE(std::holds_alternative<PutFiles>(effects[2]));
  EXPECT_TRUE(std::holds_alternative<RemoveOldCheckpoints>(effects[4]));
  const std::string folder = "hourly_summary/system=seoul/year=2023/month=11/day=15/hour=07/";
  EXPECT_EQ(paths(effects),
            (std::vector<std::string>{folder + "backfill-0-20231114T220000Z-1h.parquet",
                                      folder + "_SUCCESS"}));
}

TEST_F(JobTest, WhatIsDueStaysInTheCheckpointUntilItIsPublished) {
  observe(add("seoul"), 0, 2 * kHour);
  const auto first = *job_.commit("1-a");
  Job restored = *Job::restore(std::get<WriteCheckpoint>(first[0]).bytes);
  EXPECT_EQ(paths(restored.publish_due()), paths(first));
  ASSERT_EQ(restored.due().size(), 1u);
  EXPECT_EQ(restored.due(), job_.due());
  job_.published();
  const auto second = *job_.commit("2-b");
  EXPECT_TRUE(paths(second).empty());
  EXPECT_TRUE(Job::restore(std::get<WriteCheckpoint>(second[0]).bytes)->due().empty());
}

TEST_F(JobTest, FilesAreChained) {
  Partition& partition = add("seoul");
  observe(partition, 0, 3 * kHour);
  ASSERT_EQ(job_.due().size(), 2u);
  const auto value = [](const KeyValues& pairs, std::string_view key) {
    for (const auto& [name, text] : pairs) {
      if (name == key) return text;
    }
    return std::string("absent");
  };
  const auto first = *decode_hourly(job_.due()[0].bytes);
  const auto second = *decode_hourly(job_.due()[1].bytes);
  EXPECT_EQ(value(first.metadata, "previous_name"), "");
  EXPECT_EQ(value(second.metadata, "previous_name"), job_.due()[0].path);
  EXPECT_EQ(value(second.metadata, "previous_row_hash"), value(first.metadata, "row_hash"));
  EXPECT_EQ(value(second.metadata, "row_hash"), partition.last_row_hash());
  EXPECT_EQ(value(second.metadata, "closed_by"), "data");
  EXPECT_EQ(value(first.metadata, "first_offset"), "0/0");
}

TEST_F(JobTest, ARestoredJobGoesOnAsTheSame) {
  observe(add("seoul"), 0, kHour + 900);
  job_.add_dead_letters({{"test.ndjson", {0, 7}, kNow, {Reason::kNotJson, "", 0}, "x"}});
  job_.inputs() = {{"test.ndjson", 10, 11, kT, 12, 13, false}};
  const auto effects = *job_.commit("1-a");
  Job restored = *Job::restore(std::get<WriteCheckpoint>(effects[0]).bytes);
  EXPECT_EQ(restored.inputs(), job_.inputs());
  EXPECT_EQ(restored.dead_letters(Reason::kNotJson), 1);
  job_.published();
  restored.published();
  for (Job* job : {&job_, &restored}) {
    std::swap(job_, *job);
    const std::int64_t offset = offset_;
    observe(*job_.find("seoul"), kHour + 900, 4 * kHour);
    offset_ = offset;
    std::swap(job_, *job);
  }
  EXPECT_EQ(job_.due(), restored.due());
  ASSERT_FALSE(job_.due().empty());
}

TEST_F(JobTest, AnHourThatAClockChangeDoublesIsCompleteAfterTheSecond) {
  Partition& partition = add("chi", "America/Chicago");
  const Seconds first_one = parse_time("2023-11-05T06:00:00Z")->utc() - kT;
  observe(partition, first_one, first_one + kHour + 900);
  EXPECT_EQ(paths(*job_.commit("1-a")).size(), 1u);  // the file alone
  job_.published();
  observe(partition, first_one + kHour + 900, first_one + 2 * kHour + 900);
  const auto second = paths(*job_.commit("2-b"));
  ASSERT_EQ(second.size(), 2u);
  EXPECT_TRUE(second[1].ends_with("/day=05/hour=01/_SUCCESS"));
}

TEST_F(JobTest, DamageIsFoundAndNewerFormatsAreRefused) {
  observe(add("seoul"), 0, 2 * kHour);
  const std::string bytes = std::get<WriteCheckpoint>(job_.commit("1-a")->at(0)).bytes;
  for (std::size_t i = 0; i < bytes.size(); i += 97) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x20);
    EXPECT_FALSE(Job::restore(damaged).has_value()) << i;
    EXPECT_FALSE(Job::restore(std::string_view(bytes).substr(0, i)).has_value()) << i;
  }
  std::string newer = bytes;
  newer[8] = kCheckpointFormat + 1;
  EXPECT_EQ(
      Job::restore(newer).error().message,
      fmt::format("the checkpoint was written by a newer version of bikeflow (format {}, this "
                  "program knows {}): update bikeflow",
                  kCheckpointFormat + 1, kCheckpointFormat));
}

TEST_F(JobTest, LateRowsAndDeadLettersAreFilesToo) {
  Partition& partition = add("seoul");
  observe(partition, 0, kHour);
  Batch batch;
  batch.first = {0, offset_};
  batch.records = {{kT, {1, 10}, 0, 0, 0, 0}, {kNow + kHour, {1, 10}, 1, 1, 0, 0}};
  partition.task().observe(batch, "test.ndjson", kNow);
  const auto put = paths(*job_.commit("1-a"));
  ASSERT_EQ(put.size(), 2u);
  EXPECT_EQ(put[0], "late/system=seoul/year=2023/month=11/day=15/backfill-0-24.parquet");
  EXPECT_TRUE(put[1].starts_with("dead_letter/year=2024/")) << put[1];
  EXPECT_TRUE(put[1].ends_with("/backfill-0-25.parquet")) << put[1];
  const auto late = *decode_late(job_.due()[0].bytes);
  ASSERT_EQ(late.rows.size(), 1u);
  EXPECT_EQ(late.rows[0].watermark, kT + kHour - 300 - 600);
  EXPECT_EQ(decode_dead_letters(job_.due()[1].bytes)->rows.at(0).refusal.reason, Reason::kFuture);
}

TEST_F(JobTest, WhatIsAcknowledgedIsNoLongerDueAndNothingElse) {
  job_.add_due({"a", "12"});
  job_.add_due({"b", "345"});
  ASSERT_TRUE(job_.checkpoint("1-a"));
  job_.acknowledge("c");
  EXPECT_EQ(job_.due_bytes(), 5u);
  job_.acknowledge("a");
  job_.acknowledge("a");
  EXPECT_EQ(job_.due_bytes(), 3u);
  ASSERT_EQ(job_.due().size(), 1u);
  const Job restored = *Job::restore(*job_.checkpoint("2-b"));
  EXPECT_EQ(restored.due(), (std::vector<DueFile>{{"b", "345", 1}}));
  EXPECT_EQ(restored.due_bytes(), 3u);
  EXPECT_EQ(restored.files(), 2);
}

TEST_F(JobTest, ACheckpointSaysItsPredecessorAndSinceWhenAFileIsDue) {
  job_.add_due({"a", "1"});
  EXPECT_EQ(job_.due()[0].since, 0u) << "no checkpoint holds it yet";
  Job first = *Job::restore(*job_.checkpoint("1-a"));
  EXPECT_EQ(first.predecessor(), "");
  EXPECT_EQ(first.due()[0].since, 1u);
  first.add_due({"b", "2"});
  const Job second = *Job::restore(*first.checkpoint("2-b"));
  EXPECT_EQ(second.predecessor(), "1-a");
  EXPECT_EQ(second.checkpoint_name(), "2-b");
  EXPECT_EQ(second.sequence(), 2u);
  EXPECT_EQ(second.due(), (std::vector<DueFile>{{"a", "1", 1}, {"b", "2", 2}}));
}

TEST_F(JobTest, ThePositionInALogSurvives) {
  Job job(JobSettings{"feed", "feed", "1a4e", {Layout::kPlain, PathTime::kEnd}, 17});
  EXPECT_FALSE(Job::restore(*job.checkpoint("1-a"))->log());
  job.log() = LogPosition{"cluster", 0, std::nullopt, {}};
  EXPECT_EQ(Job::restore(*job.checkpoint("2-b"))->log(), job.log());
  job.log() = LogPosition{"cluster",
                          INT64_MAX,
                          LogPosition::Record{INT64_MAX - 1, -1, UINT64_MAX},
                          {{"busan", -kHour}, {"seoul", kT}}};
  const Job restored = *Job::restore(*job.checkpoint("3-c"));
  EXPECT_EQ(restored.log(), job.log());
  EXPECT_EQ(restored.settings().number, 17);
  EXPECT_EQ(restored.settings().lake, (LakeRule{Layout::kPlain, PathTime::kEnd}));
}

// Of the first format, as the program of that time has left them.
TEST_F(JobTest, CheckpointsOfTheFirstFormatAreStillRead) {
  Partition& partition = add("seoul");
  observe(partition, 0, 2 * kHour);
  const DueFile due = job_.due().at(0);
  Writer state;
  for (const char* text : {"0.1.0", "backfill", "backfill", "0123", "hive", "start"}) {
    state.string(text);
  }
  state.varint(7);
  state.string("7-a");
  state.varint(9);                                       // files
  for (std::size_t i = 0; i < 14; ++i) state.varint(i);  // so many reasons there were
  state.i64(kT);
  state.varint(1);  // inputs
  state.string("test.ndjson");
  state.zigzag(10);
  state.u64(11);
  state.i64(kT);
  state.zigzag(12);
  state.zigzag(13);
  state.u8(1);
  state.varint(1);  // due files
  state.string(due.path);
  state.varint(due.bytes.size());
  state.varint(1);  // markers
  state.string("_SUCCESS");
  state.varint(0);
  state.varint(1);  // partitions
  state.zigzag(0);
  state.string("seoul");
  state.string("Asia/Seoul");
  for (const Seconds value : {kHour, kHour, Seconds{0}, 10 * kMinute, 10 * kMinute}) {
    state.zigzag(value);
  }
  state.u8(1);
  partition.save(state);
  std::string packed(ZSTD_compressBound(state.bytes().size()), '\0');
  packed.resize(
      ZSTD_compress(packed.data(), packed.size(), state.bytes().data(), state.bytes().size(), 1));
  Writer out;
  out.raw("BIKEFLOW");
  out.u32(1);
  out.u64(state.bytes().size());
  out.u64(packed.size());
  out.raw(packed);
  out.raw(due.bytes);
  out.u64(hash64(out.bytes()));

  auto restored = Job::restore(out.bytes());
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(restored->sequence(), 7u);
  EXPECT_EQ(restored->checkpoint_name(), "7-a");
  EXPECT_EQ(restored->predecessor(), "");
  EXPECT_EQ(restored->settings().number, 0);
  EXPECT_FALSE(restored->log());
  EXPECT_EQ(restored->files(), 9);
  EXPECT_EQ(restored->dead_letters(Reason::kFuture), static_cast<int>(Reason::kFuture));
  EXPECT_EQ(restored->inputs(),
            (std::vector<InputState>{{"test.ndjson", 10, 11, kT, 12, 13, true}}));
  EXPECT_EQ(restored->due(), (std::vector<DueFile>{{due.path, due.bytes, 7}}));
  EXPECT_EQ(paths(restored->publish_due()), (std::vector<std::string>{due.path, "_SUCCESS"}));
  // And it goes on, in the format of now.
  restored->published();
  const Job next = *Job::restore(*restored->checkpoint("8-b"));
  EXPECT_EQ(next.predecessor(), "7-a");
  EXPECT_EQ(next.partitions().at(0)->task().counters(), partition.task().counters());
  EXPECT_EQ(next.partitions().at(0)->last_file(), due.path);
}

TEST(Describe, NamesTheSettings) {
  const std::string text = describe(TaskSettings{.delay = 120}, LakeRule{});
  EXPECT_TRUE(text.find("delay 2m") != std::string::npos);
  EXPECT_TRUE(text.find("hive layout") != std::string::npos);
}

// test/checkpoints/format-2: of a backfill of 90 minutes of three stations and one bad record, kept
// open, as the last program before format 3 wrote it.
TEST_F(JobTest, ACheckpointOfTheFormatBeforeIsStillRead) {
  std::ifstream file("test/checkpoints/format-2", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  ASSERT_FALSE(bytes.empty());
  const Result<Job> job = Job::restore(bytes);
  ASSERT_TRUE(job.has_value()) << job.error().message;
  EXPECT_EQ(job->sequence(), 1U);
  EXPECT_EQ(job->due().size(), 2U);
  EXPECT_EQ(job->dead_letters(Reason::kMissingStation), 1);
  ASSERT_EQ(job->partitions().size(), 1U);
  EXPECT_EQ(job->partitions()[0]->task().counters().accepted, 540);
  EXPECT_EQ(job->partitions()[0]->task().names().size(), 3U);
}

TEST_F(JobTest, WhatIsKeptWaitingIsInTheCheckpointAndPublishedWithALaterOne) {
  Partition& partition = add("seoul");
  observe(partition, 0, kHour);
  Batch batch;
  batch.first = {0, offset_};
  batch.records = {{kT, {1, 10}, 0, 0, 0, 0}, {kNow + kHour, {1, 10}, 1, 1, 0, 0}};
  partition.task().observe(batch, "test.ndjson", kNow);
  job_.add_dead_letters({{"test.ndjson", {0, 99}, kNow, {Reason::kNotJson, "why", 3}, "x"}});
  job_.feed() = {100, "memory"};
  const auto kept = *job_.commit("1-a", Waiting::kKeep);
  EXPECT_TRUE(paths(kept).empty());
  EXPECT_EQ(job_.waiting(), 3U);
  job_.published();
  Job restored = *Job::restore(std::get<WriteCheckpoint>(kept[0]).bytes);
  EXPECT_EQ(restored.feed(), job_.feed());
  EXPECT_EQ(restored.waiting(), 3U);
  EXPECT_EQ(restored.dead_letter_counts(), job_.dead_letter_counts());
  ASSERT_TRUE(job_.commit("2-a").has_value());
  ASSERT_TRUE(restored.commit("2-a").has_value());
  EXPECT_EQ(job_.due().size(), 2U);
  EXPECT_EQ(restored.due(), job_.due());
  EXPECT_EQ(job_.waiting(), 0U);
}

}  // namespace
}  // namespace bikeflow
