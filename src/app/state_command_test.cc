#include "app/state_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "app/check_command.h"
#include "app/test_lake.h"
#include "app/verify_command.h"
#include "io/lake_session.h"
#include "io/random.h"
#include "pipeline/checkpoint_name.h"
#include "test/child.h"

namespace bikeflow {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Seconds kNine = 1723334400;  // 2024-08-11 09:00 in Seoul

// A job of one station whose first hour is due.
Job a_job(const std::string& name, const std::string& lake_id) {
  Job job({name, name, lake_id, LakeRule{}});
  Partition& partition =
      job.add(name == "backfill" ? "seoul" : name, *Zone::load("Asia/Seoul"), TaskSettings{});
  Batch batch;
  batch.new_stations = {"ST-4"};
  batch.records = {{kNine, {5, 10}, 0, 0, 0, 0},
                   {kNine + 60, {3, 10}, 0, 1, 0, 0},
                   {kNine + 2 * kHour, {3, 10}, 0, 2, 0, 0},
                   {kNine, {3, 10}, 0, 3, 0, 0}};  // late
  partition.task().observe(batch, name, kNine + kDay);
  for (FileRequest& file : partition.take_files())
    job.add_due({file.path, *encode_hourly(file.rows, file.metadata)});
  job.add_dead_letters({{name, {0, 9}, kNine, {Reason::kNotJson, "", {}}, "{"}});
  job.inputs().push_back({"august.csv", 100, 0, kNine, 4, 100, true});
  return job;
}

// A backfill of it.
void write_backfill(const std::string& lake, const std::string& name = "backfill") {
  auto session = LakeSession::open(
      lake, name, {name == "backfill" ? LakeWriter::Kind::kBackfill : LakeWriter::Kind::kRun, name},
      system_random);
  ASSERT_TRUE(session) << session.error().message;
  Job job = a_job(name, session->lake_id());
  ASSERT_TRUE(session->commit(job));
  ASSERT_TRUE(session->commit(job));  // what was due is published, and the state says so
}

std::string verified(const std::string& lake) {
  VerifyOptions options;
  options.lake = lake;
  return said_on(lake, [&](Shell& shell) { return verify(options, shell); }).all();
}

std::string shown(const std::string& lake, const std::string& format = "text") {
  return said_on(lake, [&](Shell& shell) { return state_show({lake, format}, shell); }).all();
}

std::string discarded(const std::string& lake, bool yes) {
  return said_on(lake,
                 [&](Shell& shell) {
                   return state_discard(
                       {.lake = lake, .job = "backfill", .partition = {}, .yes = yes}, shell);
                 })
      .all();
}

TEST(State, ShowsWhatACheckpointHolds) {
  const TempFolder lake;
  write_backfill(lake.path());
  EXPECT_THAT(
      shown(lake.path()),
      AllOf(
          HasSubstr("LAKE/_bikeflow/state/backfill: checkpoint 2-"),
          HasSubstr("  source backfill, layout hive by start, 3 files written, 0 due\n"
                    "  input august.csv: 4 records, done\n"
                    "  system seoul (Asia/Seoul): windows 1h every 1h, delay 10m, max_gap 10m\n"
                    "    latest observation 2024-08-11 11:00, watermark 2024-08-11 10:50, next "
                    "window to close 2024-08-11 10:00\n"),
          HasSubstr("late 1, refused 0, windows 1, rows 1, rentals 2, returns 0\n"
                    "    newest file hourly_summary/system=seoul/year=2024/month=08/day=11/hour=09/"
                    "backfill-0-20240811T000000Z-1h.parquet\n"
                    "  dead letters: not_json 1\n")));
  EXPECT_THAT(shown(lake.path(), "json"),
              AllOf(HasSubstr("\"dead_letters\":{\"not_json\":1}}\n]\n0"),
                    HasSubstr("\"watermark\":\"2024-08-11T01:50:00Z\""),
                    HasSubstr("{\"name\":\"august.csv\",\"bytes\":100,\"records\":4,"
                              "\"is_done\":true}")));
}

TEST(State, DiscardListsAndThenDeletesWhatABackfillWrote) {
  const TempFolder lake;
  write_backfill(lake.path());
  write_backfill(lake.path(), "other");
  EXPECT_THAT(verified(lake.path()), HasSubstr(", 2 late rows, 2 dead letters: no violations\n0"));

  EXPECT_THAT(
      discarded(lake.path(), false),
      AllOf(HasSubstr("LAKE/_bikeflow/state/backfill/CURRENT\n"),
            HasSubstr("LAKE/late/system=seoul/year=2024/month=08/day=11/backfill-0-3.parquet"),
            HasSubstr("LAKE/dead_letter/year=2024/month=08/day=11/backfill-0-9.parquet"),
            HasSubstr("/hour=09/_SUCCESS\n"),
            HasSubstr("the state of 'backfill' and 3 files; nothing was deleted"),
            Not(HasSubstr("other"))));
  EXPECT_THAT(verified(lake.path()), HasSubstr(", 2 late rows, 2 dead letters: no violations\n0"));

  EXPECT_EQ(discarded(lake.path(), true), "LAKE: deleted the state of 'backfill' and 3 files\n0");
  EXPECT_THAT(verified(lake.path()), HasSubstr(", 1 late row, 1 dead letter: no violations\n0"));
  EXPECT_THAT(shown(lake.path()), Not(HasSubstr("backfill:")));
  EXPECT_FALSE(std::filesystem::exists(lake / "hourly_summary/system=seoul"));
  EXPECT_TRUE(std::filesystem::exists(lake / "hourly_summary/system=other"));
  EXPECT_THAT(discarded(lake.path(), true),
              HasSubstr("there is no state and no file of 'backfill'"));

  write_backfill(lake.path());  // can be done anew
  EXPECT_THAT(verified(lake.path()), HasSubstr("no violations\n0"));
}

TEST(State, DiscardLeavesARunningJobAlone) {
  const TempFolder lake;
  write_backfill(lake.path());
  const auto session = LakeSession::open(lake.path(), "backfill",
                                         {LakeWriter::Kind::kBackfill, "backfill"}, system_random);
  ASSERT_TRUE(session);
  EXPECT_THAT(discarded(lake.path(), true), HasSubstr("error: "));
  EXPECT_THAT(verified(lake.path()), HasSubstr("no violations\n0"));
}

TEST(VerifyWithAState, KnowsTheEndOfTheChain) {
  const TempFolder lake;
  write_backfill(lake.path());
  const std::string last =
      "hourly_summary/system=seoul/year=2024/month=08/day=11/hour=09/"
      "backfill-0-20240811T000000Z-1h.parquet";
  const std::string before = verified(lake.path());
  EXPECT_THAT(before, HasSubstr("no violations\n0"));
  std::filesystem::rename(lake / last, lake / "kept");
  EXPECT_THAT(
      verified(lake.path()),
      AllOf(HasSubstr("LAKE/" + last + ": is missing; it is named by the checkpoint 2-"),
            HasSubstr("/hour=09/_SUCCESS: says that the hour is complete, and it has no "
                      "file\n"),
            HasSubstr("2 violations\nbikeflow: info: what to do: "), ::testing::EndsWith("\n1")));
}

TEST(VerifyWithAState, FindsThatTheLastFileWasRewritten) {
  const TempFolder lake;
  write_backfill(lake.path());
  auto store = LocalStore::open(lake.path(), "test").value();
  const std::string last =
      "hourly_summary/system=seoul/year=2024/month=08/day=11/hour=09/"
      "backfill-0-20240811T000000Z-1h.parquet";
  RowFile<HourlyRow> file = decode_hourly(store.get(last)->value()).value();
  file.rows[0].observed_seconds -= 1;
  TestLake::forge(file);
  ASSERT_TRUE(store.put(last, encode_hourly(file.rows, file.metadata).value()));
  ASSERT_TRUE(store.sync());
  EXPECT_THAT(
      verified(lake.path()),
      AllOf(HasSubstr("LAKE/" + last + ": was rewritten: its rows have the hash "),
            HasSubstr(", and the checkpoint 2-"),
            HasSubstr("1 violation\nbikeflow: info: what to do: "), ::testing::EndsWith("\n1")));
}

TEST(VerifyWithAState, KnowsWhatIsStillDue) {
  const TempFolder lake;
  auto session = LakeSession::open(lake.path(), "backfill",
                                   {LakeWriter::Kind::kBackfill, "backfill"}, system_random);
  ASSERT_TRUE(session);
  Job job = a_job("backfill", session->lake_id());
  // As if the process had died after the commit and before it published.
  const auto effects = job.commit(checkpoint_name(1, 7)).value();
  auto state = StateDir::open(lake / "_bikeflow/state/killed").value();
  ASSERT_TRUE(state.write(checkpoint_name(1, 7), std::get<WriteCheckpoint>(effects[0]).bytes));
  ASSERT_TRUE(state.commit(checkpoint_name(1, 7)));
  EXPECT_THAT(verified(lake.path()),
              AllOf(HasSubstr("due: hourly_summary/system=seoul/year=2024/month=08/day=11/hour=09/"
                              "backfill-0-20240811T000000Z-1h.parquet\n"),
                    HasSubstr("no violations\n0")));
}

TEST(Check, LooksAtTheLakeAndItsState) {
  const TempFolder folder;
  const std::string lake = folder / "lake", file = folder / "bikeflow.toml";
  const auto checked = [&] {
    return said_on(folder.path(), [&](Shell& shell) { return check(file, shell); }).all();
  };
  const auto configure = [&](const std::string& more) {
    std::FILE* config = std::fopen(file.c_str(), "w");
    fmt::print(config,
               "[system]\nid = \"seoul\"\ntimezone = \"Asia/Kolkata\"\n[lake]\nurl = \"{}\"\n{}",
               lake, more);
    std::fclose(config);
  };
  configure("");
  EXPECT_THAT(
      checked(),
      AllOf(HasSubstr("ok          configuration LAKE/bikeflow.toml\n"
                      "ok          time zone     Asia/Kolkata of seoul: found in tzdata; no "
                      "clock changes; hours begin 30m after those of UTC\n"
                      "ok          lake          LAKE/lake: does not exist; the first run "
                      "creates it\n"),
            HasSubstr("ok          free space    LAKE: "), HasSubstr("\n0")));
  std::filesystem::create_directory(lake);
  EXPECT_THAT(checked(), HasSubstr("LAKE/lake: writable, empty; the first run makes it a lake\n0"));
  write_backfill(lake);
  EXPECT_THAT(checked(),
              AllOf(HasSubstr("LAKE/lake: writable, lake "),
                    HasSubstr("ok          state         LAKE/lake/_bikeflow/state/backfill: "
                              "checkpoint 2-"),
                    HasSubstr("ok          lock          LAKE/lake/_bikeflow/state/backfill: "
                              "free\n0")));
  {
    const auto session = LakeSession::open(
        lake, "backfill", {LakeWriter::Kind::kBackfill, "backfill"}, system_random);
    ASSERT_TRUE(session);
    EXPECT_THAT(checked(), AllOf(HasSubstr("FAILED      lock          "), HasSubstr("\n1")));
  }
  configure("[dashboard]\nlisten = \"127.0.0.1:0\"\n[redis]\nurl = \"redis://u:pw@127.0.0.1:9\"\n");
  EXPECT_THAT(checked(),
              AllOf(HasSubstr("ok          dashboard     127.0.0.1:0: free to listen on\n"
                              "FAILED      redis         redis at 127.0.0.1:9: "
                              "Connection refused\n1"),
                    Not(HasSubstr("pw"))));
  configure("[dashboard]\nlisten = \"0.0.0.0:0\"\nrequests_per_second = 0\ntoken = \"t\"\n");
  EXPECT_THAT(checked(), HasSubstr("ok          dashboard     0.0.0.0:0: free to listen on; "
                                   "requests_per_second = 0: a proxy before it has to limit "
                                   "requests\n0"));
  std::filesystem::resize_file(lake + "/_bikeflow/lake.json", 0);
  EXPECT_THAT(checked(), AllOf(HasSubstr("FAILED      lake          "), HasSubstr("\n1")));
  std::filesystem::remove_all(lake);
  std::filesystem::copy_file(file, lake);
  EXPECT_THAT(checked(), HasSubstr("FAILED      lake          LAKE/lake: is no directory; name "
                                   "another one in [lake] url\n"));
  configure("[windwo]\n");
  EXPECT_THAT(checked(),
              AllOf(HasSubstr("LAKE/bikeflow.toml:6:2: error: unknown table [windwo]; did "
                              "you mean [window]?\n    6 | [windwo]\n      |  ^~~~~~\n"),
                    HasSubstr("error: LAKE/bikeflow.toml: 1 error")));
}

}  // namespace
}  // namespace bikeflow
