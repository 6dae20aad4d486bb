#include "sim/bucket.h"

#include "lake/paths.h"

namespace bikeflow::sim {

void Bucket::put(const std::string& path, const std::string& bytes, Seconds time,
                 std::int32_t partitions) {
  const bool is_internal = path.starts_with(kInternalFolder);
  files_[path] = bytes;
  put_at_[path] = time;
  if (is_internal) return;
  const auto [at, is_new] = lake_.try_emplace(path, bytes);
  if (is_new) {
    sights_.push_back({Sight::What::kCame, path, partitions});
  } else if (at->second != bytes) {
    at->second = bytes;
    sights_.push_back({Sight::What::kChanged, path, partitions});
  }
}

void Bucket::remove(const std::string& path) {
  files_.erase(path);
  if (lake_.erase(path) > 0) sights_.push_back({Sight::What::kRemoved, path});
}

Seconds Bucket::put_at(const std::string& path) const {
  const auto found = put_at_.find(path);
  return found == put_at_.end() ? 0 : found->second;
}

std::optional<std::string> Bucket::get(const std::string& path) const {
  const auto found = files_.find(path);
  return found == files_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::string> Bucket::list(std::string_view folder) const {
  std::vector<std::string> paths;
  if (folder.empty()) {
    for (const auto& [path, bytes] : lake_) paths.push_back(path);
    return paths;
  }
  const std::string prefix = std::string(folder) + "/";
  for (auto at = files_.lower_bound(prefix); at != files_.end(); ++at) {
    if (!at->first.starts_with(prefix)) break;
    paths.push_back(at->first);
  }
  return paths;
}

}  // namespace bikeflow::sim
