#include "io/parquet_input.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "base/json_text.h"

// The files are made by test/parquet/make_samples.py.

namespace bikeflow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr Seconds kPoll = 1'723'384'800;

struct Taken {
  std::vector<std::string> rows;  // "system/station time bikes/racks @record"
  std::vector<DeadLetter> refused;
  std::vector<InputChunk> chunks;
  std::string error;
};

std::string sample(std::string_view name) { return fmt::format("test/parquet/{}.parquet", name); }

ColumnSettings settings() {
  ColumnSettings with;
  with.source = "input";
  with.input = 3;
  with.system = "seoul";
  with.zone_of = [](std::string_view system) {
    return Zone::load(system == "seoul" ? "Asia/Seoul" : "America/Chicago");
  };
  with.now = 77;
  return with;
}

// Batches name stations and systems by number; these are the names as a task has them.
void put_rows(const InputChunk& chunk, std::vector<std::string>& systems,
              std::vector<std::vector<std::string>>& stations, std::vector<std::string>& rows) {
  systems.insert(systems.end(), chunk.new_systems.begin(), chunk.new_systems.end());
  stations.resize(systems.size());
  std::vector<std::pair<std::int64_t, std::string>> by_record;
  for (const Batch& batch : chunk.batches) {
    auto& names = stations.at(batch.system);
    names.insert(names.end(), batch.new_stations.begin(), batch.new_stations.end());
    EXPECT_EQ(batch.first.partition, 3);
    for (const Record& record : batch.records) {
      by_record.emplace_back(
          batch.first.offset + record.offset,
          fmt::format("{}/{} {:+} {}/{} @{}", systems[batch.system], names.at(record.station),
                      record.observed_at - kPoll, record.counts.bikes, record.counts.racks,
                      batch.first.offset + record.offset));
    }
  }
  std::ranges::sort(by_record);
  for (auto& [record, text] : by_record) rows.push_back(std::move(text));
}

Taken take(const std::string& path, ColumnSettings with = settings(), std::int64_t from = 0) {
  Taken taken;
  auto file = open_file(path, O_RDONLY);
  if (!file) return {{}, {}, {}, file.error().message};
  SystemNames names;
  auto input = ParquetInput::open(*file, std::move(with), names);
  if (!input) return {{}, {}, {}, input.error().message};
  if (from > 0) {
    if (auto skipped = input->skip_to(from); !skipped) return {{}, {}, {}, skipped.error().message};
  }
  std::vector<std::string> systems;
  std::vector<std::vector<std::string>> stations;
  for (;;) {
    auto chunk = input->next();
    if (!chunk) {
      taken.error = chunk.error().message;
      break;
    }
    if (!*chunk) break;
    put_rows(**chunk, systems, stations, taken.rows);
    taken.refused.insert(taken.refused.end(), (*chunk)->refused.begin(), (*chunk)->refused.end());
    taken.chunks.push_back(**chunk);
  }
  return taken;
}

std::string error_of(std::string_view name) { return take(sample(name)).error; }

TEST(ParquetInput, TypesThatAreTheSame) {
  for (const char* name :
       {"plain", "dictionaries", "large_strings", "string_views", "binary",
        "not_dictionary_encoded", "timestamp_ms", "timestamp_us", "timestamp_ns", "both_names"}) {
    const Taken taken = take(sample(name));
    EXPECT_EQ(taken.error, "") << name;
    EXPECT_THAT(taken.rows, ElementsAre("seoul/ST-4 +0 3/15 @0", "seoul/ST-5 +0 0/8 @1",
                                        "seoul/ST-4 +30 2/15 @2", "seoul/ST-5 +30 10000/-1 @3"))
        << name;
    EXPECT_THAT(taken.refused, SizeIs(0));
  }
}

