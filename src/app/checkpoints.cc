#include "app/checkpoints.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/core.h>

#include "io/state_dir.h"
#include "pipeline/checkpoint_name.h"

namespace bikeflow {
namespace {

using Standing = JobCheckpoint::Standing;

// A pipeline at work may remove checkpoints as fast as they are listed, but not so often.
constexpr int kListings = 3;

struct StateFolders {
  std::set<std::string> jobs;                                  // without Kafka
  std::map<std::string, std::vector<std::string>> partitions;  // names of checkpoints, by folder
};

// <job>/CURRENT and its like, or <topic>/<partition>/<checkpoint>.
Result<StateFolders> list_states(Store& store, const std::string& below) {
  const auto files = store.list(below, Store::Scope::kAll);
  if (!files) return std::unexpected(files.error());
  const std::size_t begin = fmt::format("{}/state/", kInternalFolder).size();
  StateFolders folders;
  for (const StoredFile& file : *files) {
    const std::string folder(folder_of(file.path));
    if (folder.size() < begin) continue;
    if (folder.find('/', begin) == std::string::npos) {
      folders.jobs.insert(folder);
    } else if (checkpoint_sequence(name_of(file.path))) {
      folders.partitions[folder].emplace_back(name_of(file.path));
    }
  }
  return folders;
}

// Of one partition's checkpoints.
class Newest {
 public:
  Newest(Store& store, std::string folder) : store_(store), folder_(std::move(folder)) {}

  // False where all that were listed are gone.
  Result<bool> find(std::vector<std::string> names, std::vector<JobCheckpoint>& found) {
    std::ranges::sort(names, [](const std::string& a, const std::string& b) {
      const auto left = *checkpoint_sequence(a), right = *checkpoint_sequence(b);
      return left != right ? left > right : a < b;
    });
    std::optional<std::uint64_t> newest;
    std::set<std::string> before;
    bool is_any_there = names.empty();
    for (const std::string& name : names) {
      if (newest && *checkpoint_sequence(name) < *newest && !before.contains(name)) continue;
      const bool is_before = before.contains(name);
      auto read = this->read(name, is_before ? Standing::kBefore : Standing::kNewest);
      if (!read) return std::unexpected(read.error());
      if (!*read) continue;
      is_any_there = true;
      if ((*read)->job && !is_before) {
        newest = checkpoint_sequence(name);
        before.insert((*read)->job->predecessor());
      }
      found.push_back(**std::move(read));
    }
    return is_any_there;
  }

 private:
  Result<std::optional<JobCheckpoint>> read(const std::string& name, Standing standing) {
    const std::string path = fmt::format("{}/{}", folder_, name);
    const auto bytes = store_.get(path);
    if (!bytes) return std::unexpected(bytes.error());
    if (!*bytes) return std::nullopt;
    auto job = Job::restore(**bytes);
    if (!job) job = with_context(store_.shown(path), job.error());
    return JobCheckpoint{store_.shown(folder_), name, (*bytes)->size(), std::move(job), standing};
  }

  Store& store_;
  std::string folder_;
};

Result<void> find_of_partition(Store& store, const std::string& folder,
                               std::vector<std::string> names, std::vector<JobCheckpoint>& found) {
  for (int listing = 1;; ++listing) {
    const auto done = Newest(store, folder).find(std::move(names), found);
    if (!done) return std::unexpected(done.error());
    if (*done) return {};
    if (listing == kListings) {
      return fail("{}: its checkpoints are removed faster than they can be read; try again",
                  store.shown(folder));
    }
    auto again = list_states(store, folder);
    if (!again) return std::unexpected(again.error());
    names = std::move(again->partitions[folder]);
  }
}

}  // namespace

Result<std::vector<JobCheckpoint>> find_checkpoints(Store& store) {
  auto folders = list_states(store, fmt::format("{}/state", kInternalFolder));
  if (!folders) return std::unexpected(folders.error());
  std::vector<JobCheckpoint> checkpoints;
  for (const std::string& folder : folders->jobs) {
    const std::string shown = store.shown(folder);
    const auto current = StateDir::peek(store, folder);
    if (!current) {
      checkpoints.push_back({shown, "", 0, std::unexpected(current.error())});
    } else if (*current) {
      const StoredCheckpoint& stored = **current;
      auto job = Job::restore(stored.bytes);
      if (!job) job = with_context(fmt::format("{}/{}", shown, stored.name), job.error());
      checkpoints.push_back({shown, stored.name, stored.bytes.size(), std::move(job)});
    }
  }
  for (auto& [folder, names] : folders->partitions) {
    auto found = find_of_partition(store, folder, std::move(names), checkpoints);
    if (!found) return std::unexpected(found.error());
  }
  return checkpoints;
}

}  // namespace bikeflow
