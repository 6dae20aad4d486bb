#include "app/lake_hours.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/test_lake.h"

namespace bikeflow {
namespace {

using testing::HasSubstr;

constexpr Seconds kEight = 1723330800;  // 2024-08-11 08:00 in Seoul

class LakeHoursTest : public ::testing::Test {
 protected:
  LakeHoursTest() {
    first_ = lake_.add(kEight, {row("ST-10", 12, 3, 1), row("ST-4", 5, 1, 0)});
    // The second hour came in two partitions, of which one is named first and has the later id.
    second_ = lake_.add(kEight + kHour, {row("ST-4", 4, 4, 0)}, part(0));
    lake_.add(kEight + kHour, {row("ST-10", 10, 0, 5)}, part(1));
    lake_.add(kEight + 2 * kHour, {row("ST-4", 0, 0, 2)});
  }

  static HourlyRow row(const std::string& station, int open, int rentals, int returns) {
    return TestLake::row(station, open, rentals, returns);
  }
  static TestLake::Part part(int number) {
    return {.source = "bikes", .number = number, .system = "seoul"};
  }

  // "08:00 ST-10 3 1" of each row, or the error.
  std::string rows(Seconds from, Seconds to, const std::optional<std::string>& station = {}) {
    const auto found = hours_.rows(of_, {from, to}, station, most_);
    if (!found) return "error: " + found.error().message;
    std::string text;
    for (const HourlyRow& row : *found) {
      text += fmt::format("{:02} {} {} {}\n", of_.zone.civil(row.window.start).hour, row.station_id,
                          row.total_rental, row.total_return);
    }
    return text;
  }

