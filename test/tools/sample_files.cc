// Writes a file of each data set into a folder, for test/lake_types_test.py to read: sample_files
// DIR

#include <fmt/core.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "lake/parquet.h"

namespace bikeflow {
namespace {

constexpr Seconds kStart = 1'723'384'800;  // 2024-08-11T14:00:00Z

void write(const std::string& folder, std::string_view name, const Result<std::string>& bytes) {
  CHECK(bytes.has_value());
  const std::string path = fmt::format("{}/{}.parquet", folder, name);
  std::FILE* file = std::fopen(path.c_str(), "wb");
  CHECK(file != nullptr);
  CHECK(std::fwrite(bytes->data(), 1, bytes->size(), file) == bytes->size());
  CHECK(std::fclose(file) == 0);
}

void write_all(const std::string& folder) {
  const KeyValues metadata = {{"source", "bikes"}, {"closed_by", "idle"}};
  std::vector<HourlyRow> rows;
  std::vector<LateRow> late;
  std::vector<DeadLetter> letters;
  for (int i = 0; i < 3000; ++i) {
    const std::string station = fmt::format("ST-{:04}", i);
    rows.push_back({{kStart, kStart + kHour}, station, i, 2, -i, 3, 5, 1, 7, 3600, i, 0, 2, 1});
    late.push_back({station, kStart + i, {}, kStart + kHour, "bikes", {3, i}});
    late.back().counts.bikes = 7;
    if (i % 2 == 0) late.back().counts.racks = 15;
    letters.push_back({"bikes", {3, i}, kStart + i, {Reason::kBadBikes, "따릉이", {}}, "{\xff"});
    if (i % 3 == 0) letters.back().refusal.byte = i;
  }
  write(folder, "hourly_summary", encode_hourly(rows, metadata));
  write(folder, "late", encode_late(late, metadata));
  write(folder, "dead_letter", encode_dead_letters(letters, metadata));
  write(folder, "empty", encode_hourly({}, {}));
}

}  // namespace
}  // namespace bikeflow

int main(int argument_count, char** arguments) {
  if (argument_count != 2) return 2;
  bikeflow::write_all(arguments[1]);
  return 0;
}
