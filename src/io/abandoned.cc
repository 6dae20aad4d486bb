#include "io/abandoned.h"

#include <chrono>
#include <filesystem>
#include <system_error>
#include <vector>

#include "lake/paths.h"

namespace bikeflow {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRunPrefix = "run-";

// What vanishes meanwhile is old: another process removes it too.
bool is_old(const fs::path& path) {
  std::error_code error;
  const fs::file_time_type changed = fs::last_write_time(path, error);
  return error ||
         fs::file_time_type::clock::now() - changed > std::chrono::hours(kAbandonedAfterHours);
}

// The folder and all that is below.
bool is_all_old(const fs::path& folder) {
  if (!is_old(folder)) return false;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (!entry->is_symlink() && !is_old(entry->path())) return false;
  }
  return true;
}

}  // namespace

Result<void> remove_abandoned(const std::string& lake_folder) {
  const fs::path folder = fs::path(lake_folder) / kInternalFolder / "tmp";
  std::error_code error;
  std::vector<fs::path> abandoned;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (!entry->path().filename().string().starts_with(kRunPrefix)) continue;
    if (entry->is_symlink() || !entry->is_directory()) continue;
    if (is_all_old(entry->path())) abandoned.push_back(entry->path());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return fail("cannot list {}: {}", folder.string(), error.message());
  }
  for (const fs::path& path : abandoned) {
    fs::remove_all(path, error);
    if (error && error != std::errc::no_such_file_or_directory) {
      return fail("cannot remove {}: {}; remove it by hand: a killed process left it",
                  path.string(), error.message());
    }
  }
  return {};
}

}  // namespace bikeflow
