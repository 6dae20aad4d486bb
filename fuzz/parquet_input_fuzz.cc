// Reading of recorded observations from Parquet. An input is taken as changes to one of the files
// of test/parquet/ (run from the root of the checkout): its number, then groups of 3 bytes, a place
// and what to put there.

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/check.h"
#include "io/parquet_input.h"

namespace bikeflow {
namespace {

std::vector<std::string> good_files() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator("test/parquet")) {
    if (entry.path().extension() == ".parquet") paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  std::vector<std::string> files;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    files.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  CHECK(!files.empty());
  return files;
}

void read(const std::string& bytes) {
  const File file(memfd_create("input", 0));
  CHECK(file.is_open());
  CHECK(write_all(file, bytes, "input").has_value());
  ColumnSettings settings;
  settings.source = "input";
  settings.zone_of = [](std::string_view) { return Zone::load("America/Chicago"); };
  SystemNames names;
  auto input = ParquetInput::open(file, settings, names);
  if (!input) return;
  // Damage may announce any number of rows; a few chunks are enough.
  for (int chunks = 0; chunks < 20; ++chunks) {
    const auto chunk = input->next();
    if (!chunk || !*chunk) break;
    for (const Batch& batch : (*chunk)->batches) {
      const Names& stations = names.stations(batch.system);
      for (const Record& record : batch.records) CHECK(record.station < stations.size());
    }
  }
}

}  // namespace
}  // namespace bikeflow

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::string> kGood = bikeflow::good_files();
  if (size == 0) return 0;
  std::string file = kGood[data[0] % kGood.size()];
  for (std::size_t i = 1; i + 2 < size; i += 3) {
    const std::size_t place = (data[i] | std::size_t{data[i + 1]} << 8) % file.size();
    file[place] = static_cast<char>(data[i + 2]);
  }
  bikeflow::read(file);
  return 0;
}
