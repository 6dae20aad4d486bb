#include "app/last_week.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/test_lake.h"
#include "io/clock.h"

namespace bikeflow {
namespace {

using std::chrono_literals::operator""ms;

constexpr Seconds kWeek = 7 * kDay;
constexpr Seconds kHourInSeoul = 1'723'381'200;  // 2024-08-11 22:00 in Seoul
constexpr std::int64_t kPatienceMs = 10'000;

class LastWeekTest : public ::testing::Test {
 protected:
  // What is known at last; `has_any`: whether something has to be.
  static std::optional<HourTotals> known(LastWeek& week, const LakeHoursOf& of, Seconds start,
                                         bool has_any = true) {
    const std::int64_t deadline_ms = monotonic_ms() + (has_any ? kPatienceMs : 300);
    for (;;) {
      const auto totals = week.of(of, start);
      if (totals || monotonic_ms() > deadline_ms) return totals;
      std::this_thread::sleep_for(5ms);
    }
  }
  static LakeHoursOf of(const std::string& system, const std::string& zone) {
    return {.system = system, .zone = Zone::load(zone).value()};
  }

  TestLake lake_;
};

TEST_F(LastWeekTest, IsTheSameHourOfTheSameDay) {
  lake_.add(kHourInSeoul - kWeek, {TestLake::row("A", 10, 3, 1), TestLake::row("B", 10, 4, 2)});
  lake_.add(kHourInSeoul - kWeek + kHour, {TestLake::row("A", 8, 1, 1)});
  LakeHours hours(lake_.folder(), {});
  LastWeek week(hours);
  const LakeHoursOf seoul = of("seoul", "Asia/Seoul");
  const auto found = known(week, seoul, kHourInSeoul);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->start, kHourInSeoul - kWeek);
  EXPECT_EQ(found->rentals, 7);
  EXPECT_EQ(found->returns, 3);
  // The next hour is another question.
  const auto next = known(week, seoul, kHourInSeoul + kHour);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->start, kHourInSeoul - kWeek + kHour);
  EXPECT_EQ(next->rentals, 1);
}

TEST_F(LastWeekTest, AClockChangeBetweenMovesTheHour) {
  constexpr Seconds kNow = 1'394'636'400;          // 2014-03-12 08:00 -07:00
  constexpr Seconds kThen = kNow - kWeek + kHour;  // 2014-03-05 08:00 -08:00
  TestLake::Part part;
  part.system = "bayarea";
  part.timezone = "America/Los_Angeles";
  lake_.add(kThen - kHour, {TestLake::row("A", 10, 9, 9)}, part);
  lake_.add(kThen, {TestLake::row("A", 10, 3, 1)}, part);
  LakeHours hours(lake_.folder(), {});
  LastWeek week(hours);
  const auto found = known(week, of("bayarea", "America/Los_Angeles"), kNow);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->start, kThen);
  EXPECT_EQ(found->rentals, 3);
}

TEST_F(LastWeekTest, NothingIsKnownOfAnHourThatTheLakeDoesNotHave) {
  lake_.add(kHourInSeoul - kWeek, {TestLake::row("A", 10, 3, 1)});
  LakeHours hours(lake_.folder(), {});
  LastWeek week(hours);
  EXPECT_FALSE(known(week, of("seoul", "Asia/Seoul"), kHourInSeoul + kHour, false));
  EXPECT_FALSE(known(week, of("other", "Asia/Seoul"), kHourInSeoul, false));
  EXPECT_TRUE(known(week, of("seoul", "Asia/Seoul"), kHourInSeoul));
}

TEST_F(LastWeekTest, ALakeThatCannotBeReadIsAskedAgainAfterARest) {
  const std::string path = lake_.add(kHourInSeoul - kWeek, {TestLake::row("A", 10, 3, 1)});
  const std::string bytes = lake_.get(path);
  lake_.put(path, "torn");
  LakeHours hours(lake_.folder(), {});
  LastWeek patient(hours), week(hours, 50);
  const LakeHoursOf seoul = of("seoul", "Asia/Seoul");
  EXPECT_FALSE(known(week, seoul, kHourInSeoul, false));
  EXPECT_FALSE(known(patient, seoul, kHourInSeoul, false));
  lake_.put(path, bytes);
  EXPECT_TRUE(known(week, seoul, kHourInSeoul));
  EXPECT_FALSE(known(patient, seoul, kHourInSeoul, false));
}

// A pipe in a file's place: who reads it waits until something is written.
TEST_F(LastWeekTest, WhoAsksDoesNotWaitAndTheEndLooksAtNothingMore) {
  std::vector<std::string> pipes;
  for (const Seconds hour : {Seconds{0}, kHour}) {
    const std::string path = lake_.add(kHourInSeoul - kWeek + hour, {TestLake::row("A", 10, 3, 1)});
    lake_.remove(path);
    pipes.push_back(lake_.folder() + "/" + path);
    ASSERT_EQ(::mkfifo(pipes.back().c_str(), 0600), 0);
  }
  LakeHours hours(lake_.folder(), {});
  const LakeHoursOf seoul = of("seoul", "Asia/Seoul");
  auto week = std::make_unique<LastWeek>(hours);
  EXPECT_FALSE(week->of(seoul, kHourInSeoul));
  EXPECT_FALSE(week->of(seoul, kHourInSeoul));
  EXPECT_FALSE(week->of(seoul, kHourInSeoul + kHour));  // waits for its turn
  // It is being read: only then is there a writer's end to be had.
  int writer = -1;
  for (const auto end_ms = monotonic_ms() + kPatienceMs; writer < 0 && monotonic_ms() < end_ms;) {
    writer = ::open(pipes[0].c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    std::this_thread::sleep_for(1ms);
  }
  ASSERT_GE(writer, 0);
  std::thread ending([&] { week.reset(); });
  std::this_thread::sleep_for(100ms);  // it is ending before the first look does
  ::close(writer);
  ending.join();  // the second pipe would keep it for ever
}

}  // namespace
}  // namespace bikeflow
