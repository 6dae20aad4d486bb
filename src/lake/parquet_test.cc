#include "lake/parquet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <fstream>
#include <sstream>

#include "base/parquet_ends.h"

namespace bikeflow {
namespace {

using testing::HasSubstr;

const KeyValues kMetadata = {{"source", "bikes"}, {"rows", "3"}, {"closed_by", ""}, {"a", "1"}};

HourlyRow hourly(int i) {
  HourlyRow row;
  row.window = {3600, 7200};
  row.station_id = fmt::format("ST-{:05}", i);
  row.total_rental = i % 7;
  row.total_return = std::int64_t{i} << 33;
  row.unobserved_change = -i;
  row.bikes_open = i % 13;
  row.bikes_close = INT32_MAX - i;
  row.bikes_min = -i;
  row.bikes_max = i;
  row.observed_seconds = 3600;
  row.empty_seconds = i * 3;
  row.full_seconds = 0;
  row.largest_rental = i % 2;
  row.largest_return = i % 3;
  return row;
}

LateRow late(int i) {
  LateRow row{fmt::format("역 {}", i % 5), 1'000'000 + i, {}, 2'000'000, "bikes", {i % 3, i}};
  row.counts.bikes = static_cast<std::int16_t>(i % 100);
  row.counts.racks = i % 4 == 0 ? Counts::kNoRacks : static_cast<std::int16_t>(i % 50);
  return row;
}

DeadLetter dead_letter(int i) {
  DeadLetter letter{"bikes",
                    {0, i},
                    1'723'384'800 + i,
                    {},
                    std::string(static_cast<std::size_t>(i % 300), '\xff')};
  letter.refusal.reason = static_cast<Reason>(static_cast<std::size_t>(i) % kReasonCount);
  letter.refusal.detail = i % 2 == 0 ? "" : "bikes is \"-1\"";
  if (i % 3 != 0) letter.refusal.byte = i;
  letter.record.append({'\0', '\n'});
  return letter;
}

template <class Row, class Make>
std::vector<Row> rows_of(int count, Make make) {
  std::vector<Row> rows;
  rows.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) rows.push_back(make(i));
  return rows;
}

std::string error_of(std::string_view bytes) {
  const auto file = decode_hourly(bytes);
  return file ? "" : file.error().message;
}

TEST(Parquet, RowsComeBack) {
  for (const int count : {0, 1, 3, 4096, 10'000}) {
    const auto hourly_rows = rows_of<HourlyRow>(count, hourly);
    const auto hourly_file = decode_hourly(*encode_hourly(hourly_rows, kMetadata));
    ASSERT_TRUE(hourly_file) << hourly_file.error().message;
    EXPECT_EQ(hourly_file->rows, hourly_rows);
    EXPECT_EQ(hourly_file->metadata, kMetadata);
    const auto late_rows = rows_of<LateRow>(count, late);
    const auto late_file = decode_late(*encode_late(late_rows, {}));
    ASSERT_TRUE(late_file) << late_file.error().message;
    EXPECT_EQ(late_file->rows, late_rows);
    EXPECT_EQ(late_file->metadata, KeyValues());
    const auto letters = rows_of<DeadLetter>(count, dead_letter);
    const auto letter_file = decode_dead_letters(*encode_dead_letters(letters, kMetadata));
    ASSERT_TRUE(letter_file) << letter_file.error().message;
    EXPECT_EQ(letter_file->rows, letters);
  }
}

TEST(Parquet, ARowComesBackAlone) {
  for (const int count : {1, 3, 4097, 10'000}) {
    const auto rows = rows_of<HourlyRow>(count, hourly);
    const std::string bytes = *encode_hourly(rows, kMetadata);
    for (const int i : {0, 1, count / 2, count - 1}) {
      if (i >= count) continue;
      const auto found = StationReader(hourly(i).station_id).read(bytes);
      ASSERT_TRUE(found) << found.error().message;
      EXPECT_EQ(*found, std::vector{hourly(i)});
    }
    const auto unknown = StationReader("ST-0").read(bytes);
    ASSERT_TRUE(unknown) << unknown.error().message;
    EXPECT_EQ(unknown->size(), 0U);
  }
}

std::vector<HourlyRow> of_station(std::vector<HourlyRow> rows, std::string_view station) {
  std::erase_if(rows, [&](const HourlyRow& row) { return row.station_id != station; });
  return rows;
}

// As a lake's hours come: the same stations with other numbers, then others, with the one that is
// asked for at another place, in another's, at the end or not at all.
TEST(Parquet, AReaderOfAStationGoesFromFileToFile) {
  const auto rows = rows_of<HourlyRow>(300, hourly);
  const std::string station = rows[150].station_id;
  std::vector<std::vector<HourlyRow>> files{rows, rows};
  for (HourlyRow& row : files.back()) row.total_rental += 1000;
  files.emplace_back(rows).erase(files.back().begin());
  std::swap(files.emplace_back(rows)[150].station_id, files.back()[3].station_id);
  files.emplace_back(rows).erase(files.back().begin() + 150);
  files.emplace_back(rows).resize(151);
  files.push_back({rows[150]});
  files.emplace_back();
  StationReader reader(station);
  for (int time = 0; time < 2; ++time) {
    for (std::size_t i = 0; i < files.size(); ++i) {
      const std::string bytes = *encode_hourly(files[i], kMetadata);
      for (int again = 0; again < 2; ++again) {
        const auto found = reader.read(bytes);
        ASSERT_TRUE(found) << found.error().message;
        EXPECT_EQ(*found, of_station(files[i], station)) << "file " << i;
      }
      EXPECT_FALSE(reader.read(bytes.substr(0, bytes.size() / 2)));
    }
  }
}

// No file of ours has a station twice; whoever wrote one that does is shown what is in it.
TEST(Parquet, EachRowOfAStationComesBack) {
  std::vector<HourlyRow> rows = rows_of<HourlyRow>(100, hourly);
  std::vector<HourlyRow> same;
  for (const std::size_t i : {2U, 3U, 99U}) {
    rows[i].station_id = "ST-4";
    same.push_back(rows[i]);
  }
  EXPECT_EQ(StationReader("ST-4").read(*encode_hourly(rows, {})).value(), same);
}

TEST(Parquet, AnyRowComesBack) {
  EXPECT_TRUE(rc::check([](const std::string& station, const std::string& record,
                           std::int64_t number, std::int32_t small, const KeyValues& metadata) {
    HourlyRow row = hourly(1);
    row.station_id = station;
    row.total_return = number;
    row.bikes_min = small;
    const auto file = decode_hourly(*encode_hourly(std::span(&row, 1), metadata));
    RC_ASSERT(file.has_value());
    RC_ASSERT(file->rows == std::vector{row});
    RC_ASSERT(file->metadata == metadata);
    DeadLetter letter = dead_letter(1);
    letter.record = record;
    letter.refusal.byte = number;
    const auto letter_file =
        decode_dead_letters(*encode_dead_letters(std::span(&letter, 1), metadata));
    RC_ASSERT(letter_file.has_value());
    RC_ASSERT(letter_file->rows == std::vector{letter});
  }));
}

TEST(Parquet, EqualRowsAreEqualBytes) {
  const auto rows = rows_of<HourlyRow>(500, hourly);
  const std::string bytes = *encode_hourly(rows, kMetadata);
  EXPECT_EQ(*encode_hourly(rows_of<HourlyRow>(500, hourly), KeyValues(kMetadata)), bytes);
  auto changed = rows;
  ++changed[250].total_rental;
  EXPECT_NE(*encode_hourly(changed, kMetadata), bytes);
}

TEST(Parquet, MetadataFromTheLastBytes) {
  const std::string bytes = *encode_hourly(rows_of<HourlyRow>(500, hourly), kMetadata);
  const auto tail = [&](std::size_t size) {
    return std::string_view(bytes).substr(bytes.size() - size);
  };
  const std::size_t needed = kParquetEndBytes + parquet_footer_size(tail(kParquetEndBytes));
  ASSERT_LT(needed, bytes.size());
  EXPECT_EQ(read_metadata(bytes, bytes.size()).value(), kMetadata);
  EXPECT_EQ(read_metadata(tail(needed), bytes.size()).value(), kMetadata);
  EXPECT_THAT(read_metadata(tail(needed - 1), bytes.size()).error().message,
              HasSubstr(fmt::format("last {} bytes are needed", needed)));
  EXPECT_THAT(read_metadata("PAR2", bytes.size()).error().message, HasSubstr("cut off"));
}

TEST(Parquet, FilesThatAreNone) {
  EXPECT_THAT(error_of(""), HasSubstr("empty"));
  EXPECT_THAT(error_of("station_id,bikes\nST-4,1\n"), HasSubstr("no Parquet file"));
  EXPECT_THAT(error_of("PAREabcd\4\0\0\0PARE"), HasSubstr("encrypted"));
  const std::string late_file = *encode_late(rows_of<LateRow>(3, late), {});
  EXPECT_EQ(error_of(late_file), "has no column 'start'");
  const std::string bytes = *encode_hourly(rows_of<HourlyRow>(3, hourly), kMetadata);
  for (std::size_t size = 4; size < bytes.size(); ++size) {
    ASSERT_THAT(error_of(std::string_view(bytes).substr(0, size)), HasSubstr("cut off"));
  }
}

// Made by test/parquet/make_samples.py.
std::string sample(std::string_view name) {
  std::stringstream bytes;
  bytes << std::ifstream(fmt::format("test/parquet/{}.parquet", name), std::ios::binary).rdbuf();
  return bytes.str();
}

std::string error_of_sample(std::string_view name) { return error_of(sample(name)); }

TEST(Parquet, FilesOfOtherPrograms) {
  EXPECT_EQ(error_of_sample("hourly"), "");  // a column more than ours
  EXPECT_THAT(
      error_of_sample("hourly_us"),
      HasSubstr("column 'start' is INT64 Timestamp(isAdjustedToUTC=true, timeUnit=microseconds"));
  EXPECT_THAT(error_of_sample("hourly_local"),
              HasSubstr("expected a timestamp in milliseconds, adjusted to UTC"));
  EXPECT_EQ(error_of_sample("hourly_int32"), "column 'total_rental' is INT32, expected int64");
  EXPECT_EQ(error_of_sample("hourly_null"), "column 'bikes_min' is null at row 0");
  EXPECT_THAT(error_of_sample("hourly_half"), HasSubstr("column 'end'"));
  EXPECT_THAT(error_of_sample("encrypted"), HasSubstr("is encrypted"));
  EXPECT_THAT(error_of_sample("encrypted_columns"), HasSubstr("is encrypted"));
}

// Several groups, a page for each row, and nulls where there may be none.
TEST(Parquet, AStationOfFilesOfOtherPrograms) {
  const std::string groups = sample("hourly_groups");
  const auto file = decode_hourly(groups);
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_EQ(file->rows.size(), 10U);
  EXPECT_EQ(file->rows[7].station_id, "ST-7");
  EXPECT_EQ(file->rows[7].bikes_close, 8);
  for (const std::string station : {"ST-4", "ST-5", "ST-6", "ST-7", "ST-8", "ST-9"}) {
    StationReader reader(station);
    for (int time = 0; time < 2; ++time) {
      EXPECT_EQ(reader.read(groups).value(), of_station(file->rows, station)) << station;
    }
  }
  const std::string null = sample("hourly_null");
  EXPECT_EQ(StationReader("ST-4").read(null).error().message,
            "column 'bikes_min' is null at row 0");
  const auto after = StationReader("ST-5").read(null);
  ASSERT_TRUE(after) << after.error().message;
  ASSERT_EQ(after->size(), 1U);
  EXPECT_EQ(after->front().bikes_min, 2);
  for (const std::string_view name : {"hourly_us", "hourly_int32", "hourly_half", "encrypted"}) {
    EXPECT_EQ(StationReader("ST-4").read(sample(name)).error().message, error_of_sample(name));
  }
}

TEST(Parquet, CellsThatCannotBe) {
  HourlyRow row = hourly(1);
  row.window.start = -1;
  EXPECT_THAT(error_of(*encode_hourly(std::span(&row, 1), {})),
              HasSubstr("column 'start': -1000 ms"));
  row.window.start = kLatestTime + 2 * kDay;
  EXPECT_THAT(error_of(*encode_hourly(std::span(&row, 1), {})), HasSubstr("column 'start'"));
}

// Any byte changed to anything: rows or an error, and mostly an error.
TEST(Parquet, AnyByteChanged) {
  const std::string bytes = *encode_hourly(rows_of<HourlyRow>(9, hourly), {});
  int errors = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int change : {1, 0x80, 0xff}) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ change);
      const auto file = decode_hourly(changed);
      if (!file) {
        ++errors;
        EXPECT_FALSE(file.error().message.empty());
      }
      StationReader reader(hourly(5).station_id);
      const auto row = reader.read(changed);
      EXPECT_TRUE(row || !row.error().message.empty());
      EXPECT_EQ(reader.read(changed).has_value(), row.has_value());
    }
  }
  EXPECT_GT(errors, 1000);
}

}  // namespace
}  // namespace bikeflow
