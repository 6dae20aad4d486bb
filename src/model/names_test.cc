#include "model/names.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "model/batch.h"

namespace bikeflow {
namespace {

TEST(Names, AreNumberedInTheOrderOfFirstMention) {
  Names names;
  for (int round = 0; round < 2; ++round) {
    for (std::uint32_t i = 0; i < 5000; ++i) EXPECT_EQ(names.intern(fmt::format("ST-{}", i)), i);
  }
  EXPECT_EQ(names.size(), 5000u);
  EXPECT_EQ(names.at(4711), "ST-4711");
  EXPECT_EQ(names.find("ST-4999"), 4999u);
  EXPECT_EQ(names.find("ST-5000"), Names::kNone);
  EXPECT_EQ(Names().find(""), Names::kNone);
}

TEST(RawRecord, IsTheInputsBytesOrTheFieldsWhereThereAreNone) {
  Batch batch;
  batch.raw = std::make_shared<std::string>("first\n" + std::string(5000, 'x'));
  EXPECT_EQ(raw_record(batch, {.raw_begin = 0, .raw_size = 5}, "A"), "first");
  EXPECT_EQ(raw_record(batch, {.raw_begin = 6, .raw_size = 5000}, "A").size(),
            kDeadLetterRecordBytes);
  EXPECT_EQ(raw_record(batch, {.observed_at = 7, .counts = {3, Counts::kNoRacks}}, "A"),
            R"({"station_id":"A","observed_at":7,"bikes":3})");
}

TEST(ReasonWord, GoesBothWays) {
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    EXPECT_EQ(reason_from_word(reason_word(reason)), reason);
  }
  EXPECT_EQ(reason_word(Reason::kTimeJump), "time_jump");
  EXPECT_EQ(reason_word(Reason::kRoundFellToZero), "round_fell_to_zero");
  EXPECT_EQ(reason_word(Reason::kTooManyStations), "too_many_stations");
  EXPECT_EQ(reason_from_word("no such word"), std::nullopt);
}

}  // namespace
}  // namespace bikeflow
