#include "base/zone_files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace bikeflow {

namespace fs = std::filesystem;

std::optional<std::string> read_zone_file(std::string_view name) {
  const fs::path path = std::string(kZoneFolder) + std::string(name);
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  constexpr std::size_t kMostBytes = std::size_t{1} << 18;  // the largest has some 4,000
  std::string bytes(kMostBytes, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

std::vector<std::string> zone_names() {
  std::vector<std::string> names;
  std::error_code error;
  fs::recursive_directory_iterator entry(kZoneFolder, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::string name = entry->path().string().substr(kZoneFolder.size());
    if (name == "posix" || name == "right") {  // the same zones again, the latter with leap seconds
      entry.disable_recursion_pending();
    } else if (name.find('.') == std::string::npos && entry->is_regular_file(error)) {
      names.push_back(std::move(name));
    }
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace bikeflow