  TestLake lake_;
  std::string first_, second_;
  LakeHoursOf of_{.system = "seoul", .zone = Zone::load("Asia/Seoul").value()};
  LakeHours hours_{lake_.folder(), LakeRule{}};
  std::size_t most_ = 1000;
};

TEST_F(LakeHoursTest, RowsInTheOrderOfTimeAndStation) {
  EXPECT_EQ(rows(kEight, kEight + 2 * kHour),
            "08 ST-10 3 1\n08 ST-4 1 0\n09 ST-10 0 5\n09 ST-4 4 0\n");
  EXPECT_EQ(rows(kEight + 1, kEight + 3 * kHour), "09 ST-10 0 5\n09 ST-4 4 0\n10 ST-4 0 2\n");
  EXPECT_EQ(rows(kEight + 3 * kHour, kEight + 5 * kHour), "");
}

// Whether the hour's rows are kept already or not.
TEST_F(LakeHoursTest, RowsOfOneStation) {
  const std::string four = "08 ST-4 1 0\n09 ST-4 4 0\n10 ST-4 0 2\n";
  EXPECT_EQ(rows(kEight, kEight + kDay, "ST-4"), four);
  EXPECT_EQ(rows(kEight, kEight + kDay, "ST-1"), "");
  rows(kEight, kEight + 2 * kHour);
  EXPECT_EQ(rows(kEight, kEight + kDay, "ST-4"), four);
  EXPECT_EQ(rows(kEight, kEight + kDay, "ST-10"), "08 ST-10 3 1\n09 ST-10 0 5\n");
  EXPECT_EQ(rows(kEight, kEight + kDay, "ST-1"), "");
}

TEST_F(LakeHoursTest, AnotherSystemHasNone) {
  of_.system = "oslo";
  EXPECT_EQ(rows(kEight, kEight + kDay), "");
}

// An hour that was not there is looked for again: a lake grows.
TEST_F(LakeHoursTest, SeesWhatIsAdded) {
  const Seconds eleven = kEight + 3 * kHour;
  EXPECT_EQ(rows(eleven, eleven + kHour, "ST-4"), "");
  lake_.add(eleven, {row("ST-4", 2, 1, 1)});
  EXPECT_EQ(rows(eleven, eleven + kHour, "ST-4"), "11 ST-4 1 1\n");
  EXPECT_EQ(rows(eleven, eleven + kHour), "11 ST-4 1 1\n");
}

TEST_F(LakeHoursTest, DamageIsSaidWithItsPlaceUntilItIsPutRight) {
  const std::string bytes = lake_.get(second_);
  lake_.put(second_, bytes.substr(0, 100));
  for (const auto& station : {std::optional<std::string>(), std::optional<std::string>("ST-4")}) {
    EXPECT_EQ(rows(kEight, kEight + kHour, "ST-4"), "08 ST-4 1 0\n");
    EXPECT_THAT(rows(kEight, kEight + kDay, station),
                testing::StartsWith("error: " + lake_.folder() + "/" + second_ + ":"));
  }
  lake_.put(second_, bytes);
  EXPECT_EQ(rows(kEight + kHour, kEight + 2 * kHour, "ST-4"), "09 ST-4 4 0\n");
  EXPECT_EQ(rows(kEight + kHour, kEight + 2 * kHour), "09 ST-10 0 5\n09 ST-4 4 0\n");
}

// The station is not in all of them, nor always at the same place.
TEST_F(LakeHoursTest, RowsOfOneStationOfManyHours) {
  constexpr int kHours = 150;
  std::string expected;
  for (int i = 3; i < kHours; ++i) {
    const Seconds start = kEight + i * kHour;
    std::vector<HourlyRow> rows{row("ST-10", 12, 0, 0), row("ST-6", 12, 0, 0)};
    if (i % 5 == 0) rows.erase(rows.begin());
    if (i % 7 != 0) {
      rows.insert(rows.end() - 1, row("ST-4", i, i % 3, i));
      expected += fmt::format("{:02} ST-4 {} {}\n", of_.zone.civil(start).hour, i % 3, i);
    }
    lake_.add(start, rows);
  }
  for (int time = 0; time < 2; ++time) {  // read, then kept
    EXPECT_EQ(rows(kEight + 3 * kHour, kEight + kHours * kHour, "ST-4"), expected);
  }
  rows(kEight + 20 * kHour, kEight + 30 * kHour);  // of these all rows are kept then
  EXPECT_EQ(rows(kEight + 3 * kHour, kEight + kHours * kHour, "ST-4"), expected);
}

TEST_F(LakeHoursTest, OfSeveralThatAreDamagedTheEarliestIsNamed) {
  std::vector<std::string> paths, bytes;
  for (int i = 0; i < 60; ++i) {
    paths.push_back(lake_.add(kEight + (3 + i) * kHour, {row("ST-4", 5, 1, 0)}));
    bytes.push_back(lake_.get(paths.back()));
    if (i % 10 == 9) lake_.put(paths.back(), bytes.back().substr(0, 100));
  }
  for (std::size_t i = 9; i < paths.size(); i += 10) {
    EXPECT_THAT(rows(kEight, kEight + 4 * kDay, "ST-4"),
                testing::StartsWith("error: " + lake_.folder() + "/" + paths[i] + ":"));
    lake_.put(paths[i], bytes[i]);
  }
  EXPECT_EQ(std::ranges::count(rows(kEight, kEight + 4 * kDay, "ST-4"), '\n'), 63);
}

TEST_F(LakeHoursTest, MoreThanTheMostIsSeenToBeMore) {
  const auto count = [&] { return std::ranges::count(rows(kEight, kEight + kDay), '\n'); };
  most_ = 5;
  EXPECT_EQ(count(), 5);
  most_ = 3;
  EXPECT_EQ(count(), 4);
}

TEST(LastUsed, ForgetsWhatWasUsedLongestAgo) {
  LastUsed<int> kept(10);
  kept.put("a", 1, 4);
  kept.put("b", 2, 4);
  ASSERT_NE(kept.find("a"), nullptr);
  EXPECT_EQ(*kept.find("a"), 1);
  kept.put("c", 3, 4);
  EXPECT_EQ(kept.find("b"), nullptr);
  EXPECT_EQ(*kept.find("a"), 1);
  kept.put("d", 4, 20);
  EXPECT_EQ(kept.find("a"), nullptr);
  EXPECT_EQ(kept.find("c"), nullptr);
  EXPECT_EQ(*kept.find("d"), 4);
}

TEST_F(LakeHoursTest, TooLongARangeIsRefused) {
  EXPECT_THAT(rows(kEight, kEight + LakeHours::kLongest + 1), HasSubstr("ask for less at a time"));
}

TEST_F(LakeHoursTest, SumsByHourAndWhetherTheyAreFinal) {
  lake_.complete(first_);
  for (int time = 0; time < 2; ++time) {  // read, then known
    const auto sums = hours_.sums(of_, {kEight, kEight + kDay});
    ASSERT_TRUE(sums) << sums.error().message;
    ASSERT_EQ(sums->size(), 3U);
    const HourSums& eight = (*sums)[0];
    EXPECT_EQ(eight.window, (Window{kEight, kEight + kHour}));
    EXPECT_EQ(eight.state, "final");
    EXPECT_EQ(eight.stations, 2);
    EXPECT_EQ(eight.total_rental, 4);
    EXPECT_EQ(eight.total_return, 1);
    const HourSums& nine = (*sums)[1];
    EXPECT_EQ(nine.state, "open");
    EXPECT_EQ(nine.stations, 2);
    EXPECT_EQ(nine.total_rental, 4);
    EXPECT_EQ(nine.total_return, 5);
  }
}

// No file is read for them, as a damaged one shows.
TEST_F(LakeHoursTest, StatesAreThoseOfTheFolders) {
  lake_.complete(first_);
  lake_.put(second_, "none");
  const auto states = hours_.states(of_, {kEight, kEight + 2 * kHour});
  ASSERT_TRUE(states) << states.error().message;
  ASSERT_EQ(states->size(), 2U);
  EXPECT_EQ((*states)[0].window, (Window{kEight, kEight + kHour}));
  EXPECT_EQ((*states)[0].state, "final");
  EXPECT_EQ((*states)[1].window, (Window{kEight + kHour, kEight + 2 * kHour}));
  EXPECT_EQ((*states)[1].state, "open");
  EXPECT_FALSE(hours_.sums(of_, {kEight, kEight + 2 * kHour}));
}

}  // namespace
}  // namespace bikeflow
