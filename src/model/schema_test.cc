#include "model/schema.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bikeflow {
namespace {

template <class Row>
std::vector<std::string> describe() {
  std::vector<std::string> lines;
  for_each_column<Row>([&](const auto& column) {
    constexpr const char* kTypes[] = {"time", "int32", "int64", "string", "binary"};
    using ThisColumn = std::remove_cvref_t<decltype(column)>;
    lines.push_back(std::string(column.name) + " " + kTypes[static_cast<int>(ThisColumn::kType)] +
                    (ThisColumn::kNullable ? " nullable" : ""));
  });
  return lines;
}

// Readers of lakes hold on to these: a column is never renamed, moved or given another type.
TEST(Schema, ColumnsAreThese) {
  using testing::ElementsAre;
  EXPECT_THAT(describe<HourlyRow>(),
              ElementsAre("start time", "end time", "stationId string", "total_rental int64",
                          "total_return int64", "unobserved_change int64", "bikes_open int32",
                          "bikes_close int32", "bikes_min int32", "bikes_max int32",
                          "observed_seconds int32", "empty_seconds int32", "full_seconds int32",
                          "largest_rental int32", "largest_return int32"));
  EXPECT_THAT(
      describe<LateRow>(),
      ElementsAre("station_id string", "observed_at time", "bikes int32", "racks int32 nullable",
                  "watermark time", "source string", "partition int32", "offset int64"));
  EXPECT_THAT(
      describe<DeadLetter>(),
      ElementsAre("source string", "partition int32", "offset int64", "received_at time",
                  "reason string", "detail string", "byte int64 nullable", "record binary"));
  EXPECT_EQ(Schema<HourlyRow>::kName, "hourly_summary");
  EXPECT_EQ(Schema<LateRow>::kName, "late");
  EXPECT_EQ(Schema<DeadLetter>::kName, "dead_letter");
}

template <class Row>
Row copy_by_cells(const Row& row) {
  Row copy;
  for_each_column<Row>([&](const auto& column) { EXPECT_TRUE(column.set(copy, column.get(row))); });
  return copy;
}

TEST(Schema, EveryFieldIsInAColumn) {
  const HourlyRow hourly{{3600, 7200}, "ST-4", 1, 2, -3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  EXPECT_EQ(copy_by_cells(hourly), hourly);
  LateRow late{"ST-4", 3600, {7, 15}, 7200, "bikes", {3, 99}};
  EXPECT_EQ(copy_by_cells(late), late);
  late.counts.racks = Counts::kNoRacks;
  EXPECT_EQ(copy_by_cells(late), late);
  DeadLetter letter{
      "bikes", {3, 99}, 3600, {Reason::kBadBikes, "bikes is -1", 17}, std::string(1, '\0')};
  EXPECT_EQ(copy_by_cells(letter), letter);
  letter.refusal.byte.reset();
  EXPECT_EQ(copy_by_cells(letter), letter);
}

TEST(Schema, CellsThatCannotBe) {
  LateRow late;
  DeadLetter letter;
  EXPECT_FALSE(std::get<2>(Schema<LateRow>::kColumns).set(late, 40'000));
  EXPECT_FALSE(std::get<3>(Schema<LateRow>::kColumns).set(late, -2));
  EXPECT_FALSE(std::get<3>(Schema<LateRow>::kColumns).set(late, 10'001));
  EXPECT_FALSE(std::get<4>(Schema<DeadLetter>::kColumns).set(letter, "no_reason"));
  EXPECT_EQ(late, LateRow{});
  EXPECT_EQ(letter, DeadLetter{});
}

}  // namespace
}  // namespace bikeflow
