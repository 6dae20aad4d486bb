#include "io/input_reader.h"

#include <algorithm>
#include <random>

#include <gmock/gmock.h>

#include "test/child.h"
#include "test/compress.h"

namespace bikeflow {
namespace {

using ::testing::HasSubstr;

// Everything that a stream handed over, as the tasks would see it.
struct Outcome {
  struct Seen {
    std::string system, station;
    Seconds time;
    Counts counts;
    Position position;
    std::string raw;
    friend bool operator==(const Seen&, const Seen&) = default;
  };
  std::vector<Seen> seen;  // sorted by position: the order between systems of a chunk is not kept
  std::vector<DeadLetter> refused;
  std::vector<KnownSystem> systems;
  std::vector<InputChunk> chunks;  // without their contents
  std::string error;
};

void take(InputChunk chunk, Outcome& outcome) {
  const std::size_t first = outcome.seen.size();
  for (const std::string& name : chunk.new_systems) outcome.systems.push_back({name, {}});
  for (const Batch& batch : chunk.batches) {
    KnownSystem& system = outcome.systems.at(batch.system);
    auto next = batch.new_stations.begin();
    Position last{-1, -1};
    for (const Record& record : batch.records) {
      if (record.station == system.stations.size()) {
        ASSERT_NE(next, batch.new_stations.end()) << "a station without a name";
        system.stations.push_back(*next++);
      }
      const Position position = batch.position(record);
      ASSERT_LT(last, position);
      last = position;
      outcome.seen.push_back({system.id, system.stations.at(record.station), record.observed_at,
                              record.counts, position, raw_record(batch, record, "")});
    }
    ASSERT_EQ(next, batch.new_stations.end());
  }
  std::ranges::sort(std::span(outcome.seen).subspan(first), {}, &Outcome::Seen::position);
  std::ranges::move(chunk.refused, std::back_inserter(outcome.refused));
  chunk.batches.clear();
  chunk.refused.clear();
  outcome.chunks.push_back(std::move(chunk));
}

Outcome read_all(RecordStream& stream, const std::vector<KnownSystem>& known = {}) {
  Outcome outcome;
  outcome.systems = known;
  while (true) {
    auto chunk = stream.next();
    if (!chunk) {
      outcome.error = chunk.error().message;
      return outcome;
    }
    if (!*chunk) return outcome;
    take(**std::move(chunk), outcome);
  }
}

class InputReaderTest : public ::testing::Test {
 protected:
  PlannedInput plan(const std::string& name, std::size_t index, std::int64_t records = 0,
                    std::int64_t bytes = 0) const {
    PlannedInput planned{.path = folder_ / name, .state = {}, .index = index};
    planned.state.name = name;
    planned.state.records = records;
    planned.state.bytes = bytes;
    return planned;
  }
  Outcome read(std::vector<PlannedInput> inputs, std::size_t threads = 3,
               const std::vector<KnownSystem>& known = {}, std::optional<Seconds> near = {}) {
    InputReader reader(std::move(inputs), settings_, known, near, threads);
    return read_all(reader, known);
  }
  void use_zone(const char* name) { settings_.zone = *Zone::load(name); }