TEST(ParquetInput, OtherTypes) {
  EXPECT_THAT(take(sample("small_integers")).rows,
              ElementsAre("seoul/4 +0 3/15 @0", "seoul/70000 +0 0/8 @1", "seoul/4 +30 2/15 @2",
                          "seoul/70000 +30 100/-1 @3"));
  EXPECT_THAT(take(sample("texts")).rows,
              ElementsAre("seoul/ST-4 -3600 3/15 @0", "seoul/ST-5 +0 0/8 @1",
                          "seoul/ST-4 +30 2/-1 @2", "seoul/ST-5 +30 10000/-1 @3"));
  // INT96 has no zone: local time, nine hours ahead of UTC.
  EXPECT_THAT(take(sample("timestamp_int96")).rows,
              ElementsAre("seoul/ST-4 -32400 3/15 @0", "seoul/ST-5 -32400 0/8 @1",
                          "seoul/ST-4 -32370 2/15 @2", "seoul/ST-5 -32370 10000/-1 @3"));
  for (const char* name : {"no_racks", "null_racks"}) {
    EXPECT_THAT(take(sample(name)).rows,
                ElementsAre("seoul/ST-4 +0 3/-1 @0", "seoul/ST-5 +0 0/-1 @1",
                            "seoul/ST-4 +30 2/-1 @2", "seoul/ST-5 +30 10000/-1 @3"));
  }
  EXPECT_THAT(take(sample("topic_names")).rows,
              ElementsAre("seoul/ST-4 +0 3/15 @0", "seoul/ST-5 +0 0/8 @1", "seoul/ST-4 +30 2/15 @2",
                          "seoul/ST-5 +30 10000/-1 @3"));
}

TEST(ParquetInput, SystemsOfTheirOwn) {
  const Taken taken = take(sample("systems"));
  EXPECT_THAT(taken.rows, ElementsAre("seoul/ST-4 +0 3/15 @0", "seoul/ST-5 +0 0/8 @1",
                                      "seoul/ST-4 +30 2/15 @2", "busan/ST-5 +30 10000/-1 @3"));
  ASSERT_THAT(taken.chunks, SizeIs(1));
  EXPECT_THAT(taken.chunks[0].new_systems, ElementsAre("seoul", "busan"));
  ASSERT_THAT(taken.chunks[0].batches, SizeIs(2));
  EXPECT_THAT(taken.chunks[0].batches[0].new_stations, ElementsAre("ST-4", "ST-5"));
  EXPECT_THAT(taken.chunks[0].batches[1].new_stations, ElementsAre("ST-5"));
}

TEST(ParquetInput, NamesKnownBefore) {
  SystemNames names;
  names.intern("oslo");
  names.stations(names.intern("seoul")).intern("ST-5");
  const auto file = open_file(sample("plain"), O_RDONLY);
  auto input = ParquetInput::open(*file, settings(), names);
  ASSERT_TRUE(input);
  const auto chunk = input->next();
  ASSERT_TRUE(chunk && *chunk);
  EXPECT_THAT((*chunk)->new_systems, SizeIs(0));
  ASSERT_THAT((*chunk)->batches, SizeIs(1));
  const Batch& batch = (*chunk)->batches[0];
  EXPECT_EQ(batch.system, 1U);
  EXPECT_THAT(batch.new_stations, ElementsAre("ST-4"));
  EXPECT_EQ(batch.records[0].station, 1U);
  EXPECT_EQ(batch.records[1].station, 0U);
}

TEST(ParquetInput, OtherNames) {
  ColumnSettings with = settings();
  with.names.station_id = "station";
  EXPECT_THAT(take(sample("misnamed"), with).rows, SizeIs(4));
  EXPECT_THAT(
      error_of("misnamed"),
      HasSubstr("has no column station_id (or stationId); did you mean 'station'? (its columns: "
                "station, observed_at, bikes, racks"));
  with.names.racks = "docks";
  EXPECT_THAT(take(sample("misnamed"), with).error, HasSubstr("has no column docks"));
}

