// A poll of Seoul's feed: its documents -> observations, on one core, from text in memory.
//
//   ./dev bench feed
//
// The documents are three pages with the real names (examples/seoul-stations.csv), 2,738 rows. Each
// pass goes over the same bytes in turn: our reading of a page, the whole dialogue of a poll (with
// stations told apart by id across pages), and simdjson's bare passes, which find the seven fields
// of each row as raw text on demand, or parse the page into its DOM. `ratio_on_demand` and
// `ratio_dom` are our reading's time over those; `ratio_poll` is the poll's over the on-demand
// pass.

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <simdjson.h>

#include <array>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#include "feed/csv_record.h"
#include "feed/seoul_source.h"

namespace bikeflow {
namespace {

constexpr std::int64_t kRowsAPage = 1000;
constexpr std::int64_t kRows = 2738;
constexpr Seconds kNow = 1'723'383'000;

// Nothing where the file is not found: run it in the root of the checkout.
std::vector<std::string> rows() {
  std::ifstream file("examples/seoul-stations.csv");
  std::vector<std::string> rows;
  std::string line;
  std::getline(file, line);  // the header
  std::uint64_t random = 1;
  while (std::getline(file, line) && std::ssize(rows) < kRows) {
    CsvCursor cursor(line, ',');
    std::vector<std::string> fields;
    for (CsvField field; cursor.next(field);) fields.emplace_back(field.text);
    if (fields.size() != 5) continue;
    random = random * 6364136223846793005U + 1442695040888963407U;
    const auto bikes = (random >> 33) % 25;
    const auto racks = 5 + (random >> 40) % 20;
    rows.push_back(fmt::format(
        R"({{"rackTotCnt":"{}","stationName":"{}. {}","parkingBikeTotCnt":"{}","shared":"{}",)"
        R"("stationLatitude":"{:.8f}","stationLongitude":"{:.8f}","stationId":"ST-{}"}})",
        racks, fields[0], fields[1], bikes, bikes * 100 / racks, std::stod(fields[4]),
        std::stod(fields[3]), std::stoi(fields[0]) - 98));
  }
  return rows;
}

std::vector<std::string> pages() {
  const std::vector<std::string> all = rows();
  std::vector<std::string> pages;
  for (std::int64_t begin = 0; begin < std::ssize(all); begin += kRowsAPage) {
    const auto end = std::min(begin + kRowsAPage, std::ssize(all));
    pages.push_back(fmt::format(
        R"({{"rentBikeStatus":{{"list_total_count":{},"RESULT":{{"CODE":"INFO-000","MESSAGE":"정상 처리되었습니다."}},"row":[{}]}}}})",
        end - begin, fmt::join(all.begin() + begin, all.begin() + end, ",\n")));
  }
  return pages;
}

std::int64_t read(SeoulDocument& document, std::vector<std::string>& pages) {
  std::int64_t stations = 0;
  for (std::string& page : pages) {
    const auto read = document.read(page);
    if (read) stations += std::ssize(read->stations);
  }
  return stations;
}

std::vector<HttpAnswer> answers(const std::vector<std::string>& pages) {
  std::vector<HttpAnswer> answers;
  for (const std::string& page : pages) {
    answers.emplace_back().status = 200;
    answers.back().body = page;
  }
  return answers;
}

std::int64_t poll(SeoulSource& source, std::vector<HttpAnswer> answers) {
  FeedStep step = source.begin(kNow);
  for (HttpAnswer& answer : answers) {
    step = source.answered(std::move(answer), kNow);
  }
  const auto* const end = std::get_if<PollEnd>(&step);
  return end == nullptr ? 0 : std::ssize(std::get<Round>(end->what).stations);
}

std::int64_t pass_on_demand(simdjson::ondemand::parser& parser,
                            const std::vector<simdjson::padded_string>& pages) {
  std::int64_t found = 0;
  for (const simdjson::padded_string& page : pages) {
    simdjson::ondemand::document document;
    simdjson::ondemand::array rows;
    if (parser.iterate(page).get(document) != simdjson::SUCCESS ||
        document.find_field("rentBikeStatus").find_field("row").get_array().get(rows) !=
            simdjson::SUCCESS) {
      return 0;
    }
    for (auto element : rows) {
      simdjson::ondemand::object row;
      if (element.get_object().get(row) != simdjson::SUCCESS) return 0;
      for (const char* key : {"rackTotCnt", "stationName", "parkingBikeTotCnt", "shared",
                              "stationLatitude", "stationLongitude", "stationId"}) {
        simdjson::ondemand::raw_json_string value;
        if (row.find_field(key).get_raw_json_string().get(value) != simdjson::SUCCESS) return 0;
        benchmark::DoNotOptimize(value);
      }
      ++found;
    }
  }
  return found;
}

std::int64_t pass_dom(simdjson::dom::parser& parser,
                      const std::vector<simdjson::padded_string>& pages) {
  std::int64_t found = 0;
  for (const simdjson::padded_string& page : pages) {
    simdjson::dom::array rows;
    if (parser.parse(page).at_key("rentBikeStatus").at_key("row").get_array().get(rows) !=
        simdjson::SUCCESS) {
      return 0;
    }
    found += static_cast<std::int64_t>(rows.size());
  }
  return found;
}

void seoul_beside_bare_passes(benchmark::State& state) {
  std::vector<std::string> text = pages();
  std::vector<simdjson::padded_string> padded;
  std::size_t bytes = 0;
  for (const std::string& page : text) {
    padded.emplace_back(page);
    bytes += page.size();
  }
  SeoulDocument document;
  SeoulSource source(SeoulSettings{"0123456789"}, Zone::load("Asia/Seoul").value());
  simdjson::ondemand::parser on_demand;
  simdjson::dom::parser dom;
  // Processor time, as a busy machine would disturb the ratio of anything else.
  std::array<std::clock_t, 4> ticks{};
  for (auto _ : state) {
    std::vector<HttpAnswer> came = answers(text);
    std::clock_t begin = std::clock();
    const auto lap = [&](std::size_t part, std::int64_t rows) {
      const std::clock_t end = std::clock();
      ticks.at(part) += end - begin;
      begin = end;
      if (rows == 0) state.SkipWithError("a pass failed; is examples/seoul-stations.csv here?");
    };
    lap(0, read(document, text));
    lap(1, poll(source, std::move(came)));
    lap(2, pass_on_demand(on_demand, padded));
    lap(3, pass_dom(dom, padded));
  }
  const auto us = [&](std::size_t part) {
    return static_cast<double>(ticks.at(part)) * (1e6 / CLOCKS_PER_SEC) /
           static_cast<double>(state.iterations());
  };
  state.counters["us_read"] = us(0);
  state.counters["us_poll"] = us(1);
  state.counters["us_on_demand"] = us(2);
  state.counters["us_dom"] = us(3);
  state.counters["ratio_on_demand"] = us(0) / us(2);
  state.counters["ratio_dom"] = us(0) / us(3);
  state.counters["ratio_poll"] = us(1) / us(2);
  state.counters["row_bytes"] = static_cast<double>(bytes) / static_cast<double>(kRows);
}

BENCHMARK(seoul_beside_bare_passes);

}  // namespace
}  // namespace bikeflow

BENCHMARK_MAIN();
