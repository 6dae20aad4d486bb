#include "io/sorted_stream.h"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <random>

#include <gmock/gmock.h>

#include "test/child.h"

namespace bikeflow {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// What a reader of files would give.
class Chunks final : public RecordStream {
 public:
  explicit Chunks(std::deque<InputChunk> chunks, std::string error = "")
      : chunks_(std::move(chunks)), error_(std::move(error)) {}
  Result<std::optional<InputChunk>> next() override {
    if (chunks_.empty() && !error_.empty()) return fail("{}", error_);
    if (chunks_.empty()) return std::nullopt;
    read_ += 1000;
    InputChunk chunk = std::move(chunks_.front());
    chunks_.pop_front();
    return chunk;
  }
  [[nodiscard]] std::int64_t stored_bytes_read() const override { return read_; }

 private:
  std::deque<InputChunk> chunks_;
  std::string error_;
  std::int64_t read_ = 0;
};

struct Seen {
  std::string system, station;
  Seconds time;
  std::int16_t bikes;
  Position position;
  friend bool operator==(const Seen&, const Seen&) = default;
};

// Systems and their stations, in the order in which they were met.
struct Met {
  std::vector<std::string> systems;
  std::vector<std::vector<std::string>> stations;

  static std::uint32_t number_of(std::vector<std::string>& names, const std::string& name) {
    const auto found = std::ranges::find(names, name);
    const auto number = static_cast<std::uint32_t>(found - names.begin());
    if (found == names.end()) names.push_back(name);
    return number;
  }
  std::uint32_t system(const std::string& name) {
    const std::uint32_t number = number_of(systems, name);
    stations.resize(systems.size());
    return number;
  }
  [[nodiscard]] std::vector<std::size_t> sizes() const {
    std::vector<std::size_t> sizes;
    for (const auto& names : stations) sizes.push_back(names.size());
    return sizes;
  }
};

// Two inputs, each in the order of its stations; systems and stations are first met in an order
// that is not the one of time. Numbered on from what was met before, as a reader does.
struct Export {
  std::deque<InputChunk> chunks;
  std::vector<Seen> in_order;  // of the inputs
};
constexpr std::int64_t kDeadLetters = 12;
constexpr std::int64_t kObservations = 600;

Export make_export(Met met) {
  Export made;
  std::mt19937 random(7);
  for (std::size_t input = 3; input < 5; ++input) {
    const auto partition = static_cast<std::int32_t>(input);
    std::int64_t first = 0;
    for (int station = 0; station < 6; ++station) {
      const std::string system = station < 4 ? "a" : "b";
      const std::string name = fmt::format("station {}", station);
      InputChunk chunk;
      chunk.input = input;
      Batch batch;
      const std::size_t systems = met.systems.size();
      batch.system = met.system(system);
      if (met.systems.size() > systems) chunk.new_systems.push_back(system);
      auto& names = met.stations[batch.system];
      const std::size_t stations = names.size();
      const std::uint32_t number = Met::number_of(names, name);
      if (names.size() > stations) batch.new_stations.push_back(name);
      batch.first = {partition, first};
      chunk.refused.push_back({"s", {partition, first}, 0, {}, ""});
      for (std::uint32_t i = 1; i <= 50; ++i) {
        // Later stations begin earlier.
        const Seconds time = 60 * static_cast<Seconds>(random() % 100) - 600 * station;
        const auto bikes = static_cast<std::int16_t>(random() % 30);
        batch.records.push_back(
            {.observed_at = time, .counts = {bikes, 9}, .station = number, .offset = i});
        made.in_order.push_back({system, name, time, bikes, {partition, first + i}});
      }
      first += 51;
      chunk.batches.push_back(std::move(batch));
      chunk.records = first;
      chunk.ends_input = station == 5;
      made.chunks.push_back(std::move(chunk));
    }
  }
  return made;
}

struct Outcome {
  std::vector<Seen> seen;
  std::vector<Position> refused;
  std::vector<std::int64_t> records;  // of each chunk
  bool has_ended = false;
  std::string error;
};

// As the tasks see it: what is in a chunk must fit what was in those before it.
Outcome read_all(SortedStream& stream, Met met) {
  Outcome outcome;
  while (true) {
    auto chunk = stream.next();
    if (!chunk) {
      outcome.error = chunk.error().message;
      return outcome;
    }
    if (!*chunk) return outcome;
    EXPECT_FALSE(outcome.has_ended);
    EXPECT_EQ((*chunk)->input, 3);
    outcome.has_ended = (*chunk)->ends_input;
    outcome.records.push_back((*chunk)->records);
    for (const std::string& name : (*chunk)->new_systems) met.system(name);
    for (const DeadLetter& letter : (*chunk)->refused) outcome.refused.push_back(letter.position);
    for (const Batch& batch : (*chunk)->batches) {
      auto next = batch.new_stations.begin();
      for (const Record& record : batch.records) {
        auto& names = met.stations.at(batch.system);
        if (record.station == names.size()) {
          if (next == batch.new_stations.end()) {
            outcome.error = "a station without a name";
            return outcome;
          }
          names.push_back(*next++);
        }
        outcome.seen.push_back({met.systems.at(batch.system), names.at(record.station),
                                record.observed_at, record.counts.bikes, batch.position(record)});
      }
      EXPECT_EQ(next, batch.new_stations.end());
    }
  }
}

std::vector<Seen> of_system(const std::vector<Seen>& seen, const std::string& system) {
  std::vector<Seen> of;
  std::ranges::copy_if(seen, std::back_inserter(of),
                       [&](const Seen& s) { return s.system == system; });
  return of;
}

std::vector<Seen> by_time(std::vector<Seen> seen) {
  std::ranges::stable_sort(seen, {}, &Seen::time);
  return seen;
}

class SortedStreamTest : public ::testing::Test {
 protected:
  std::unique_ptr<SortedStream> open(const Met& met, std::int64_t handed_over) {
    auto stream = SortedStream::open(std::make_unique<Chunks>(make_export(met).chunks), met.sizes(),
                                     {.folder = folder_.path(),
                                      .first_input = 3,
                                      .handed_over = handed_over,
                                      .stored_bytes = 12'000,
                                      .memory_bytes = ExternalSort::kFanIn * sizeof(SortItem)});
    EXPECT_TRUE(stream) << stream.error().message;
    return *std::move(stream);
  }
  TempFolder folder_;
};

TEST_F(SortedStreamTest, HandsOverAllObservationsInTheOrderOfTimeAndKeepsTheirPlaces) {
  const Outcome outcome = read_all(*open({}, 0), {});
  EXPECT_EQ(outcome.error, "");
  EXPECT_TRUE(outcome.has_ended);
  EXPECT_EQ(outcome.seen.size(), kObservations);
  const std::vector<Seen> expected = by_time(make_export({}).in_order);
  for (const char* system : {"a", "b"}) {
    EXPECT_TRUE(of_system(outcome.seen, system) == of_system(expected, system)) << system;
  }
  EXPECT_EQ(outcome.refused.size(), kDeadLetters);
  EXPECT_TRUE(std::ranges::is_sorted(outcome.refused));
  EXPECT_EQ(outcome.records.back(), kDeadLetters + kObservations);
  EXPECT_TRUE(std::ranges::is_sorted(outcome.records));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path())) << "the file has no name";
}