TEST(ParquetInput, LocalTimes) {
  ColumnSettings with = settings();
  with.system = "chicago";
  const Seconds midnight = 1'383'454'800;  // 2013-11-03T05:00:00Z, 00:00 in Chicago
  const auto row = [&](int minutes, int record) {
    return fmt::format("chicago/5 {:+} {}/-1 @{}", midnight + minutes * kMinute - kPoll, record,
                       record);
  };
  const Taken taken = take(sample("local_times"), with);
  // 00:59, 01:00, 01:59; then 01:00, 01:20 for the second time; 02:00.
  const std::vector<std::string> rows = {row(59, 0),  row(60, 1),  row(119, 2),
                                         row(120, 3), row(140, 4), row(180, 5)};
  EXPECT_EQ(taken.rows, rows);
  ASSERT_THAT(taken.refused, SizeIs(1));
  EXPECT_EQ(taken.refused[0].refusal.reason, Reason::kNoSuchLocalTime);
  EXPECT_THAT(taken.refused[0].refusal.detail, HasSubstr("2013-03-10 02:30:00"));
  // Going on anywhere, a time that occurs twice is the same as before.
  for (std::size_t from = 1; from < rows.size(); ++from) {
    EXPECT_EQ(take(sample("local_times"), with, static_cast<std::int64_t>(from)).rows,
              std::vector(rows.begin() + static_cast<std::ptrdiff_t>(from), rows.end()));
  }
  with.zone_of = [](std::string_view system) -> Result<Zone> {
    return fail("no zone for {}", system);
  };
  EXPECT_EQ(take(sample("local_times"), with).error, "input: no zone for chicago");
}

TEST(ParquetInput, RefusedRows) {
  const Taken taken = take(sample("refused"));
  EXPECT_EQ(taken.error, "");
  EXPECT_THAT(taken.rows, ElementsAre("seoul/ST-4 +0 1/15 @0", "seoul/ST-4 +30 2/-1 @13"));
  const std::vector<Reason> reasons = {
      Reason::kMissingStation, Reason::kBadStation,   Reason::kBadStation, Reason::kBadStation,
      Reason::kBadStation,     Reason::kMissingBikes, Reason::kBadBikes,   Reason::kBadBikes,
      Reason::kMissingTime,    Reason::kBadTime,      Reason::kBadTime,    Reason::kBadTime};
  ASSERT_EQ(taken.refused.size(), reasons.size());
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    EXPECT_EQ(taken.refused[i].refusal.reason, reasons[i]) << i;
    EXPECT_EQ(taken.refused[i].position, (Position{3, static_cast<std::int64_t>(i + 1)}));
    EXPECT_EQ(taken.refused[i].source, "input");
    EXPECT_EQ(taken.refused[i].received_at, 77);
  }
  EXPECT_EQ(taken.refused[6].refusal.detail,
            "bikes: found -1, expected a whole number from 0 to 10000");
  EXPECT_EQ(
      taken.refused[6].record,
      R"({"system":"seoul","station_id":"ST-4","observed_at":1723384800,"bikes":-1,"racks":-1})");
  EXPECT_EQ(
      taken.refused[0].record,
      R"({"system":"seoul","station_id":null,"observed_at":1723384800,"bikes":null,"racks":null})");
}

TEST(ParquetInput, NamesThatAreNoText) {
  const Taken taken = take(sample("bad_utf8"));
  EXPECT_THAT(taken.rows, ElementsAre("seoul/ST-4 +0 3/15 @0", "seoul/ST-4 +30 2/15 @2",
                                      "seoul/é +30 10000/-1 @3"));
  ASSERT_THAT(taken.refused, SizeIs(1));
  EXPECT_EQ(taken.refused[0].refusal.reason, Reason::kBadStation);
}

TEST(ParquetInput, GoesOnAtAnyRecord) {
  const Taken all = take(sample("groups"));
  ASSERT_THAT(all.rows, SizeIs(500));
  EXPECT_EQ(all.rows[123], "seoul/S4 +123 3/-1 @123");
  for (const std::int64_t from : {1, 99, 100, 101, 250, 499, 500}) {
    const Taken rest = take(sample("groups"), settings(), from);
    EXPECT_EQ(rest.rows, std::vector(all.rows.begin() + from, all.rows.end())) << from;
    ASSERT_FALSE(rest.chunks.empty());
    EXPECT_TRUE(rest.chunks.back().ends_input);
  }
  EXPECT_THAT(take(sample("groups"), settings(), 501).error, HasSubstr("has 500 records"));
}

