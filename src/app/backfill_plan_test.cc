#include "app/backfill_plan.h"

#include <gmock/gmock.h>

namespace bikeflow {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Seconds kT = 1'700'000'000 / kHour * kHour;

InputFile file(const std::string& name, Seconds first_time) {
  InputFile input;
  input.state = {name, 100,  static_cast<std::uint64_t>(name.size() + name.back()), first_time, 0,
                 0,    false};
  return input;
}

class BackfillPlanTest : public ::testing::Test {
 protected:
  Job job_{{"backfill", "backfill", "0123", LakeRule{}}};

  Result<BackfillPlan> plan(const std::vector<InputFile>& found, bool as_one = false) {
    return plan_backfill(found, "seoul", as_one, job_);
  }
  std::string why_not(const std::vector<InputFile>& found, bool as_one = false) {
    const auto planned = plan(found, as_one);
    return planned ? "planned" : planned.error().message;
  }
  // The system has rows up to `watermark`.
  void write_until(Seconds watermark) {
    Partition& partition =
        job_.add("seoul", *Zone::load("Asia/Seoul"), TaskSettings{.is_recorded = true});
    Batch batch;
    batch.new_stations = {"A"};
    batch.records = {{watermark - 60, {1, 2}, 0, 0, 0, 0}, {watermark + 600, {1, 2}, 0, 1, 0, 0}};
    partition.task().observe(batch, "x", kT + 100 * kDay);
  }
};

TEST_F(BackfillPlanTest, NewFilesAreReadInOrderAndNumbered) {
  const auto planned = plan({file("a", kT), file("b", kT + 10)});
  ASSERT_TRUE(planned);
  EXPECT_THAT(planned->to_read, ElementsAre(0, 1));
  EXPECT_THAT(planned->paths, ElementsAre("a", "b"));
  EXPECT_FALSE(planned->is_resumed);
}

TEST_F(BackfillPlanTest, DoneIsSkippedAndBegunComesFirst) {
  ASSERT_TRUE(plan({file("a", kT), file("b", kT + 10), file("c", kT + 20)}));
  job_.inputs()[0].is_done = true;
  job_.inputs()[1].records = 7;
  const auto planned =
      plan({file("a", kT), file("b", kT + 10), file("c", kT + 20), file("d", kT + 15)});
  ASSERT_TRUE(planned);
  EXPECT_THAT(planned->skipped, ElementsAre("a"));
  EXPECT_THAT(planned->paths, ElementsAre("b", "d", "c"));
  EXPECT_THAT(planned->to_read, ElementsAre(1, 3, 2)) << "what was planned before keeps its number";
  EXPECT_TRUE(planned->is_resumed);
}

TEST_F(BackfillPlanTest, WhatWasBegunMustBeGivenAgain) {
  ASSERT_TRUE(plan({file("a", kT), file("b", kT + 10)}));
  job_.inputs()[0].records = 7;
  EXPECT_THAT(why_not({file("b", kT + 10)}),
              AllOf(HasSubstr("a: was read up to record 7"), HasSubstr("give it again")));
  InputFile changed = file("a", kT);
  changed.state.head_hash += 1;
  EXPECT_THAT(why_not({changed}), HasSubstr("give it again, unchanged"));
}

TEST_F(BackfillPlanTest, WhatIsBeforeTheRowsIsRefusedWithItsHour) {
  write_until(kT + 2 * kHour);
  EXPECT_THAT(
      why_not({file("late.csv", kT + 60)}),
      AllOf(HasSubstr("late.csv: begins at 2023-11-15 07:01"), HasSubstr("2023-11-15 07:00")));
  EXPECT_EQ(why_not({file("next.csv", kT + 2 * kHour)}), "planned");
}

TEST_F(BackfillPlanTest, ASetThatWasBegunSortedIsFinishedAsItWas) {
  ASSERT_TRUE(plan({file("a", kT), file("b", kT + 10)}, true));
  job_.inputs()[0].records = 7;
  EXPECT_THAT(why_not({file("a", kT), file("b", kT + 10), file("c", kT + 20)}, true),
              HasSubstr("c: is new"));
  EXPECT_EQ(why_not({file("a", kT), file("b", kT + 10)}, true), "planned");
  EXPECT_THAT(plan({file("a", kT), file("b", kT + 10)}, true)->skipped, IsEmpty());
}

}  // namespace
}  // namespace bikeflow
