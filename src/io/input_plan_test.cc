#include "io/input_plan.h"

#include <sys/stat.h>

#include <filesystem>

#include <gmock/gmock.h>

#include "test/child.h"
#include "test/compress.h"

namespace bikeflow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class InputPlan : public ::testing::Test {
 protected:
  Result<InputFile> recognise(const std::string& name) {
    return recognise_input(folder_ / name, settings_);
  }
  InputFile of(const std::string& name, const std::string& bytes) {
    write_file(folder_ / name, bytes);
    auto input = recognise(name);
    EXPECT_TRUE(input) << input.error().message;
    return input ? *std::move(input) : InputFile{};
  }
  static std::string line(Seconds time, const std::string& more = "") {
    return fmt::format("{{\"station_id\":\"ST-4\",\"observed_at\":{},\"bikes\":3{}}}\n", time,
                       more);
  }

  TempFolder folder_;
  ReaderSettings settings_{.names = {}, .zone = *Zone::load("Asia/Seoul"), .system = "seoul"};
};

TEST_F(InputPlan, TellsWhatAFileIsAndWhenItBegins) {
  const InputFile ndjson = of("a.ndjson", line(1'700'000'000) + line(1'600'000'000));
  EXPECT_EQ(ndjson.format, Format::kNdjson);
  EXPECT_EQ(ndjson.state.first_time, 1'700'000'000) << "the first, not the earliest";
  EXPECT_EQ(ndjson.first_system, "seoul");
  EXPECT_EQ(ndjson.state.size_bytes, std::filesystem::file_size(folder_ / "a.ndjson"));
  EXPECT_EQ(ndjson.state.name, folder_ / "a.ndjson");
  EXPECT_EQ(ndjson.estimated_records, 2);
  EXPECT_FALSE(ndjson.is_pipe);
  EXPECT_EQ(ndjson.state.records, 0);

  const InputFile csv =
      of("b.csv.gz", gzip("system,station_id,observed_at,bikes\noslo,7,2024-08-11 22:30:00,1\n"));
  EXPECT_EQ(csv.format, Format::kCsv);
  EXPECT_EQ(csv.first_system, "oslo");
  EXPECT_EQ(csv.state.first_time, 1'723'383'000) << "a local time is the zone's";
}

TEST_F(InputPlan, TheFirstObservationCounts) {
  std::string bad;
  while (bad.size() < 3'000'000) bad += "{\"station_id\":\"ST-4\"}\n";
  const InputFile late = of("late.ndjson", bad + line(1'700'000'000));
  EXPECT_EQ(late.state.first_time, 1'700'000'000);
  EXPECT_NEAR(static_cast<double>(late.estimated_records), 3'000'000.0 / 22, 2);
  const InputFile none = of("none.ndjson", bad);
  EXPECT_EQ(none.state.first_time, kLatestTime);
  EXPECT_EQ(none.first_system, std::nullopt);
  const InputFile empty = of("empty.csv", "");
  EXPECT_EQ(empty.state.first_time, kLatestTime);
  EXPECT_EQ(empty.format, Format::kUnknown);
  EXPECT_EQ(empty.estimated_records, 0);
}

TEST_F(InputPlan, EstimatesRecordsOfLargeAndPackedFiles) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += line(1'700'000'000 + i * 7919LL % 100'000);
  EXPECT_NEAR(static_cast<double>(of("a.ndjson", text).estimated_records), 100'000, 2'000);
  EXPECT_NEAR(static_cast<double>(of("a.ndjson.gz", gzip(text)).estimated_records), 100'000,
              20'000);
}

TEST_F(InputPlan, AFileIsKnownByNameSizeAndItsFirstMebibyte) {
  std::string text;
  while (text.size() < 2'000'000) text += line(1'700'000'000);
  const InputState state = of("a.ndjson", text).state;
  EXPECT_TRUE(is_same_file(state, of("a.ndjson", text).state));
  EXPECT_FALSE(is_same_file(state, of("b.ndjson", text).state));
  EXPECT_FALSE(is_same_file(state, of("a.ndjson", text + line(1'700'000'000)).state));
  std::string other = text;
  other[1'000'000] = 'x';
  EXPECT_FALSE(is_same_file(state, of("a.ndjson", other).state));
  other = text;
  other[1'500'000] = 'x';
  EXPECT_TRUE(is_same_file(state, of("a.ndjson", other).state)) << "as the contract has it";
}

TEST_F(InputPlan, FilesAreTakenByTheirFirstTime) {
  std::vector<InputFile> inputs = {of("z.ndjson", line(1'600'000'000)), of("e.ndjson", ""),
                                   of("b.ndjson", line(1'700'000'000)),
                                   of("a.ndjson", line(1'700'000'000)), of("none.ndjson", "{}\n")};
  ASSERT_TRUE(order_inputs(inputs));
  std::vector<std::string> names;
  for (const InputFile& input : inputs)
    names.push_back(std::filesystem::path(input.state.name).filename());
  EXPECT_THAT(names, ElementsAre("z.ndjson", "a.ndjson", "b.ndjson", "e.ndjson", "none.ndjson"));
  inputs.push_back(inputs.front());
  const auto twice = order_inputs(inputs);
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().message, folder_ / "z.ndjson: is named twice");
}

TEST_F(InputPlan, APipeIsNotLookedInto) {
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  // To open it would wait for a writer, for ever.
  const auto input = recognise("pipe");
  ASSERT_TRUE(input) << input.error().message;
  EXPECT_TRUE(input->is_pipe);
  EXPECT_EQ(input->state.first_time, kLatestTime);
}

TEST_F(InputPlan, WhatCannotBeReadIsNamed) {
  const auto message = [&](const std::string& name) {
    const auto input = recognise(name);
    return input ? "recognised" : input.error().message;
  };
  EXPECT_THAT(message("missing.csv"), HasSubstr("No such file"));
  EXPECT_THAT(message(""), HasSubstr("is a folder"));
  write_file(folder_ / "a.csv", "x,y\n1,2\n");
  EXPECT_THAT(message("a.csv"), StartsWith(folder_ / "a.csv: "));
  write_file(folder_ / "a.json", "[1]");
  EXPECT_THAT(message("a.json"), HasSubstr("is a JSON array"));
  write_file(folder_ / "a.ndjson.gz", gzip(line(1'700'000'000)).substr(0, 30));
  EXPECT_THAT(message("a.ndjson.gz"), HasSubstr("break off at byte 30"));
}

}  // namespace
}  // namespace bikeflow