TEST(ParquetInput, TellsHowFarItIs) {
  const Taken all = take(sample("groups"));
  std::int64_t records = 0, bytes = 0;
  for (const InputChunk& chunk : all.chunks) {
    EXPECT_EQ(chunk.input, 3U);
    EXPECT_GT(chunk.records, records);
    EXPECT_GT(chunk.bytes, bytes);
    records = chunk.records;
    bytes = chunk.bytes;
    EXPECT_EQ(chunk.ends_input, records == 500);
  }
  EXPECT_EQ(records, 500);
  const Taken none = take(sample("empty"));
  EXPECT_EQ(none.error, "");
  ASSERT_THAT(none.chunks, SizeIs(1));
  EXPECT_TRUE(none.chunks[0].ends_input);
  EXPECT_THAT(none.chunks[0].batches, SizeIs(0));
}

TEST(ParquetInput, ColumnsThatCannotBe) {
  EXPECT_EQ(error_of("float_bikes"),
            "input: column 'bikes' is double, expected an integer, or digits as string");
  EXPECT_THAT(error_of("float_times"),
              HasSubstr("column 'observed_at' is double, expected a timestamp"));
  EXPECT_THAT(error_of("date_times"), HasSubstr("column 'observed_at' is date32"));
  EXPECT_THAT(error_of("bool_bikes"), HasSubstr("column 'bikes' is bool"));
  EXPECT_THAT(error_of("null_bikes"), HasSubstr("column 'bikes' is null"));
  EXPECT_THAT(error_of("list_station"), HasSubstr("has no column station_id"));
}

std::string slurp(const std::string& path) {
  std::stringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

// The input that these bytes are as a file.
Taken take_bytes(std::string_view bytes) {
  std::string path = testing::TempDir() + "/parquet_input_XXXXXX";
  const File file(mkstemp(path.data()));
  EXPECT_TRUE(write_all(file, bytes, path));
  Taken taken = take(path);
  unlink(path.c_str());
  return taken;
}

TEST(ParquetInput, FilesThatAreNone) {
  EXPECT_THAT(error_of("encrypted"), HasSubstr("is encrypted"));
  EXPECT_THAT(error_of("encrypted_columns"), HasSubstr("is encrypted"));
  EXPECT_THAT(take("test/parquet").error, HasSubstr("no regular file"));
  EXPECT_THAT(take("/dev/null").error, HasSubstr("no regular file"));
  EXPECT_EQ(take_bytes("").error, "input: is empty");
  EXPECT_THAT(take_bytes("station_id,bikes\n").error, HasSubstr("no Parquet file"));
  const std::string plain = slurp(sample("plain"));
  for (std::size_t size = 4; size < plain.size(); size += 7) {
    EXPECT_THAT(take_bytes(plain.substr(0, size)).error, HasSubstr("is cut off"));
  }
}

// Any byte changed: rows or an error with the input's name.
TEST(ParquetInput, AnyByteChanged) {
  int errors = 0;
  for (const char* name : {"plain", "dictionaries", "topic_names"}) {
    const std::string good = slurp(sample(name));
    for (std::size_t at = 0; at < good.size(); ++at) {
      std::string changed = good;
      changed[at] = static_cast<char>(changed[at] ^ (at % 2 == 0 ? 0xff : 0x10));
      const Taken taken = take_bytes(changed);
      if (taken.error.empty()) continue;
      ++errors;
      EXPECT_TRUE(taken.error.starts_with("input: ")) << taken.error;
    }
  }
  EXPECT_GT(errors, 500);
}

TEST(ParquetInput, DamageInTheMiddleComesAfterWhatIsGood) {
  std::string bytes = slurp(sample("groups"));
  // The third group's pages; the footer stays.
  const std::size_t middle = bytes.size() * 2 / 5;
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(middle), 60, '\xff');
  const Taken taken = take_bytes(bytes);
  EXPECT_FALSE(taken.rows.empty());
  EXPECT_LT(taken.rows.size(), 500U);
  EXPECT_THAT(taken.error, HasSubstr(fmt::format("is damaged after record {}", taken.rows.size())));
}

}  // namespace
}  // namespace bikeflow
