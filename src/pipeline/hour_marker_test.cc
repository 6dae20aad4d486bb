#include "pipeline/hour_marker.h"

#include <gmock/gmock.h>

#include "test/log_world.h"

namespace bikeflow {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A lake, and the markers of the partitions of a topic, which take turns.
class HourMarkerTest : public ::testing::Test {
 protected:
  struct Turn {
    HourMarker marker;
    std::vector<Request> open;
  };

  Turn& marker(std::int32_t partition) { return turns_.at(partition); }
  // Of an owner that has just started; the one before is gone with all that it had asked for.
  void start(std::int32_t partition, std::int32_t partitions) {
    turns_.erase(partition);
    turns_.emplace(partition, Turn{HourMarker("feed", partition, systems_, lake_, windows_), {}});
    marker(partition).marker.set_partitions(partitions);
  }
  void start_all(std::int32_t partitions) {
    for (std::int32_t p = 0; p < partitions; ++p) start(p, partitions);
  }
  // A partition has published what ends from `first` to `to`, and says so.
  void close(std::int32_t partition, Seconds first, Seconds to) {
    marker(partition).marker.closed({{"seoul", {first, to}}});
    work(partition);
  }
  void say(std::int32_t partition, Seconds first, Seconds to) {
    marker(partition).marker.closed({{"seoul", {first, to}}});
  }
  // The next thing that the marker of a partition wants happens; false where it wants nothing.
  bool step(std::int32_t partition) {
    Turn& turn = marker(partition);
    for (RequestWhat& what : turn.marker.take_wanted()) {
      turn.open.push_back({++number_, partition, std::move(what)});
      turn.marker.asked(number_);
    }
    if (turn.open.empty()) return false;
    const Request request = turn.open.front();
    turn.open.erase(turn.open.begin());
    turn.marker.outcome(request.number, *world_.carry_out(request));
    return true;
  }
  void work(std::int32_t partition) {
    while (step(partition)) {
    }
    EXPECT_TRUE(marker(partition).marker.is_idle());
  }
  // The partition's file of the window that begins then.
  void file(Seconds start, std::int32_t partition = 0) {
    world_.state.files[hourly_path(lake_, systems_[0].zone, "seoul", "feed", partition,
                                   {start, start + windows_.length})] = "rows";
  }
  std::string folder(Seconds start) const {
    return std::string(folder_of(hourly_path(lake_, systems_[0].zone, "seoul", "feed", 0,
                                             {start, start + windows_.length})));
  }
  bool is_marked(Seconds start) const {
    return world_.state.files.contains(folder(start) + "/_SUCCESS");
  }
  std::vector<std::string> marked() const {
    std::vector<std::string> folders;
    for (const auto& [path, bytes] : world_.state.files) {
      if (name_of(path) == "_SUCCESS") folders.emplace_back(folder_of(path));
    }
    return folders;
  }
  ClosedHours stored(std::int32_t partition) {
    return *parse_closed_hours(world_.state.files.at(closed_hours_path("feed", partition)));
  }

