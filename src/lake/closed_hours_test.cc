#include "lake/closed_hours.h"

#include <gmock/gmock.h>

namespace bikeflow {
namespace {

using ::testing::HasSubstr;

const ClosedHours kHours{
    4, {{"busan", {1'723'383'000, 1'723'390'200, 0}}, {"s\"ou\\l", {-3600, 0, 3600}}}};

TEST(ClosedHours, AreReadBack) {
  const auto read = parse_closed_hours(to_json(kHours));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, kHours);
  EXPECT_EQ(*parse_closed_hours(to_json({})), ClosedHours{});
}

TEST(ClosedHours, AreWrittenAsTheHeaderSays) {
  EXPECT_EQ(to_json({4, {{"seoul", {1723383000, 1723390200, 1723386600}}}}),
            R"({"format":1,"partitions":4,"systems":{"seoul":{"first":1723383000,)"
            R"("closed_to":1723390200,"marked_to":1723386600}}})"
            "\n");
  EXPECT_EQ(closed_hours_path("a/b", 3), "_bikeflow/closed/a%2Fb/3.json");
}

TEST(ClosedHours, CutOffAnywhereAreRefused) {
  const std::string json = to_json(kHours);
  for (std::size_t size = 0; size < json.size() - 1; ++size) {  // but for the line's end
    EXPECT_FALSE(parse_closed_hours(json.substr(0, size))) << size;
  }
}

TEST(ClosedHours, OfAnotherFormAreRefused) {
  for (
      const char* text :
      {"x", "null", "[]", "{}", R"({"format":1})", R"({"format":1,"partitions":4})",
       R"({"format":"1","partitions":4,"systems":{}})",
       R"({"format":1,"partitions":"4","systems":{}})",
       R"({"format":1,"partitions":4,"systems":"seoul"})",
       R"({"format":1,"partitions":4,"systems":{"seoul":7}})",
       R"({"format":1,"partitions":4,"systems":{"seoul":{"first":1,"closed_to":2}}})",
       R"({"format":1,"partitions":4,"systems":{"s":{"first":1,"closed_to":null,"marked_to":3}}})"}) {
    const auto read = parse_closed_hours(text);
    ASSERT_FALSE(read) << text;
    EXPECT_THAT(read.error().message, HasSubstr("it was not written by bikeflow")) << text;
  }
}

TEST(ClosedHours, OfANewerFormatAreRefusedWhateverElseTheySay) {
  EXPECT_EQ(parse_closed_hours(R"({"format":2,"hours":[]})").error().message,
            "it was written by a newer version of bikeflow: update bikeflow");
}

TEST(ClosedHours, WhatIsAddedWithinAFormatIsPassedOver) {
  EXPECT_EQ(
      parse_closed_hours(R"({"format":1,"partitions":4,"systems":{},"note":"x"})")->partitions, 4);
}

}  // namespace
}  // namespace bikeflow
