#include "app/checkpoints.h"

#include <set>

#include <fmt/core.h>

#include "io/state_dir.h"

namespace bikeflow {

Result<std::vector<JobCheckpoint>> find_checkpoints(const std::string& lake, Store& store) {
  const std::string states = fmt::format("{}/state", kInternalFolder);
  const auto files = store.list(states, Store::Scope::kAll);
  if (!files) return std::unexpected(files.error());
  std::set<std::string> folders;
  for (const StoredFile& file : *files) {
    folders.insert(file.path.substr(0, file.path.find('/', states.size() + 1)));
  }
  std::vector<JobCheckpoint> checkpoints;
  for (const std::string& folder : folders) {
    const std::string shown = fmt::format("{}/{}", lake, folder);
    const auto current = StateDir::peek(shown);
    if (!current) {
      checkpoints.push_back({shown, "", 0, std::unexpected(current.error())});
    } else if (*current) {
      const StoredCheckpoint& stored = **current;
      auto job = Job::restore(stored.bytes);
      if (!job) job = with_context(fmt::format("{}/{}", shown, stored.name), job.error());
      checkpoints.push_back({shown, stored.name, stored.bytes.size(), std::move(job)});
    }
  }
  return checkpoints;
}

}  // namespace bikeflow