  LogWorld world_;
  std::vector<LogSystem> systems_{{"seoul", *Zone::load("Asia/Seoul")}};
  LakeRule lake_;
  WindowRule windows_;
  std::map<std::int32_t, Turn> turns_;
  std::uint64_t number_ = 0;
};

TEST_F(HourMarkerTest, AnHourIsMarkedOnceAllPartitionsHaveClosedIt) {
  start_all(3);
  for (const std::int32_t p : {0, 1, 2}) file(kTen, p);
  close(0, kTen + kHour, kTen + kHour);
  close(2, kTen + kHour, kTen + 3 * kHour);
  EXPECT_THAT(marked(), IsEmpty());
  close(1, kTen + kHour, kTen + 2 * kHour);
  EXPECT_THAT(marked(), ElementsAre(folder(kTen)));
  EXPECT_EQ(world_.state.files.at(folder(kTen) + "/_SUCCESS"), "");
}

TEST_F(HourMarkerTest, TheOwnFileIsPutBeforeThoseOfTheOthersAreRead) {
  start_all(2);
  file(kTen, 0);
  close(1, kTen + kHour, kTen + kHour);
  world_.story.clear();
  close(0, kTen + kHour, kTen + kHour);
  EXPECT_THAT(world_.story,
              ElementsAre("get _bikeflow/closed/feed/0.json", "put _bikeflow/closed/feed/0.json",
                          "get _bikeflow/closed/feed/1.json", "list " + folder(kTen),
                          "put " + folder(kTen) + "/_SUCCESS"));
}

// Whatever the order of what they do.
TEST_F(HourMarkerTest, OfTwoThatCloseAnHourAtOnceAtLeastOneMarksIt) {
  // A round of one is at most 5 requests: an order of the two is 10 bits with 5 of them set.
  for (unsigned order = 0; order < 1u << 10; ++order) {
    world_ = LogWorld();
    start_all(2);
    file(kTen, 0);
    file(kTen, 1);
    say(0, kTen + kHour, kTen + kHour);
    say(1, kTen + kHour, kTen + kHour);
    for (unsigned bit = 0; bit < 10; ++bit) step((order >> bit & 1) != 0 ? 1 : 0);
    work(0);
    work(1);
    ASSERT_TRUE(is_marked(kTen)) << order;
  }
}

TEST_F(HourMarkerTest, AFileThatIsMissingUnreadableOrNewerKeepsHoursUnmarked) {
  for (const char* other : {"missing", "", "{", "[]", R"({"format":2,"partitions":2,"systems":{}})",
                            R"({"format":1,"partitions":2,"systems":{}})"}) {
    world_ = LogWorld();
    if (std::string_view(other) != "missing") {
      world_.state.files[closed_hours_path("feed", 1)] = other;
    }
    start_all(2);
    file(kTen, 0);
    close(0, kTen + kHour, kTen + 2 * kHour);
    EXPECT_THAT(marked(), IsEmpty()) << other;
    EXPECT_EQ(stored(0).systems.at("seoul").marked_to, 0) << other;
    close(1, kTen + kHour, kTen + 2 * kHour);  // puts it right
    EXPECT_TRUE(is_marked(kTen)) << other;
  }
}

TEST_F(HourMarkerTest, WhatAnotherHasHeldUpIsMarkedInALaterRound) {
  start_all(2);
  for (Seconds hour = 0; hour < 2; ++hour) file(kTen + hour * kHour);
  close(0, kTen + kHour, kTen + kHour);
  say(1, kTen + kHour, kTen + 2 * kHour);
  ASSERT_TRUE(step(1));
  ASSERT_TRUE(step(1));  // its file is there, and it dies before it looks further
  EXPECT_THAT(marked(), IsEmpty());
  close(0, kTen + kHour, kTen + 2 * kHour);
  EXPECT_THAT(marked(), ElementsAre(folder(kTen), folder(kTen + kHour)));
}

TEST_F(HourMarkerTest, AnOwnFileThatCannotBeReadIsMadeAnew) {
  world_.state.files[closed_hours_path("feed", 0)] = "damaged";
  start_all(1);
  file(kTen);
  close(0, kTen + kHour, kTen + kHour);
  EXPECT_TRUE(is_marked(kTen));
  EXPECT_EQ(stored(0).systems.at("seoul").first, kTen + kHour);
}

TEST_F(HourMarkerTest, WhereAnotherKnowsMorePartitionsNothingIsMarked) {
  start(0, 2);
  start(1, 3);
  file(kTen, 0);
  close(1, kTen + kHour, kTen + kHour);
  close(0, kTen + kHour, kTen + kHour);
  EXPECT_THAT(marked(), IsEmpty());
  start(2, 3);
  close(2, kTen + kHour, kTen + kHour);
  EXPECT_THAT(marked(), ElementsAre(folder(kTen))) << "it knows all three";
}

TEST_F(HourMarkerTest, NothingIsDoneBeforeThePartitionsOfTheTopicAreKnown) {
  start(0, 0);
  say(0, kTen + kHour, kTen + kHour);
  EXPECT_FALSE(step(0));
  EXPECT_TRUE(marker(0).marker.is_idle());
  file(kTen);
  marker(0).marker.set_partitions(1);
  while (step(0)) {
  }
  EXPECT_TRUE(is_marked(kTen));  // of what was closed before
}

TEST_F(HourMarkerTest, WhatIsClosedDuringARoundIsOfTheNext) {
  start_all(1);
  for (Seconds hour = 0; hour < 3; ++hour) file(kTen + hour * kHour);
  say(0, kTen + kHour, kTen + kHour);
  ASSERT_TRUE(step(0));
  ASSERT_TRUE(step(0));
  say(0, kTen + kHour, kTen + 3 * kHour);
  work(0);
  EXPECT_EQ(marked().size(), 3u);
  world_.story.clear();
  close(0, kTen + kHour, kTen + 3 * kHour);  // no news
  EXPECT_THAT(world_.story, IsEmpty());
}

TEST_F(HourMarkerTest, HoursWithoutFilesGetNoMarker) {
  start_all(1);
  file(kTen);
  file(kTen + 2 * kHour);
  close(0, kTen + kHour, kTen + 3 * kHour);
  EXPECT_THAT(marked(), ElementsAre(folder(kTen), folder(kTen + 2 * kHour)));
}

// After a start.

TEST_F(HourMarkerTest, ASuccessorGoesOnWhereItsPredecessorHasMarked) {
  start_all(1);
  for (Seconds hour = 0; hour < 4; ++hour) file(kTen + hour * kHour);
  close(0, kTen + kHour, kTen + kHour);
  close(0, kTen + kHour, kTen + 2 * kHour);  // its file says: marked up to the first
  EXPECT_EQ(stored(0).systems.at("seoul").marked_to, kTen + kHour);
  start(0, 1);
  world_.story.clear();
  close(0, kTen + kHour, kTen + 3 * kHour);
  EXPECT_EQ(world_.times_told("list " + folder(kTen)), 0);
  EXPECT_EQ(world_.times_told("list " + folder(kTen + kHour)), 1);
  EXPECT_EQ(world_.times_told("put " + folder(kTen + kHour) + "/_SUCCESS"), 0) << "it is there";
  EXPECT_EQ(world_.times_told("put " + folder(kTen + 2 * kHour) + "/_SUCCESS"), 1);
  EXPECT_EQ(marked().size(), 3u);
}

TEST_F(HourMarkerTest, ADeathAtAnyPointMissesNoMarker) {
  for (int steps = 0; steps < 20; ++steps) {
    world_ = LogWorld();
    start_all(2);
    for (Seconds hour = 0; hour < 3; ++hour) file(kTen + hour * kHour);
    close(1, kTen + kHour, kTen + 3 * kHour);
    close(0, kTen + kHour, kTen + kHour);
    say(0, kTen + kHour, kTen + 3 * kHour);
    for (int i = 0; i < steps; ++i) step(0);
    start(0, 2);
    close(0, kTen + kHour, kTen + 3 * kHour);
    EXPECT_EQ(marked().size(), 3u) << steps;
  }
}

TEST_F(HourMarkerTest, WhatASuccessorHasClosedLessFarIsNotTakenBack) {
  start_all(1);
  close(0, kTen + kHour, kTen + 3 * kHour);
  start(0, 1);
  close(0, kTen + 2 * kHour, kTen + 2 * kHour);
  EXPECT_EQ(stored(0).systems.at("seoul").first, kTen + kHour);
  EXPECT_EQ(stored(0).systems.at("seoul").closed_to, kTen + 3 * kHour);
}

TEST_F(HourMarkerTest, TheHoursThatOnlyOnePartitionHadBeforeTheOthersBeganAreMarkedToo) {
  start_all(2);
  file(kTen, 0);
  file(kTen + 2 * kHour, 1);
  close(0, kTen + kHour, kTen + 3 * kHour);
  close(1, kTen + 3 * kHour, kTen + 3 * kHour);
  EXPECT_THAT(marked(), ElementsAre(folder(kTen), folder(kTen + 2 * kHour)));
}

// Folders that more than one window shares.

TEST_F(HourMarkerTest, OfSlidingWindowsTheLastOfTheHourCompletesIt) {
  windows_ = {kHour, 20 * kMinute, 0};
  start_all(1);
  for (const Seconds start : {0, 20, 40, 60}) file(kTen + start * kMinute);
  // The windows that begin at 22:00, 22:20 and 22:40 are in the folder of 22.
  close(0, kTen + kHour, kTen + kHour + 20 * kMinute);
  EXPECT_THAT(marked(), IsEmpty());
  close(0, kTen + kHour, kTen + kHour + 40 * kMinute);
  EXPECT_THAT(marked(), ElementsAre(folder(kTen)));
  close(0, kTen + kHour, kTen + 3 * kHour - 20 * kMinute);
  EXPECT_THAT(marked(), ElementsAre(folder(kTen), folder(kTen + kHour)));
}

TEST_F(HourMarkerTest, AnHourThatAClockChangeDoublesIsCompleteAfterTheSecond) {
  systems_ = {{"seoul", *Zone::load("America/Chicago")}};
  start_all(1);
  const Seconds one = parse_time("2023-11-05T06:00:00Z")->utc();
  ASSERT_EQ(folder(one), folder(one + kHour));
  file(one - kHour);
  file(one);
  close(0, one, one + kHour);
  EXPECT_THAT(marked(), ElementsAre(folder(one - kHour)));
  file(one + kHour);
  close(0, one, one + 2 * kHour);
  EXPECT_THAT(marked(), ElementsAre(folder(one - kHour), folder(one)));
}

// In Troll the clock goes back by two hours at 01:00 UTC: 1, 2, 1 and 2 o'clock.
TEST_F(HourMarkerTest, AnHourThatComesAgainAfterAnotherIsCompleteAfterTheSecond) {
  systems_ = {{"seoul", *Zone::load("Antarctica/Troll")}};
  start_all(1);
  const Seconds one = parse_time("2023-10-28T23:00:00Z")->utc();
  ASSERT_EQ(folder(one), folder(one + 2 * kHour));
  ASSERT_NE(folder(one), folder(one + kHour));
  for (Seconds hour = 0; hour < 4; ++hour) file(one + hour * kHour);
  close(0, one + kHour, one + kHour);
  close(0, one + kHour, one + 2 * kHour);
  EXPECT_THAT(marked(), IsEmpty());
  close(0, one + kHour, one + 3 * kHour);
  EXPECT_THAT(marked(), ElementsAre(folder(one)));
  close(0, one + kHour, one + 4 * kHour);
  EXPECT_THAT(marked(), ElementsAre(folder(one), folder(one + kHour)));
}

TEST_F(HourMarkerTest, PathsByTheEndOfTheWindow) {
  lake_.path_time = PathTime::kEnd;
  start_all(1);
  file(kTen);
  close(0, kTen + kHour, kTen + kHour);
  EXPECT_THAT(marked(),
              ElementsAre("hourly_summary/system=seoul/year=2024/month=08/day=11/hour=23"));
}

TEST_F(HourMarkerTest, ThePlainLayout) {
  lake_.layout = Layout::kPlain;
  start_all(1);
  file(kTen);
  close(0, kTen + kHour, kTen + kHour);
  EXPECT_THAT(marked(), ElementsAre("hourly_summary/2024/08/11/22"));
}

TEST_F(HourMarkerTest, ZonesOfHalfHoursHaveTheirOwnHours) {
  systems_ = {{"seoul", *Zone::load("Asia/Kolkata")}};
  start_all(1);
  const Seconds half_past = kTen + 30 * kMinute;
  file(half_past);
  close(0, half_past + kHour, half_past + kHour);
  EXPECT_THAT(marked(),
              ElementsAre("hourly_summary/system=seoul/year=2024/month=08/day=11/hour=19"));
}

TEST_F(HourMarkerTest, EachSystemIsMarkedByItself) {
  systems_.push_back({"busan", *Zone::load("Asia/Seoul")});
  start_all(1);
  file(kTen);
  const std::string busan =
      hourly_path(lake_, systems_[1].zone, "busan", "feed", 0, {kTen, kTen + kHour});
  world_.state.files[busan] = "rows";
  marker(0).marker.closed({{"busan", {kTen + kHour, kTen + kHour}}});
  work(0);
  EXPECT_THAT(marked(), ElementsAre(folder_of(busan)));
  marker(0).marker.closed(
      {{"busan", {kTen + kHour, kTen + kHour}}, {"seoul", {kTen + kHour, kTen + kHour}}});
  work(0);
  EXPECT_EQ(marked().size(), 2u);
}

// How an owner uses it.

TEST_F(HourMarkerTest, AnOwnerClosesAnHourOnceItsFilesAreAcknowledged) {
  OwnerWorld world;
  world.partitions = 1;
  world.start();
  world.holds = is_put_of_data;
  world.read(kTen, kTen + kHour + 10 * kMinute);
  EXPECT_EQ(world.times_told("get _bikeflow/closed/feed/0.json"), 0);
  world.release();
  EXPECT_THAT(world.story.back(), "put " + folder(kTen) + "/_SUCCESS");
  const auto hours = parse_closed_hours(world.state.files.at(closed_hours_path("feed", 0)));
  EXPECT_EQ(hours->partitions, 1);
  EXPECT_EQ(hours->systems.at("seoul").first, kTen + kHour);
  EXPECT_EQ(hours->systems.at("seoul").closed_to, kTen + kHour);
}

}  // namespace
}  // namespace bikeflow
