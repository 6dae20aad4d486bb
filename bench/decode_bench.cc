// Records decoded a second on one core, from text in memory.
//
//   ./dev bench decode
//
// The text is some polls of Seoul's stations with their real names (examples/seoul-stations.csv), a
// record a line. BesideOnDemand passes over the same text in turn with the decoder and with
// simdjson's on-demand parser, which only finds the three fields that are needed, as raw text:
// `ratio` is the decoder's time over that pass's. The decoder checks the whole grammar and UTF-8,
// and reads counts, time and zone.

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <simdjson.h>

#include <cstring>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#include "feed/record_reader.h"

namespace bikeflow {
namespace {

constexpr Seconds kStart = 1'723'383'000;
constexpr int kPolls = 8;

struct Row {
  std::string number, name, longitude, latitude;
};

// Nothing where the file is not found: run it in the root of the checkout.
std::vector<Row> stations() {
  std::ifstream file("examples/seoul-stations.csv");
  std::vector<Row> rows;
  std::string line;
  while (std::getline(file, line) && rows.size() < 2800) {
    CsvCursor cursor(line, ',');
    std::vector<std::string> fields;
    for (CsvField field; cursor.next(field);) fields.emplace_back(field.text);
    if (fields.size() == 5) rows.push_back({fields[0], fields[1], fields[3], fields[4]});
  }
  if (!rows.empty()) rows.erase(rows.begin());  // the header
  return rows;
}

// A line for each station and poll; `write` gets the poll's time, the station and its counts.
template <class Write>
std::string text_of_polls(const Write& write) {
  std::string text;
  std::uint64_t random = 1;
  for (int poll = 0; poll < kPolls; ++poll) {
    for (const Row& row : stations()) {
      random = random * 6364136223846793005U + 1442695040888963407U;
      write(text, kStart + 30 * poll, row, (random >> 33) % 25, 5 + (random >> 40) % 20);
    }
  }
  return text;
}

std::string topic_text() {
  return text_of_polls([](std::string& text, Seconds time, const Row& row, auto bikes, auto racks) {
    std::string local = format_utc(time + 9 * kHour);
    local.pop_back();
    local[10] = ' ';
    fmt::format_to(std::back_inserter(text),
                   R"({{"rackTotCnt":"{}","stationName":"{}. {}","parkingBikeTotCnt":"{}",)"
                   R"("shared":"{}","stationLatitude":"{}","stationLongitude":"{}",)"
                   R"("stationId":"ST-{}","timestamp":"{}"}})"
                   "\n",
                   racks, row.number, row.name, bikes, bikes * 100 / racks, row.latitude,
                   row.longitude, std::stoi(row.number) - 98, local);
  });
}

// `is_mixed`: the keys in an order that changes from record to record, so that no shape holds.
std::string file_text(bool is_mixed) {
  return text_of_polls(
      [=](std::string& text, Seconds time, const Row& row, auto bikes, auto racks) {
        const std::string id = fmt::format(R"("station_id":"ST-{}")", row.number);
        const std::string at = fmt::format(R"("observed_at":{})", time);
        const std::string counts = fmt::format(R"("bikes":{},"racks":{})", bikes, racks);
        const bool is_turned = is_mixed && bikes % 2 == 0;
        text += fmt::format("{{{},{},{}{}}}\n", is_turned ? at : id, is_turned ? id : at,
                            is_mixed && bikes % 3 == 0 ? " " : "", counts);
      });
}

std::string csv_text() {
  return text_of_polls([](std::string& text, Seconds time, const Row& row, auto bikes, auto racks) {
    text += fmt::format("ST-{},{},{},{}\n", row.number, time, bikes, racks);
  });
}

// Frames and decodes all records; the number of observations.
std::int64_t pass(RecordReader& reader, std::string_view records) {
  std::int64_t observations = 0;
  Seconds near = 0;
  while (const auto frame = reader.next(records)) {
    const Decoded decoded = reader.decode(*frame, near);
    if (!decoded) continue;
    near = decoded->observed_at;
    ++observations;
  }
  return observations;
}

// Finds three fields in each line; the number of lines that have them. Requires: padding behind
// `text`.
std::int64_t bare_pass(simdjson::ondemand::parser& parser, std::string_view text) {
  std::int64_t found = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    const auto* line_end =
        static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
    const auto size = static_cast<std::size_t>(line_end - at);
    simdjson::ondemand::document document;
    simdjson::ondemand::object object;
    simdjson::ondemand::raw_json_string bikes;
    simdjson::ondemand::raw_json_string station;
    simdjson::ondemand::raw_json_string time;
    const bool is_found =
        !parser.iterate(at, size, size + simdjson::SIMDJSON_PADDING).get(document) &&
        !document.get_object().get(object) &&
        !object.find_field("parkingBikeTotCnt").get_raw_json_string().get(bikes) &&
        !object.find_field("stationId").get_raw_json_string().get(station) &&
        !object.find_field("timestamp").get_raw_json_string().get(time);
    benchmark::DoNotOptimize(bikes);
    benchmark::DoNotOptimize(station);
    benchmark::DoNotOptimize(time);
    found += static_cast<std::int64_t>(is_found);
    at = line_end + 1;
  }
  return found;
}

void run(benchmark::State& state, RecordReader reader, const std::string& text) {
  const auto records = static_cast<std::int64_t>(stations().size()) * kPolls;
  if (records == 0) state.SkipWithError("examples/seoul-stations.csv is not here");
  for (auto _ : state) {
    if (pass(reader, text) != records) state.SkipWithError("a record was refused");
  }
  state.SetItemsProcessed(state.iterations() * records);
  state.counters["record_bytes"] = static_cast<double>(text.size()) / static_cast<double>(records);
}

Zone seoul() { return Zone::load("Asia/Seoul").value(); }

void topic_form(benchmark::State& state) {
  run(state, RecordReader(JsonRecordDecoder(seoul())), topic_text());
}
void file_form(benchmark::State& state) {
  run(state, RecordReader(JsonRecordDecoder(seoul())), file_text(false));
}
void file_form_of_changing_shape(benchmark::State& state) {
  run(state, RecordReader(JsonRecordDecoder(seoul())), file_text(true));
}
void csv(benchmark::State& state) {
  run(state,
      RecordReader(CsvRecordDecoder::open("station_id,observed_at,bikes,racks", seoul()).value()),
      csv_text());
}

void topic_form_beside_on_demand(benchmark::State& state) {
  const std::string text = topic_text();
  std::string padded = text;
  padded.append(simdjson::SIMDJSON_PADDING, ' ');
  const auto records = static_cast<std::int64_t>(stations().size()) * kPolls;
  RecordReader reader{JsonRecordDecoder(seoul())};
  simdjson::ondemand::parser parser;
  // Processor time, as a busy machine would disturb the ratio of anything else.
  std::clock_t ours = 0;
  std::clock_t bare = 0;
  for (auto _ : state) {
    const std::clock_t begin = std::clock();
    if (pass(reader, text) != records) state.SkipWithError("a record was refused");
    const std::clock_t middle = std::clock();
    if (bare_pass(parser, std::string_view(padded).substr(0, text.size())) != records) {
      state.SkipWithError("a field was not found");
    }
    ours += middle - begin;
    bare += std::clock() - middle;
  }
  const auto ns_a_record = [&](std::clock_t ticks) {
    return static_cast<double>(ticks) * (1e9 / CLOCKS_PER_SEC) /
           static_cast<double>(state.iterations() * records);
  };
  state.counters["ns_decoder"] = ns_a_record(ours);
  state.counters["ns_on_demand"] = ns_a_record(bare);
  state.counters["ratio"] = static_cast<double>(ours) / static_cast<double>(bare);
}

BENCHMARK(topic_form);
BENCHMARK(topic_form_beside_on_demand);
BENCHMARK(file_form);
BENCHMARK(file_form_of_changing_shape);
BENCHMARK(csv);

}  // namespace
}  // namespace bikeflow

BENCHMARK_MAIN();
