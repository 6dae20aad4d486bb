#include "live/live_view.h"

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

LiveChange change(StationIndex station, Seconds at, std::int16_t bikes) {
  return {station, {.observed_at = at, .counts = {bikes, 10}}};
}

class LiveViewTest : public ::testing::Test {
 protected:
  LiveViewTest() {
    for (const char* name : {"a", "b", "c"}) names_.intern(name);
  }
  void tell(std::int32_t partition, std::vector<LiveChange> changes) {
    view_.tell({partition, "seoul"}, names_, {std::move(changes), {}});
  }
  // "a=5 b=3 c@7": c was seen again at 7.
  static std::string text(const LiveChanges& changes) {
    std::string out;
    const auto add = [&](const std::string& text) { out += (out.empty() ? "" : " ") + text; };
    for (const LiveSeen& seen : changes.stations) {
      add(seen.id + (seen.is_here ? "=" : "?") + std::to_string(seen.now.counts.bikes));
    }
    for (const auto& [at, ids] : changes.seen_again) {
      for (const std::string& id : ids) add(id + "@" + std::to_string(at));
    }
    return out;
  }
  LiveView view_;
  Names names_;
};

TEST_F(LiveViewTest, WhoeverWasAwayGetsWhatIsDifferentNow) {
  tell(0, {change(0, 1, 5), change(1, 1, 3)});
  const LiveChanges first = view_.since("seoul", 0);
  EXPECT_EQ(text(first), "a=5 b=3");
  tell(0, {change(1, 2, 4)});
  tell(1, {change(2, 2, 9)});
  tell(0, {change(0, 3, 5), change(1, 3, 2)});
  const LiveChanges later = view_.since("seoul", first.version);
  EXPECT_EQ(text(later), "b=2 c=9 a@3");
  EXPECT_EQ(text(view_.since("seoul", later.version)), "");
  view_.tell({0, "oslo"}, names_, {{change(0, 1, 1)}, {}});
  EXPECT_EQ(view_.version_of("seoul"), later.version);
}

TEST_F(LiveViewTest, WhatIsReadElsewhereIsSaidToBe) {
  tell(0, {change(0, 1, 5), change(1, 1, 3)});
  const std::uint64_t before = view_.version();
  view_.lost_all();
  EXPECT_EQ(text(view_.since("seoul", before)), "a?5 b?3");
  const std::uint64_t lost = view_.version();
  tell(0, {change(0, 1, 5), change(1, 2, 3)});
  EXPECT_EQ(text(view_.since("seoul", lost)), "a=5 b=3");
}

TEST_F(LiveViewTest, APartThatIsLostTakesNoOtherWithIt) {
  tell(0, {change(0, 1, 5)});
  tell(1, {change(1, 1, 3)});
  const std::uint64_t before = view_.version();
  view_.lost({1, "seoul"});
  view_.lost({1, "oslo"});
  view_.lost({7, "seoul"});
  EXPECT_EQ(text(view_.since("seoul", before)), "b?3");
}

TEST_F(LiveViewTest, AnotherOwnerMayNumberThemOtherwise) {
  tell(0, {change(0, 1, 5), change(2, 1, 3)});
  view_.lost_all();
  Names others;
  for (const char* name : {"c", "a"}) others.intern(name);
  view_.tell({0, "seoul"}, others, {{change(0, 2, 7), change(1, 2, 8)}, {}});
  EXPECT_EQ(view_.station("seoul", "c")->now.counts.bikes, 7);
  EXPECT_EQ(view_.station("seoul", "a")->now.counts.bikes, 8);
  EXPECT_EQ(view_.station_count("seoul"), 3U);
}

TEST_F(LiveViewTest, AStationThatMovedIsWhatWasSeenLast) {
  tell(0, {change(0, 10, 5)});
  tell(1, {change(0, 20, 6)});
  tell(0, {change(0, 15, 1)});
  EXPECT_EQ(view_.station("seoul", "a")->now.counts.bikes, 6);
  EXPECT_EQ(view_.station("seoul", "a")->partition, 1);
}

TEST_F(LiveViewTest, MovementsAndWhatIsSaidOfAStationAreNews) {
  tell(0, {change(0, 10, 5)});
  const std::uint64_t before = view_.version();
  LiveChange described = change(0, 20, 3);
  described.about = StationAbout{.name = "Harbour"};
  view_.tell({0, "seoul"}, names_, {{described}, {{0, 20, -2, 3}}});
  const LiveChanges changes = view_.since("seoul", before);
  ASSERT_EQ(changes.movements.size(), 1U);
  EXPECT_EQ(changes.movements[0].station_id, "a");
  EXPECT_EQ(changes.movements[0].change, -2);
  EXPECT_EQ(changes.stations.at(0).about.name, "Harbour");
  tell(0, {change(0, 30, 3)});
  EXPECT_EQ(view_.station("seoul", "a")->about.name, "Harbour");
  EXPECT_TRUE(view_.since("seoul", changes.version).movements.empty());
  EXPECT_EQ(view_.movements("seoul").size(), 1U);
}

TEST_F(LiveViewTest, TotalsLeaveOutWhatIsNotKnown) {
  view_.introduce("seoul", {.max_gap = 600});
  LiveChange moved = change(0, 1'000, 0);
  moved.now.window_start = 900;
  moved.now.rentals = 4;
  LiveChange old = change(1, 300, 10);
  old.now.window_start = 0;
  old.now.rentals = 7;
  tell(0, {moved, old, change(2, 1'000, 10)});
  LiveTotals totals = view_.totals("seoul", 1'010);
  EXPECT_EQ(totals.known, 3);
  EXPECT_EQ(totals.stale, 1);
  EXPECT_EQ(totals.empty, 1);
  EXPECT_EQ(totals.full, 1);
  EXPECT_EQ(totals.bikes, 10);
  EXPECT_EQ(totals.data_at, 1'000);
  EXPECT_EQ(totals.hour_start, 900);
  EXPECT_EQ(totals.rentals, 4);
  view_.lost_all();
  totals = view_.totals("seoul", 1'010);
  EXPECT_EQ(totals.stale, 3);
  EXPECT_EQ(totals.bikes, 0);
  EXPECT_EQ(totals.rentals, 0);
}

TEST_F(LiveViewTest, ProgressIsOfThePartitionsThatAreReadHere) {
  view_.tell_progress({3, "seoul"}, {.watermark = 5});
  const std::uint64_t version = view_.version();
  view_.tell_progress({3, "seoul"}, {.watermark = 5});
  EXPECT_EQ(view_.version(), version);
  EXPECT_EQ(view_.progress("seoul").at(3).watermark, 5);
  view_.lost_all();
  EXPECT_TRUE(view_.progress("seoul").empty());
}

}  // namespace
}  // namespace bikeflow
