#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>

#include <fmt/core.h>

#include "app/lake_view.h"
#include "app/state_command.h"
#include "io/lake_session.h"
#include "io/process_lock.h"
#include "io/s3_store.h"
#include "io/state_dir.h"

namespace bikeflow {
namespace {

constexpr std::string_view kLockName = "lock";

// What a job has put into a lake.
struct Belongings {
  std::vector<std::string> state;    // checkpoints and CURRENT; the lock stays
  std::vector<std::string> files;    // rows, late rows, dead letters
  std::vector<std::string> markers;  // of hours that have no other file
};

Result<Belongings> find_belongings(Store& store, std::string_view job) {
  const auto all = store.list("", Store::Scope::kAll);
  if (!all) return std::unexpected(all.error());
  const std::string state = state_folder("", job).substr(1) + "/";
  Belongings found;
  std::set<std::string_view> emptied, kept;  // folders of rows
  for (const StoredFile& file : *all) {
    const std::string_view name = name_of(file.path);
    if (file.path.starts_with(state)) {
      if (name != kLockName) found.state.push_back(file.path);
      continue;
    }
    if (file.path.starts_with(kInternalFolder)) continue;
    const auto hour = parse_hourly_name(name);
    const auto records = parse_records_name(name);
    const bool is_ours = hour ? hour->source == job : records && records->source == job;
    if (is_ours) found.files.push_back(file.path);
    if (name != kSuccessName) (is_ours ? emptied : kept).insert(folder_of(file.path));
  }
  for (const StoredFile& file : *all) {
    const std::string_view folder = folder_of(file.path);
    if (name_of(file.path) == kSuccessName && emptied.contains(folder) && !kept.contains(folder)) {
      found.markers.push_back(file.path);
    }
  }
  return found;
}

std::string count(const Belongings& found) {
  return counted(static_cast<std::int64_t>(found.files.size()), "file", "files");
}

Result<void> remove_all(Store& store, const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    if (auto done = store.remove(path); !done) return done;
  }
  return store.sync();
}

// Folders that became empty go, up to the data set's.
void remove_empty_folders(const std::string& lake, const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    std::error_code error;
    for (std::string_view folder = folder_of(file); folder.contains('/') && !error;
         folder = folder_of(folder)) {
      // Removes an empty folder; fails, and so ends the way up, at any other.
      if (!std::filesystem::remove(fmt::format("{}/{}", lake, folder), error)) break;
    }
  }
}

Result<void> discard(const StateDiscardOptions& options, Store& store, const Belongings& found) {
  // CURRENT first: from then on the job has no state.
  std::vector<std::string> state = found.state;
  std::stable_partition(state.begin(), state.end(),
                        [](const std::string& path) { return name_of(path) == "CURRENT"; });
  if (auto done = remove_all(store, state); !done) return done;
  if (auto done = remove_all(store, found.markers); !done) return done;
  if (auto done = remove_all(store, found.files); !done) return done;
  if (!options.lake.starts_with(S3Store::kScheme)) remove_empty_folders(options.lake, found.files);
  return {};
}

}  // namespace

Result<ExitStatus> state_discard(const StateDiscardOptions& options, Shell& shell) {
  const auto lake = LakeView::open(options.lake);
  if (!lake) return std::unexpected(lake.error());
  Store& store = lake->store();
  auto found = find_belongings(store, options.job);
  if (!found) return std::unexpected(found.error());
  if (found->state.empty() && found->files.empty()) {
    return fail(
        "{}: there is no state and no file of '{}' (bikeflow state show --lake {} names the "
        "jobs)",
        options.lake, options.job, options.lake);
  }
  if (!options.yes) {
    for (const auto* paths : {&found->state, &found->markers, &found->files}) {
      for (const std::string& path : *paths) shell.out.print("{}\n", store.shown(path));
    }
    shell.log.warning(fmt::format("the state of '{}' and {}; nothing was deleted: --yes deletes",
                                  options.job, count(*found)));
    return ExitStatus::kDone;
  }
  // Held until the end: the job must not be at work meanwhile. A backfill's state in a bucket was
  // copied there: none is at work on it.
  std::optional<StateDir> lock;
  File lake_lock;
  if (!options.lake.starts_with(S3Store::kScheme)) {
    // One process polls all live feeds of a lake, and holds this.
    if (options.job != StateDiscardOptions().job) {
      auto whole = lock_folder(fmt::format("{}/{}", options.lake, kInternalFolder));
      if (!whole) return std::unexpected(whole.error());
      lake_lock = *std::move(whole);
    }
    auto locked = StateDir::open(state_folder(options.lake, options.job));
    if (!locked) return std::unexpected(locked.error());
    lock = *std::move(locked);
  }
  found = find_belongings(store, options.job);
  if (!found) return std::unexpected(found.error());
  if (auto done = discard(options, store, *found); !done) return std::unexpected(done.error());
  shell.out.print("{}: deleted the state of '{}' and {}\n", options.lake, options.job,
                  count(*found));
  return ExitStatus::kDone;
}

}  // namespace bikeflow
