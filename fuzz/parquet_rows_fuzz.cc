// Decoding of the lake's Parquet files. Random bytes seldom pass for a footer, so an input is taken
// as changes to a good file: groups of 3 bytes, a place and what to put there; or, with the top bit
// of the first byte, as a file itself.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lake/parquet.h"

namespace bikeflow {
namespace {

std::vector<std::string> good_files() {
  std::vector<HourlyRow> rows(9);
  std::vector<LateRow> late(9);
  std::vector<DeadLetter> letters(9);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].window = {3600, 7200};
    rows[i].station_id = "ST-" + std::to_string(i);
    rows[i].total_rental = static_cast<std::int64_t>(i);
    late[i].station_id = rows[i].station_id;
    late[i].counts.racks = i % 2 == 0 ? Counts::kNoRacks : 15;
    if (i % 2 == 0) letters[i].refusal.byte = 3;
    letters[i].record = "{}";
  }
  const KeyValues metadata = {{"source", "bikes"}, {"rows", "9"}};
  return {encode_hourly(rows, metadata).value(), encode_late(late, metadata).value(),
          encode_dead_letters(letters, metadata).value()};
}

void decode(std::size_t data_set, std::string_view bytes) {
  (void)read_metadata(bytes, bytes.size());
  if (data_set == 0) (void)decode_hourly(bytes);
  if (data_set == 1) (void)decode_late(bytes);
  if (data_set == 2) (void)decode_dead_letters(bytes);
}

}  // namespace
}  // namespace bikeflow

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::string> kGood = bikeflow::good_files();
  if (size == 0) return 0;
  const std::size_t data_set = (data[0] & 0x7f) % kGood.size();
  if ((data[0] & 0x80) != 0) {
    bikeflow::decode(data_set, {reinterpret_cast<const char*>(data + 1), size - 1});
    return 0;
  }
  std::string file = kGood[data_set];
  for (std::size_t i = 1; i + 2 < size; i += 3) {
    const std::size_t place = (data[i] | std::size_t{data[i + 1]} << 8) % file.size();
    file[place] = static_cast<char>(data[i + 2]);
  }
  bikeflow::decode(data_set, file);
  return 0;
}
