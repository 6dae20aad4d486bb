#include "io/lake_session.h"

#include <unistd.h>
#include <csignal>
#include <filesystem>

#include <gmock/gmock.h>

#include "test/child.h"

namespace bikeflow {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr Seconds kT = 1'700'000'000 / 3600 * 3600;
const LakeWriter kWriter{LakeWriter::Kind::kBackfill, "backfill"};

Result<LakeSession> open(const std::string& lake) {
  return LakeSession::open(lake, "backfill", kWriter, system_random);
}

// A job of one system that has written its first hour, or what its source names.
Job a_job(const std::string& lake_id, const std::string& source = "backfill") {
  Job job({"backfill", source, lake_id, LakeRule{}});
  Partition& partition = job.add("seoul", *Zone::load("Asia/Seoul"), TaskSettings{});
  Batch batch;
  batch.new_stations = {"A"};
  batch.records = {{kT, {1, 10}, 0, 0, 0, 0}, {kT + 2 * kHour, {1, 10}, 0, 1, 0, 0}};
  partition.task().observe(batch, "x", kT + kDay);
  for (FileRequest& file : partition.take_files()) {
    job.add_due({file.path, *encode_hourly(file.rows, file.metadata)});
  }
  return job;
}

const std::string kHour22 =
    "hourly_summary/system=seoul/year=2023/month=11/day=15/hour=07/"
    "backfill-0-20231114T220000Z-1h.parquet";

TEST(LakeSession, GoesOnWhereTheLastCommitWas) {
  const TempFolder lake;
  {
    auto session = open(lake.path());
    ASSERT_TRUE(session) << session.error().message;
    EXPECT_FALSE(session->restore()->has_value());
    Job job = a_job(session->lake_id());
    ASSERT_TRUE(session->commit(job));
    ASSERT_TRUE(session->store().get(kHour22)->has_value());
  }
  auto again = open(lake.path());
  ASSERT_TRUE(again);
  auto job = again->restore();
  ASSERT_TRUE(job && *job);
  EXPECT_EQ((*job)->sequence(), 1u);
  EXPECT_EQ((*job)->find("seoul")->last_file(), kHour22);
}

TEST(LakeSession, GoesOnWithoutSyncsAsWithThem) {
  const TempFolder lake;
  const std::string how = in_child([&]() -> std::string {
    auto session = LakeSession::open(lake.path(), "backfill", kWriter, system_random, Syncs::kOff);
    Job job = a_job(session->lake_id());
    if (!session->commit(job)) return "not committed";
    kill(getpid(), SIGKILL);
    return "alive";
  });
  ASSERT_THAT(how, HasSubstr("killed"));
  auto again = open(lake.path());
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->store().get(kHour22)->has_value());
  auto job = again->restore();
  ASSERT_TRUE(job && *job);
  EXPECT_EQ((*job)->sequence(), 1u);
}

TEST(LakeSession, PublishesWhatACrashLeftDue) {
  const TempFolder lake;
  const std::string how = in_child([&]() -> std::string {
    auto session = open(lake.path());
    Job job = a_job(session->lake_id());
    // The lake's part of the commit fails: a folder has the file's name.
    if (!session->store().put(kHour22 + "/x", "in the way") || !session->store().sync())
      return "put";
    if (session->commit(job)) return "committed";
    kill(getpid(), SIGKILL);
    return "alive";
  });
  ASSERT_THAT(how, HasSubstr("killed"));
  auto again = open(lake.path());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_FALSE(again->restore().has_value()) << "still in the way";
  again = fail("closed");
  again = open(lake.path());
  ASSERT_TRUE(std::filesystem::remove_all(lake / kHour22));
  auto job = again->restore();
  ASSERT_TRUE(job && *job) << job.error().message;
  EXPECT_TRUE((*job)->due().empty());
  EXPECT_TRUE(again->store().get(kHour22)->has_value());
}

TEST(LakeSession, ASecondProcessIsRefused) {
  const TempFolder lake;
  auto session = open(lake.path());
  ASSERT_TRUE(session);
  const auto second = open(lake.path());
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr(std::to_string(getpid())));
}

TEST(LakeSession, TheHoursOfAnotherSourceAreItsOwn) {
  const TempFolder lake;
  auto session = open(lake.path());
  Job other = a_job(session->lake_id(), "city-feed");
  ASSERT_TRUE(session->commit(other));
  Job job = a_job(session->lake_id());
  const auto refused = session->commit(job);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("hour=07"), HasSubstr("city-feed")));
}

// It cannot come back for them, and must not die of them at each start.
TEST(LakeSession, ALiveFeedWritesBesideABackfill) {
  const TempFolder lake;
  {
    auto session = open(lake.path());
    Job job = a_job(session->lake_id());
    ASSERT_TRUE(session->commit(job));
  }
  auto session =
      LakeSession::open(lake.path(), "city", {LakeWriter::Kind::kRun, "live feeds"}, system_random);
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_EQ(*session->find_file_of("city-feed"), std::nullopt);
  Job job = a_job(session->lake_id(), "city-feed");
  EXPECT_THAT(*session->files_of_others(job), ::testing::ElementsAre(kHour22));
  const auto done = session->commit(job);
  ASSERT_TRUE(done) << done.error().message;
  const auto found = session->find_file_of("city-feed");
  ASSERT_TRUE(found && *found);
  EXPECT_THAT(**found, HasSubstr("city-feed-0-"));
}

TEST(LakeSession, TheStateOfAnotherLakeIsRefused) {
  const TempFolder lake;
  {
    auto session = open(lake.path());
    Job job = a_job("0123456789abcdef");
    ASSERT_TRUE(session->commit(job));
  }
  auto again = open(lake.path());
  const auto restored = again->restore();
  ASSERT_FALSE(restored);
  EXPECT_THAT(restored.error().message, HasSubstr("another lake"));
}

}  // namespace
}  // namespace bikeflow
