#include "app/simulate_command.h"

#include <algorithm>
#include <filesystem>

#include <gmock/gmock.h>

#include "io/byte_source.h"
#include "test/child.h"

namespace bikeflow {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr Seconds kNow = 1'723'383'000;  // 2024-08-11T22:30:00+09:00

class SimulateTest : public ::testing::Test {
 protected:
  SimulateTest() {
    options_.stations = 20;
    options_.span = 2 * kHour;
    options_.out = folder_ / "feed.ndjson";
    options_.truth = folder_ / "trips.csv";
  }

  // The status, then what was said on standard error.
  std::string run() {
    ::testing::internal::CaptureStderr();
    std::string status;
    {
      Output out(printed_);
      Log log(LogFormat::kText, false);
      Shell shell{out, log, {}, {}};
      const auto result = simulate(options_, kNow, shell);
      status = result ? fmt::format("{}", static_cast<int>(*result)) : result.error().message;
    }
    return status + "\n" + ::testing::internal::GetCapturedStderr();
  }

  TempFolder folder_;
  SimulateOptions options_;
  std::string printed_;
};

std::ptrdiff_t lines(const std::string& text) { return std::ranges::count(text, '\n'); }

TEST_F(SimulateTest, WritesTheFeedAndTheTruth) {
  const std::string said = run();
  EXPECT_THAT(said, StartsWith("0\n"));
  EXPECT_THAT(said, HasSubstr("records of 20 stations, 2024-08-10 22:00 to 2024-08-11 00:00 "
                              "(Asia/Seoul), in " +
                              options_.out));
  const std::string feed = read_file(options_.out);
  EXPECT_THAT(feed,
              StartsWith(R"({"system":"seoul","station_id":"ST-4","observed_at":1723294800,)"));
  EXPECT_THAT(feed, EndsWith("}\n"));
  EXPECT_NEAR(static_cast<double>(lines(feed)), 240 * 20, 300);
  const std::string truth = read_file(*options_.truth);
  EXPECT_THAT(truth,
              StartsWith("trip_id,started_at,start_station_id,ended_at,end_station_id,kind\n"));
  EXPECT_THAT(truth, HasSubstr(",rider\n"));
  EXPECT_GT(lines(truth), 20);
  EXPECT_TRUE(printed_.empty());
}

TEST_F(SimulateTest, TheSameSeedWritesTheSameBytes) {
  run();
  const std::string feed = read_file(options_.out);
  const std::string truth = read_file(*options_.truth);
  run();
  EXPECT_EQ(read_file(options_.out), feed);
  EXPECT_EQ(read_file(*options_.truth), truth);
  options_.seed = 2;
  run();
  EXPECT_NE(read_file(options_.out), feed);
}

TEST_F(SimulateTest, TakesAStartInTheCitysZone) {
  options_.city = "bayarea";
  options_.start = "2014-06-02T08:00";
  options_.form = "topic";
  options_.poll = 5 * kMinute;
  EXPECT_THAT(run(), HasSubstr("2014-06-02 08:00 -07:00 to 2014-06-02 10:00 -07:00"));
  EXPECT_THAT(read_file(options_.out), HasSubstr(R"("timestamp":"2014-06-02T08:00:00-07:00"})"));
}

TEST_F(SimulateTest, WithoutFaultsEveryPollHasEveryStationInOrder) {
  options_.no_faults = true;
  EXPECT_THAT(run(), HasSubstr("0 of 240 polls missing"));
  EXPECT_EQ(lines(read_file(options_.out)), 240 * 20);
}

// examples/README.md says that this command wrote it. Where the city is changed on purpose, write
// it anew.
TEST_F(SimulateTest, WritesTheRecordingInTheExamples) {
  options_ = {};
  options_.city = "bayarea";
  options_.poll = kMinute;
  options_.start = "2014-06-02";
  options_.out = "-";
  run();
  ByteSource example = ByteSource::open("examples/bayarea-2014-06-02.ndjson.zst").value();
  std::string recorded(printed_.size() + 1, '\0');
  recorded.resize(example.read(recorded).value());
  EXPECT_TRUE(recorded == printed_);
}

TEST_F(SimulateTest, PrintsToStandardOutput) {
  options_.out = "-";
  options_.truth.reset();
  run();
  EXPECT_THAT(printed_, StartsWith(R"({"system":"seoul")"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(SimulateTest, RefusesWhatCannotBe) {
  const auto refused = [&](auto change) {
    SimulateOptions kept = options_;
    change(options_);
    std::string said = run();
    options_ = std::move(kept);
    EXPECT_THAT(said, StartsWith("2\n"));
    return said;
  };
  EXPECT_THAT(refused([](SimulateOptions& o) { o.city = "bayarea", o.stations = 71; }),
              HasSubstr("--stations: bayarea has 70 stations; 71 were asked for"));
  EXPECT_THAT(refused([](SimulateOptions& o) { o.start = "yesterday"; }), HasSubstr("--start: "));
  EXPECT_THAT(refused([](SimulateOptions& o) { o.start = "1999-01-01"; }),
              HasSubstr("before the year 2000"));
  EXPECT_THAT(refused([](SimulateOptions& o) { o.span = INT64_MAX - kDay; }), HasSubstr("year"));
  EXPECT_THAT(refused([](SimulateOptions& o) { o.truth = o.out; }), HasSubstr("the same file"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(SimulateTest, AFailedFileLeavesNeither) {
  options_.truth = folder_ / "none/trips.csv";
  EXPECT_THAT(run(), HasSubstr("none/trips.csv.part: cannot create"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

}  // namespace
}  // namespace bikeflow
