// What `backfill` of NDJSON is measured against: one thread, simdjson on demand, line by line, and
// of each record the three fields that are needed. Nothing is checked, kept or written.
//
//   build/bench/bare_json_pass FILE.ndjson      prints records and a sum, so that nothing is left
//   out

#include <simdjson.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <fmt/core.h>

namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;

struct Sums {
  std::uint64_t records = 0;
  std::uint64_t sum = 0;
};

void pass(simdjson::ondemand::parser& parser, const char* line, std::size_t size,
          std::size_t capacity, Sums& sums) {
  simdjson::ondemand::document document;
  if (parser.iterate(line, size, capacity).get(document) != simdjson::SUCCESS) return;
  std::string_view bikes;
  std::string_view station;
  std::string_view timestamp;
  if (document.find_field("parkingBikeTotCnt").get_string().get(bikes) != simdjson::SUCCESS ||
      document.find_field("stationId").get_string().get(station) != simdjson::SUCCESS ||
      document.find_field("timestamp").get_string().get(timestamp) != simdjson::SUCCESS) {
    return;
  }
  std::uint64_t count = 0;
  std::from_chars(bikes.data(), bikes.data() + bikes.size(), count);
  sums.sum += count + station.size() + timestamp.size();
  ++sums.records;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: bare_json_pass FILE.ndjson\n");
    return 2;
  }
  std::FILE* file = std::fopen(argv[1], "rb");
  if (file == nullptr) {
    fmt::print(stderr, "{}: cannot open\n", argv[1]);
    return 1;
  }
  simdjson::ondemand::parser parser;
  std::vector<char> buffer(2 * kChunkBytes + simdjson::SIMDJSON_PADDING);
  std::size_t held = 0;
  Sums sums;
  for (;;) {
    const std::size_t read = std::fread(buffer.data() + held, 1, kChunkBytes, file);
    const char* const end = buffer.data() + held + read;
    const char* at = buffer.data();
    while (const void* found = std::memchr(at, '\n', static_cast<std::size_t>(end - at))) {
      const char* const newline = static_cast<const char*>(found);
      const auto room = static_cast<std::size_t>(buffer.data() + buffer.size() - at);
      pass(parser, at, static_cast<std::size_t>(newline - at), room, sums);
      at = newline + 1;
    }
    held = static_cast<std::size_t>(end - at);
    std::memmove(buffer.data(), at, held);
    if (read == 0) break;
  }
  std::fclose(file);
  fmt::print("{} records, sum {}\n", sums.records, sums.sum);
  return 0;
}
