#include "feed/value.h"

#include <string>

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

TEST(ParseCount, DigitsOnly) {
  EXPECT_EQ(parse_count("0"), 0);
  EXPECT_EQ(parse_count("10000"), 10000);
  EXPECT_EQ(parse_count("00010000"), 10000);
  for (const char* text : {"", "10001", "-1", "+1", "1.0", "1e3", " 1", "1 ", "x", "\xC2\xB2"}) {
    EXPECT_EQ(parse_count(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_count(std::string(100'000, '9')), std::nullopt);
  EXPECT_EQ(parse_count(std::string("1\0", 2)), std::nullopt);
}

TEST(IsStationId, BytesAndControlCharacters) {
  EXPECT_TRUE(is_station_id("ST-4"));
  EXPECT_TRUE(is_station_id("망원역"));
  EXPECT_TRUE(is_station_id(std::string(128, 'x')));
  EXPECT_FALSE(is_station_id(""));
  EXPECT_FALSE(is_station_id(std::string(129, 'x')));
  for (int byte = 0; byte < 0x80; ++byte) {
    const std::string id = {'a', static_cast<char>(byte)};
    EXPECT_EQ(is_station_id(id), byte >= 0x20 && byte != 0x7F) << byte;
  }
  EXPECT_FALSE(is_station_id("\xC2\x80"));
  EXPECT_FALSE(is_station_id("a\xC2\x9F"));
  EXPECT_TRUE(is_station_id("\xC2\xA0"));
  EXPECT_TRUE(is_station_id("\xC3\x80"));
}

TEST(TimeFromNumber, SecondsAndMilliseconds) {
  EXPECT_EQ(time_from_number(kEarliestTime), kEarliestTime);
  EXPECT_EQ(time_from_number(kEarliestTime - 1), std::nullopt);
  EXPECT_EQ(time_from_number(99'999'999'999), 99'999'999'999);
  EXPECT_EQ(time_from_number(100'000'000'000), std::nullopt);  // as milliseconds: 1973
  EXPECT_EQ(time_from_number(kEarliestTime * 1000 - 1), std::nullopt);
  EXPECT_EQ(time_from_number(kEarliestTime * 1000), kEarliestTime);
  EXPECT_EQ(time_from_number(kLatestTime * 1000 + 999), kLatestTime);
  EXPECT_EQ(time_from_number(kLatestTime * 1000 + 1000), std::nullopt);
  for (const std::int64_t number : {std::int64_t{0}, std::int64_t{-1}, INT64_MIN, INT64_MAX}) {
    EXPECT_EQ(time_from_number(number), std::nullopt);
  }
}

class TimeReaderTest : public testing::Test {
 protected:
  TimeReader new_york_{Zone::load("America/New_York").value()};
};

TEST_F(TimeReaderTest, ZoneOfLocalTimes) {
  EXPECT_EQ(new_york_.read("2024-07-01 12:00:00", 0), 1'719'849'600);
  EXPECT_EQ(new_york_.read("2024-01-01 12:00:00", 0), 1'704'128'400);
  EXPECT_EQ(new_york_.read("2024-01-01T12:00:00Z", 0), 1'704'110'400);
}

TEST_F(TimeReaderTest, RemembersNoTimeThatDependsOnWhatIsNear) {
  constexpr Seconds kFirst = 1'730'611'800;  // 2024-11-03 01:30 -04:00
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(new_york_.read("2024-11-03 01:30:00", kFirst), kFirst);
    EXPECT_EQ(new_york_.read("2024-11-03 01:30:00", kFirst + kHour), kFirst + kHour);
    EXPECT_EQ(new_york_.read("2024-11-03 03:30:00", kFirst), kFirst + 3 * kHour);
  }
}

TEST_F(TimeReaderTest, RemembersNoRefusal) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(new_york_.read("2024-03-10 02:30:00", 0), std::unexpected(Reason::kNoSuchLocalTime));
    EXPECT_EQ(new_york_.read("2024-03-10 02:60:00", 0), std::unexpected(Reason::kBadTime));
    EXPECT_EQ(new_york_.read("2024-03-10 03:30:00", 0), 1'710'055'800);
    EXPECT_EQ(new_york_.read("", 0), std::unexpected(Reason::kBadTime));
  }
}

// Seconds, milliseconds and texts of one time in turn: each is read by its own text.
TEST_F(TimeReaderTest, TextsInTurn) {
  for (const char* text :
       {"1723383000", "1723383000000", "2024-08-11T13:30:00Z", "2024-08-11 09:30:00", "1723383000",
        "1723383000.25", "2024-08-11T13:30:00.123456789+00:00"}) {
    EXPECT_EQ(new_york_.read(text, 0), 1'723'383'000) << text;
    EXPECT_EQ(new_york_.read("1723383001", 0), 1'723'383'001);
  }
}

TEST_F(TimeReaderTest, NumbersThatAreNone) {
  for (const char* text : {"18446744075432934616",  // 1723383000 more than 64 bits hold
                           "1723383000.", ".5", "1.5.5", "1723383000.5x", "+1723383000",
                           "-1723383000", "1723383000 ", "1e9", "0x66B8BF58"}) {
    EXPECT_EQ(new_york_.read(text, 0), std::unexpected(Reason::kBadTime)) << text;
  }
  EXPECT_EQ(new_york_.read("000000001723383000", 0), 1'723'383'000);
}

TEST_F(TimeReaderTest, Bounds) {
  EXPECT_EQ(new_york_.read("2000-01-01T00:00:00Z", 0), kEarliestTime);
  EXPECT_EQ(new_york_.read("1999-12-31T23:59:59Z", 0), std::unexpected(Reason::kBadTime));
  EXPECT_EQ(new_york_.read("9999-12-31T23:59:59Z", 0), kLatestTime);
  EXPECT_EQ(new_york_.read("9999-12-31 23:59:59", 0), std::unexpected(Reason::kBadTime));
  EXPECT_EQ(new_york_.read("0000-01-01 00:00:00", 0), std::unexpected(Reason::kBadTime));
}

}  // namespace
}  // namespace bikeflow