TEST_F(SortedStreamTest, ProgressGoesFromNothingToAll) {
  auto stream = open({}, 0);
  EXPECT_EQ(stream->stored_bytes_read(), 0);
  std::int64_t last = 0;
  while (true) {
    const auto chunk = stream->next();
    if (!*chunk) break;
    EXPECT_GE(stream->stored_bytes_read(), last);
    last = stream->stored_bytes_read();
  }
  EXPECT_EQ(last, 12'000);
}

TEST_F(SortedStreamTest, GoesOnWhereverARunWasInterrupted) {
  const Outcome whole = read_all(*open({}, 0), {});
  const std::vector<Seen> in_order = by_time(make_export({}).in_order);
  for (const std::int64_t handed_over : {1L, 11L, 12L, 13L, 14L, 100L, 611L, 612L}) {
    const std::int64_t observations = std::max<std::int64_t>(0, handed_over - kDeadLetters);
    Met met;
    for (const Seen& seen : std::span(in_order).first(static_cast<std::size_t>(observations))) {
      Met::number_of(met.stations[met.system(seen.system)], seen.station);
    }
    const Outcome rest = read_all(*open(met, handed_over), met);
    EXPECT_EQ(rest.error, "");
    EXPECT_TRUE(rest.has_ended);
    const std::size_t letters =
        static_cast<std::size_t>(std::max<std::int64_t>(0, kDeadLetters - handed_over));
    ASSERT_EQ(rest.refused.size(), letters) << handed_over;
    EXPECT_TRUE(std::ranges::equal(rest.refused, std::span(whole.refused).last(letters)));
    ASSERT_EQ(rest.seen.size(), kObservations - observations) << handed_over;
    for (const char* system : {"a", "b"}) {
      const auto expected = std::vector<Seen>(in_order.begin() + observations, in_order.end());
      EXPECT_TRUE(of_system(rest.seen, system) == of_system(expected, system)) << handed_over;
    }
    EXPECT_GE(rest.records.front(), handed_over);
    EXPECT_EQ(rest.records.back(), kDeadLetters + kObservations);
  }
}

TEST_F(SortedStreamTest, OtherInputsThanBeforeAreRefused) {
  const Outcome outcome = read_all(*open({}, 613), {});
  EXPECT_THAT(outcome.error, HasSubstr("they are other inputs now"));
}

TEST_F(SortedStreamTest, AnErrorOfTheInputsIsPassedOn) {
  auto stream = SortedStream::open(std::make_unique<Chunks>(make_export({}).chunks, "damaged"), {},
                                   {.folder = folder_.path(), .first_input = 3});
  const Outcome outcome = read_all(**stream, {});
  EXPECT_EQ(outcome.error, "damaged");
  EXPECT_EQ(outcome.seen.size(), 0);
}

TEST_F(SortedStreamTest, AFullDiskIsAnError) {
  EXPECT_THAT(
      on_small_disk(folder_.path(), "8k", [&] { return read_all(*open({}, 0), {}).error; }),
      AnyOf(StartsWith("no space left for a temporary file in " + folder_.path()), kNoMounts));
}

TEST_F(SortedStreamTest, NothingIsInNothing) {
  auto stream = SortedStream::open(std::make_unique<Chunks>(std::deque<InputChunk>{}), {},
                                   {.folder = folder_.path(), .first_input = 3});
  const Outcome outcome = read_all(**stream, {});
  EXPECT_TRUE(outcome.has_ended);
  EXPECT_EQ(outcome.records.back(), 0);
}

}  // namespace
}  // namespace bikeflow
