// Prints the rows that the reference computes from an expanded recording, as
// CSV.
//
//   reference_rows RECORDS.bin STATIONS [--length N] [--slide N] [--delay N]
//   [--max-gap N] [--phase N]
//                  [--keep-open]
//
// RECORDS.bin: 16 bytes a record, little endian: int64 observed_at, int32
// station (the line of STATIONS, from 0), int16 bikes, int16 racks. What is no
// row is counted on standard error.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>

#include "test/reference.h"
#include "test/tools/reference_tool.h"

namespace bikeflow::reference {
namespace {

struct PackedRecord {
  std::int64_t observed_at;
  std::int32_t station;
  std::int16_t bikes;
  std::int16_t racks;
};
static_assert(sizeof(PackedRecord) == 16);

bool read_input(const char* records_path, const char* stations_path, Input& input) {
  std::ifstream records(records_path, std::ios::binary | std::ios::ate);
  if (!read_stations(stations_path, input) || !records || input.stations.empty()) return false;
  input.arrivals.reserve(static_cast<std::size_t>(records.tellg()) / sizeof(PackedRecord));
  records.seekg(0);
  std::vector<PackedRecord> part(1 << 16);
  do {
    records.read(reinterpret_cast<char*>(part.data()),
                 static_cast<std::streamsize>(part.size() * sizeof(PackedRecord)));
    const auto count = static_cast<std::size_t>(records.gcount()) / sizeof(PackedRecord);
    for (std::size_t i = 0; i < count; ++i) {
      input.arrivals.push_back({part[i].observed_at,
                                {0, std::ssize(input.arrivals)},
                                static_cast<std::uint32_t>(part[i].station),
                                {part[i].bikes, part[i].racks}});
    }
  } while (records);
  return true;
}

int run(int argc, char** argv) {
  Settings settings;
  settings.is_file = true;
  bool is_usable = argc >= 3;
  for (int i = 3; i < argc; ++i) {
    if (std::strcmp(argv[i], "--keep-open") == 0) {
      settings.closes_all = false;
    } else {
      is_usable &= i + 1 < argc && set_option(settings, argv[i], argv[i + 1]);
      ++i;
    }
  }
  Input input;
  if (!is_usable || !read_input(argv[1], argv[2], input)) {
    fmt::print(stderr, "reference_rows: cannot read its arguments or files\n");
    return 2;
  }
  const Outcome outcome = evaluate(input, settings);
  print_csv(outcome.rows, stdout);
  fmt::print(stderr, "accepted {} repeated {} late {} time_jump {}\n", outcome.accepted,
             outcome.repeated, outcome.late.size(), outcome.too_far.size());
  return 0;
}

}  // namespace
}  // namespace bikeflow::reference

int main(int argc, char** argv) { return bikeflow::reference::run(argc, argv); }