  // Many chunks of several systems, with records that are none and stations that come late.
  static std::string mixed_text(unsigned seed, std::size_t lines) {
    std::mt19937 random(seed);
    std::string text;
    for (std::size_t i = 0; i < lines; ++i) {
      const std::size_t station = random() % (10 + i / 50);
      switch (random() % 50) {
        case 0:
          text += "{\"station_id\":\n";
          break;
        case 1:
          text += fmt::format("{{\"station_id\":\"ST-{}\",\"observed_at\":{}}}\n", station, i);
          break;
        case 2:
          text += "\n";
          break;
        default:
          text += fmt::format(
              R"({{"system":"{}","station_id":"ST-{}","observed_at":{},"bikes":{},"racks":9}})",
              "abc"[random() % 3], station, 1'700'000'000 + i, random() % 30);
          text += "\n";
      }
    }
    return text;
  }

  TempFolder folder_;
  ReaderSettings settings_{.names = {}, .zone = *Zone::load("UTC"), .system = "home", .now = 77};
};

TEST_F(InputReaderTest, HandsOverObservationsAndRefusalsWithTheirPlaces) {
  write_file(folder_ / "a.ndjson",
             "{\"station_id\":\"x\",\"observed_at\":1700000000,\"bikes\":1}\n"
             "{\"station_id\":\"y\"}\n"
             "\n"
             "{\"system\":\"other\",\"station_id\":\"x\",\"observed_at\":1700000060,\"bikes\":2,"
             "\"racks\":5}");
  write_file(folder_ / "b.csv", "station_id,observed_at,bikes\nz,1700000120,3\nx,1700000180,-4\n");
  const Outcome outcome = read({plan("a.ndjson", 4), plan("b.csv", 2)});
  EXPECT_EQ(outcome.error, "");
  ASSERT_EQ(outcome.seen.size(), 3);
  EXPECT_EQ(outcome.seen[0],
            (Outcome::Seen{"home",
                           "x",
                           1'700'000'000,
                           {1, Counts::kNoRacks},
                           {4, 0},
                           R"({"station_id":"x","observed_at":1700000000,"bikes":1})"}));
  EXPECT_EQ(outcome.seen[1].system, "other");
  EXPECT_EQ(outcome.seen[1].position, (Position{4, 3}));
  EXPECT_EQ(outcome.seen[1].counts, (Counts{2, 5}));
  EXPECT_EQ(
      outcome.seen[2],
      (Outcome::Seen{"home", "z", 1'700'000'120, {3, Counts::kNoRacks}, {2, 0}, "z,1700000120,3"}));
  ASSERT_EQ(outcome.refused.size(), 3);
  EXPECT_EQ(outcome.refused[0].refusal.reason, Reason::kMissingBikes);
  EXPECT_EQ(outcome.refused[0].position, (Position{4, 1}));
  EXPECT_EQ(outcome.refused[0].record, "{\"station_id\":\"y\"}");
  EXPECT_EQ(outcome.refused[0].source, "a.ndjson");
  EXPECT_EQ(outcome.refused[0].received_at, 77);
  EXPECT_EQ(outcome.refused[1].position, (Position{4, 2}));
  EXPECT_EQ(outcome.refused[1].record, "");
  EXPECT_EQ(outcome.refused[2].refusal.reason, Reason::kBadBikes);
  EXPECT_EQ(outcome.refused[2].position, (Position{2, 1}));
  ASSERT_EQ(outcome.chunks.size(), 2);
  EXPECT_EQ(outcome.chunks[0].input, 4);
  EXPECT_EQ(outcome.chunks[0].records, 4);
  EXPECT_TRUE(outcome.chunks[0].ends_input);
  EXPECT_EQ(outcome.chunks[1].records, 2);
  EXPECT_EQ(outcome.chunks[1].last_time, 1'700'000'120);
}

TEST_F(InputReaderTest, IsTheSameForAnyNumberOfThreadsAndAnyPacking) {
  const std::string text = mixed_text(1, 40'000);
  write_file(folder_ / "a", text);
  write_file(folder_ / "a.gz", gzip(text));
  write_file(folder_ / "a.zst", zstd(text));
  const Outcome one = read({plan("a", 0)}, 1);
  ASSERT_GE(one.chunks.size(), 5);
  EXPECT_EQ(one.seen.size() + one.refused.size(), 40'000);
  EXPECT_GT(one.refused.size(), 1000);
  EXPECT_EQ(one.systems.size(), 3);
  for (const std::size_t threads : {2, 5}) {
    for (const char* name : {"a", "a.gz", "a.zst"}) {
      const Outcome other = read({plan(name, 0)}, threads);
      EXPECT_EQ(other.error, "");
      EXPECT_TRUE(other.seen == one.seen) << name << " " << threads;
      ASSERT_EQ(other.refused.size(), one.refused.size());
      for (std::size_t i = 0; i < one.refused.size(); ++i) {
        EXPECT_EQ(other.refused[i].position, one.refused[i].position);
        EXPECT_EQ(other.refused[i].refusal, one.refused[i].refusal);
        EXPECT_EQ(other.refused[i].record, one.refused[i].record);
      }
    }
  }
}

TEST_F(InputReaderTest, GoesOnAtTheEndOfAnyChunk) {
  write_file(folder_ / "a", mixed_text(2, 20'000));
  write_file(folder_ / "b.gz", gzip(mixed_text(3, 20'000)));
  InputReader reader({plan("a", 0), plan("b.gz", 1)}, settings_, {}, {}, 2);
  const Outcome whole = read_all(reader);
  Outcome before;
  InputReader again({plan("a", 0), plan("b.gz", 1)}, settings_, {}, {}, 2);
  for (std::size_t i = 0; i + 1 < whole.chunks.size(); ++i) {
    take(**again.next(), before);
    const InputChunk& place = before.chunks.back();
    std::vector<PlannedInput> left;
    if (place.input == 0 && !place.ends_input)
      left.push_back(plan("a", 0, place.records, place.bytes));
    left.push_back(place.input == 1 ? plan("b.gz", 1, place.records, place.bytes)
                                    : plan("b.gz", 1));
    const Outcome rest = read(left, 2, before.systems, place.last_time);
    EXPECT_EQ(rest.error, "");
    ASSERT_EQ(before.seen.size() + rest.seen.size(), whole.seen.size()) << i;
    EXPECT_TRUE(std::ranges::equal(rest.seen, std::span(whole.seen).subspan(before.seen.size())))
        << i;
    EXPECT_EQ(before.refused.size() + rest.refused.size(), whole.refused.size());
    EXPECT_EQ(rest.refused.back().position, whole.refused.back().position);
    // The tasks number stations by the order of mention: the same as without an interruption.
    for (std::size_t s = 0; s < whole.systems.size(); ++s) {
      EXPECT_EQ(rest.systems[s].stations, whole.systems[s].stations);
    }
  }
}

TEST_F(InputReaderTest, ALocalTimeThatOccursTwiceIsTheOneNearestToTheObservationBeforeIt) {
  use_zone("Europe/Oslo");  // 2024-10-27 03:00 +02:00 becomes 02:00 +01:00
  const auto line = [](Seconds utc, int offset) {
    const Civil c = civil_from_seconds(utc + offset);
    return fmt::format(
        "{{\"stationId\":\"x\",\"timestamp\":\"{:04}-{:02}-{:02} {:02}:{:02}:{:02}\","
        "\"parkingBikeTotCnt\":\"5\"}}\n",
        c.year, c.month, c.day, c.hour, c.minute, c.second);
  };
  // Five observations a second, so that chunks begin inside of the hour that occurs twice.
  const Seconds change = 1'729'990'800;  // 01:00 UTC
  std::string text;
  std::vector<Seconds> expected;
  for (Seconds t = change - 7200; t < change + 7200; ++t) {
    for (int i = 0; i < 5; ++i) text += line(t, t < change ? 7200 : 3600);
    expected.insert(expected.end(), 5, t);
  }
  write_file(folder_ / "a", text);
  write_file(folder_ / "b", line(change + 600, 3600));
  const Outcome outcome = read({plan("a", 0)}, 3);
  std::vector<Seconds> times;
  for (const auto& seen : outcome.seen) times.push_back(seen.time);
  EXPECT_TRUE(times == expected);
  ASSERT_GE(outcome.chunks.size(), 8);

  // At the begin of an input: after the one before it, or after what an earlier run has read.
  write_file(folder_ / "before",
             line(change - 60, 7200) + line(change, 3600) + line(change + 300, 3600));
  EXPECT_EQ(read({plan("before", 0), plan("b", 1)}).seen.back().time, change + 600);
  EXPECT_EQ(read({plan("b", 0)}, 1, {}, change + 300).seen.back().time, change + 600);
  EXPECT_EQ(read({plan("b", 0)}, 1, {}, change - 7200).seen.back().time, change - 3000);
  EXPECT_EQ(read({plan("b", 0)}).seen.back().time, change - 3000)
      << "the earlier, where nothing is before";
}

// Parquet among text, plain and packed.
TEST_F(InputReaderTest, ReadsParquetAsItReadsText) {
  const std::string bytes = read_file("test/parquet/plain.parquet");
  ASSERT_TRUE(bytes.starts_with("PAR1"));
  write_file(folder_ / "a.parquet", bytes);
  write_file(folder_ / "b.parquet.gz", gzip(bytes));
  write_file(folder_ / "c.parquet.zst", zstd(bytes));
  write_file(folder_ / "d.ndjson", mixed_text(9, 100));
  const auto read_one = [&](const std::string& name) {
    auto input = recognise_input(folder_ / name, settings_);
    EXPECT_TRUE(input) << input.error().message;
    EXPECT_EQ(input->format, Format::kParquet);
    EXPECT_LT(input->state.first_time, kLatestTime);
    PlannedInput planned = plan(name, 0);
    planned.format = input->format;
    const Outcome outcome = read({planned, plan("d.ndjson", 1)});
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(outcome.chunks.back().records, 100);
    return outcome.seen;
  };
  const auto plain = read_one("a.parquet");
  EXPECT_EQ(plain.front().position, (Position{0, 0}));
  EXPECT_TRUE(read_one("b.parquet.gz") == plain);
  EXPECT_TRUE(read_one("c.parquet.zst") == plain);
  // Cut off, either within or without the packing.
  write_file(folder_ / "e.parquet.gz", gzip(bytes).substr(0, 500));
  EXPECT_THAT(recognise_input(folder_ / "e.parquet.gz", settings_).error().message,
              HasSubstr("gzip data break off at byte 500"));
  write_file(folder_ / "f.parquet.gz", gzip(bytes.substr(0, bytes.size() - 3)));
  EXPECT_THAT(recognise_input(folder_ / "f.parquet.gz", settings_).error().message,
              HasSubstr("cut off"));
}

TEST_F(InputReaderTest, DamageIsToldAfterWhatCameBeforeIt) {
  const std::string text = mixed_text(4, 30'000);
  const std::string packed = gzip(text);
  write_file(folder_ / "a.gz", packed.substr(0, packed.size() / 2));
  write_file(folder_ / "b", "{}\n");
  const Outcome outcome = read({plan("a.gz", 0), plan("b", 1)});
  EXPECT_GT(outcome.seen.size(), 10'000);
  EXPECT_LT(outcome.seen.size(), 20'000);
  EXPECT_EQ(outcome.chunks.back().records, outcome.seen.size() + outcome.refused.size());
  EXPECT_FALSE(outcome.chunks.back().ends_input);
  EXPECT_THAT(outcome.error, HasSubstr("data break off at byte"));
  // Put right, it goes on from there.
  write_file(folder_ / "a.gz", packed);
  const InputChunk& place = outcome.chunks.back();
  const Outcome rest = read({plan("a.gz", 0, place.records, place.bytes)}, 2, outcome.systems);
  EXPECT_EQ(rest.error, "");
  EXPECT_EQ(rest.chunks.back().records, 30'000);
}

TEST_F(InputReaderTest, AnInputThatIsMissingIsAnErrorAtItsTurn) {
  write_file(folder_ / "a", mixed_text(5, 100));
  const Outcome outcome = read({plan("a", 0), plan("missing", 1)});
  EXPECT_EQ(outcome.seen.size() + outcome.refused.size(), 100);
  EXPECT_THAT(outcome.error, HasSubstr("missing: cannot open: No such file"));
}

TEST_F(InputReaderTest, EmptyInputsEndToo) {
  write_file(folder_ / "a", "");
  write_file(folder_ / "b.csv", "station_id,observed_at,bikes\n");
  const Outcome outcome = read({plan("a", 0), plan("b.csv", 1)});
  EXPECT_EQ(outcome.error, "");
  ASSERT_EQ(outcome.chunks.size(), 2);
  EXPECT_TRUE(outcome.chunks[0].ends_input && outcome.chunks[1].ends_input);
  EXPECT_EQ(outcome.chunks[1].records, 0);
  EXPECT_EQ(read({}).chunks.size(), 0);
}

TEST_F(InputReaderTest, TellsHowManyStoredBytesItHasRead) {
  write_file(folder_ / "a", mixed_text(6, 20'000));
  const std::string packed = gzip(mixed_text(7, 20'000));
  write_file(folder_ / "b.gz", packed);
  InputReader reader({plan("a", 0), plan("b.gz", 1)}, settings_, {}, {}, 2);
  std::int64_t last = 0;
  while (true) {
    const auto chunk = reader.next();
    if (!*chunk) break;
    EXPECT_GE(reader.stored_bytes_read(), last);
    last = reader.stored_bytes_read();
  }
  EXPECT_EQ(last, std::filesystem::file_size(folder_ / "a") + packed.size());
}

TEST_F(InputReaderTest, CanBeGivenUpAtAnyTime) {
  write_file(folder_ / "a", mixed_text(8, 100'000));
  for (int chunks = 0; chunks < 4; ++chunks) {
    InputReader reader({plan("a", 0)}, settings_, {}, {}, 2);
    for (int i = 0; i < chunks; ++i) EXPECT_TRUE(reader.next()->has_value());
  }
  // Also while it waits for a pipe that nobody writes to.
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  const File keeps_it_open(::open((folder_ / "pipe").c_str(), O_RDWR));
  const InputReader reader({plan("pipe", 0)}, settings_, {}, {}, 1);
}

}  // namespace
}  // namespace bikeflow
