// What the reference says of one partition of a topic that was read to its end, all windows closed.
//
//   topic_reference RECORDS.bin STATIONS OUT [--length N] [--slide N] [--delay N] [--max-gap N]
//                   [--phase N]
//
// RECORDS.bin: the well-formed records in their order, 32 bytes each, little endian: int64
// observed_at, int64 offset, int64 clock (the earlier of the record's timestamp and the wall
// clock), int32 station (the line of STATIONS, from 0), int16 bikes, int16 racks (-1: none).
// Written are OUT.rows.csv, the lake's columns with times in Unix seconds; OUT.late.csv, in the
// order of their offsets; OUT.future.csv, the offsets of those dead letters.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "test/reference.h"
#include "test/tools/reference_tool.h"

namespace bikeflow::reference {
namespace {

struct PackedRecord {
  std::int64_t observed_at;
  std::int64_t offset;
  std::int64_t clock;
  std::int32_t station;
  std::int16_t bikes;
  std::int16_t racks;
};
static_assert(sizeof(PackedRecord) == 32);

bool read_input(const char* records_path, const char* stations_path, Input& input) {
  std::ifstream records(records_path, std::ios::binary);
  if (!read_stations(stations_path, input) || !records) return false;
  PackedRecord record;
  while (records.read(reinterpret_cast<char*>(&record), sizeof record)) {
    input.arrivals.push_back({record.observed_at,
                              {0, record.offset},
                              static_cast<std::uint32_t>(record.station),
                              {record.bikes, record.racks}});
    input.clock.push_back(record.clock);
  }
  return records.gcount() == 0;
}

// Calls `print(file)`; whether the file is whole.
template <class Print>
bool write(const std::string& path, Print print) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return false;
  print(file);
  const bool is_whole = std::ferror(file) == 0;
  return std::fclose(file) == 0 && is_whole;
}

int run(int argc, char** argv) {
  Settings settings;
  bool is_usable = argc >= 4 && argc % 2 == 0;
  for (int i = 4; is_usable && i < argc; i += 2) {
    is_usable = set_option(settings, argv[i], argv[i + 1]);
  }
  Input input;
  if (!is_usable || !read_input(argv[1], argv[2], input)) {
    fmt::print(stderr, "topic_reference: cannot read its arguments or files\n");
    return 2;
  }
  const Outcome outcome = evaluate(input, settings);
  const std::string out = argv[3];
  bool is_written = write(out + ".rows.csv", [&](auto* file) { print_csv(outcome.rows, file); });
  is_written &= write(out + ".late.csv", [&](auto* file) {
    for (const LateRow& row : outcome.late) {
      fmt::print(file, "{},{},{},{},{},{}\n", row.position.offset, row.station_id, row.observed_at,
                 row.counts.bikes, row.counts.racks, row.watermark);
    }
  });
  is_written &= write(out + ".future.csv", [&](auto* file) {
    for (const Position& position : outcome.future) fmt::print(file, "{}\n", position.offset);
  });
  if (!is_written) {
    fmt::print(stderr, "topic_reference: cannot write {}.*.csv\n", out);
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace bikeflow::reference

int main(int argc, char** argv) { return bikeflow::reference::run(argc, argv); }
