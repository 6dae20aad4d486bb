#include "io/local_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include <fmt/core.h>

#include "base/check.h"
#include "io/os_error.h"
#include "lake/paths.h"

namespace bikeflow {
namespace {

std::string or_dot(std::string_view folder) { return folder.empty() ? "." : std::string(folder); }

using Folder = std::unique_ptr<DIR, decltype([](DIR* folder) { ::closedir(folder); })>;

// Appends the files below the open folder `at`, named `prefix` + name. Takes the descriptor.
Result<void> list_into(int at, const std::string& shown, const std::string& prefix,
                       std::string_view skipped, std::vector<StoredFile>& files) {
  const Folder folder(::fdopendir(at));
  if (folder == nullptr) {
    const int error = errno;
    ::close(at);
    return os_failure("list", shown, error);
  }
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(folder.get());
    if (entry == nullptr) return errno == 0 ? Result<void>() : os_failure("list", shown, errno);
    const std::string_view name = entry->d_name;
    if (name == "." || name == ".." || (prefix.empty() && name == skipped)) continue;
    struct stat status{};
    if (::fstatat(::dirfd(folder.get()), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) continue;  // removed since it was read
      return os_failure("look at", fmt::format("{}/{}", shown, name), errno);
    }
    if (!S_ISDIR(status.st_mode)) {
      files.push_back({fmt::format("{}{}", prefix, name), status.st_size});
      continue;
    }
    const std::string inner_shown = fmt::format("{}/{}", shown, name);
    const int inner = ::openat(::dirfd(folder.get()), entry->d_name,
                               O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (inner < 0) {
      if (errno == ENOENT) continue;
      return os_failure("list", inner_shown, errno);
    }
    auto listed = list_into(inner, inner_shown, fmt::format("{}{}/", prefix, name), skipped, files);
    if (!listed) return listed;
  }
}

}  // namespace

LocalStore::LocalStore(std::string folder, std::string unfinished_folder, File root, Syncs syncs)
    : folder_(std::move(folder)),
      unfinished_folder_(std::move(unfinished_folder)),
      root_(std::move(root)),
      syncs_(syncs) {}

Result<LocalStore> LocalStore::open(std::string folder, std::string_view writer, Syncs syncs) {
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  auto root = open_file(folder, O_RDONLY | O_DIRECTORY);
  if (!root) return std::unexpected(root.error());
  return LocalStore(std::move(folder), fmt::format("{}/tmp/{}", kInternalFolder, writer),
                    *std::move(root), syncs);
}

std::string LocalStore::shown(std::string_view path) const {
  return path.empty() ? folder_ : fmt::format("{}/{}", folder_, path);
}

Result<void> LocalStore::clean_unfinished() {
  CHECK(unfinished_.empty());
  auto left = list(unfinished_folder_, Scope::kAll);
  if (!left) return std::unexpected(left.error());
  for (const StoredFile& file : *left) {
    // Not remove(): whether a piece of rubbish is gone need not be durable.
    if (::unlinkat(root_.descriptor(), file.path.c_str(), 0) != 0 && errno != ENOENT) {
      return os_failure("remove", shown(file.path), errno);
    }
    // Its folder goes with the last file in it, but for the first folder.
    const std::string folder(folder_of(file.path));
    if (folder != unfinished_folder_) ::unlinkat(root_.descriptor(), folder.c_str(), AT_REMOVEDIR);
  }
  return {};
}

// From the deepest folder up, as far as they are missing: nearly always only that one is.
Result<void> LocalStore::make_parents(std::string_view path) {
  const std::string folder(folder_of(path));
  if (folder.empty()) return {};
  const auto make = [&] { return ::mkdirat(root_.descriptor(), folder.c_str(), 0777) == 0; };
  bool made = make();
  if (!made && errno == ENOENT) {
    if (auto above = make_parents(folder); !above) return above;
    made = make();
  }
  if (made) {
    touched_folders_.emplace(folder_of(folder));
  } else if (errno != EEXIST) {
    return os_failure("create the folder", shown(folder), errno);
  }
  return {};
}

Result<LocalStore::Unfinished> LocalStore::write_unfinished(std::string_view path,
                                                            std::string_view bytes) {
  if (failure_) return std::unexpected(*failure_);
  if (auto checked = check_store_path(path); !checked) return std::unexpected(checked.error());
  const std::uint64_t number = next_temporary_++;
  std::string folder = unfinished_folder_;
  if (number >= kUnfinishedInFolder) {
    folder += fmt::format("/more-{}", number / kUnfinishedInFolder);
  }
  Unfinished unfinished{.temporary = fmt::format("{}/{}", folder, number),
                        .path = std::string(path),
                        .size_bytes = static_cast<std::int64_t>(bytes.size()),
                        .file = {}};
  if (number % kUnfinishedInFolder == 0) {
    if (number > 0) more_folders_.push_back(folder);
    if (auto made = make_parents(unfinished.temporary); !made) return std::unexpected(made.error());
  }
  // An error names the file that the user knows, not the unfinished one.
  auto file = open_file(root_.descriptor(), unfinished.temporary, O_WRONLY | O_CREAT | O_TRUNC,
                        shown(path));
  if (!file) return std::unexpected(file.error());
  if (auto written = write_all(*file, bytes, shown(path)); !written) {
    ::unlinkat(root_.descriptor(), unfinished.temporary.c_str(), 0);
    return std::unexpected(written.error());
  }
  unfinished.file = *std::move(file);
  return unfinished;
}

Result<void> LocalStore::put(std::string_view path, std::string_view bytes) {
  if (bytes.empty()) {
    if (failure_) return std::unexpected(*failure_);
    if (auto checked = check_store_path(path); !checked) return checked;
    unfinished_.push_back(
        {.temporary = {}, .path = std::string(path), .size_bytes = 0, .file = {}});
    return {};
  }
  auto unfinished = write_unfinished(path, bytes);
  if (!unfinished) return std::unexpected(unfinished.error());
  unfinished_.push_back(*std::move(unfinished));
  if (unfinished_.size() == kSyncEach + 1) {
    for (Unfinished& each : unfinished_) each.file = File();
  }
  if (unfinished_.size() > kSyncEach) unfinished_.back().file = File();
  return {};
}

Result<bool> LocalStore::put_new(std::string_view path, std::string_view bytes) {
  auto unfinished = write_unfinished(path, bytes);
  if (!unfinished) return std::unexpected(unfinished.error());
  const std::string& temporary = unfinished->temporary;
  const auto drop = [&] { ::unlinkat(root_.descriptor(), temporary.c_str(), 0); };
  auto made = make_parents(path);
  if (made) made = sync_one(unfinished->file, shown(path));
  if (!made) {
    drop();
    return std::unexpected(made.error());
  }
  const int root = root_.descriptor();
  if (::linkat(root, temporary.c_str(), root, unfinished->path.c_str(), 0) == 0) {
    drop();
    touched_folders_.emplace(folder_of(path));
  } else if (errno == EEXIST) {
    drop();
    return false;
  } else if (errno == EPERM || errno == EOPNOTSUPP) {
    // A file system without links: look, then rename.
    struct stat status{};
    if (::fstatat(root, unfinished->path.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
      drop();
      return false;
    }
    unfinished_.push_back(*std::move(unfinished));
  } else {
    const int error = errno;
    drop();
    return os_failure("create", shown(path), error, unfinished->size_bytes);
  }
  if (auto synced = sync(); !synced) return std::unexpected(synced.error());
  return true;
}

Result<void> LocalStore::sync() {
  if (failure_) return std::unexpected(*failure_);
  auto finished = finish();
  if (finished) return {};
  failure_ = finished.error();
  for (const Unfinished& each : unfinished_) {
    if (each.has_data()) ::unlinkat(root_.descriptor(), each.temporary.c_str(), 0);
  }
  unfinished_.clear();
  return finished;
}

// Folders that were touched stay so: they are synced with the next ones.
void LocalStore::forget_failure() {
  for (const Unfinished& each : unfinished_) {
    if (each.has_data()) ::unlinkat(root_.descriptor(), each.temporary.c_str(), 0);
  }
  unfinished_.clear();
  failure_.reset();
}

Result<void> LocalStore::finish() {
  if (auto synced = sync_data(); !synced) return synced;
  for (const Unfinished& each : unfinished_) {
    bool named = give_name(each);
    if (!named && errno == ENOENT) {
      if (auto made = make_parents(each.path); !made) return made;
      named = give_name(each);
    }
    if (!named) return os_failure("create", shown(each.path), errno, each.size_bytes);
    touched_folders_.emplace(folder_of(each.path));
  }
  unfinished_.clear();
  for (const std::string& folder : more_folders_) {
    ::unlinkat(root_.descriptor(), folder.c_str(), AT_REMOVEDIR);
  }
  more_folders_.clear();
  next_temporary_ = 0;
  return sync_folders();
}

// False with errno where it could not.
bool LocalStore::give_name(const Unfinished& file) {
  const int root = root_.descriptor();
  const char* path = file.path.c_str();
  if (file.has_data()) return ::renameat(root, file.temporary.c_str(), root, path) == 0;
  const auto create = [&] {
    return File(::openat(root, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)).is_open();
  };
  if (create()) return true;
  if (errno != EEXIST) return false;
  // An empty file of that name is left, so that no reader misses it for a moment. Others are never
  // opened and cut: that would reach what a link leads to, and every other name of the file.
  struct stat status{};
  if (::fstatat(root, path, &status, AT_SYMLINK_NOFOLLOW) != 0) return false;
  if (S_ISREG(status.st_mode) && status.st_size == 0) return true;
  return ::unlinkat(root, path, 0) == 0 && create();
}

Result<void> LocalStore::sync_data() {
  if (!std::ranges::any_of(unfinished_, &Unfinished::has_data)) return {};
  if (unfinished_.size() > kSyncEach) return sync_all();
  for (const Unfinished& each : unfinished_) {
    if (!each.has_data()) continue;
    if (auto synced = sync_one(each.file, shown(each.path)); !synced) return synced;
  }
  return {};
}

Result<void> LocalStore::sync_folders() {
  if (touched_folders_.size() > kSyncEach) {
    if (auto synced = sync_all(); !synced) return synced;
  } else {
    for (const std::string& folder : touched_folders_) {
      auto opened =
          open_file(root_.descriptor(), or_dot(folder), O_RDONLY | O_DIRECTORY, shown(folder));
      if (!opened) return std::unexpected(opened.error());
      if (auto synced = sync_one(*opened, shown(folder)); !synced) return synced;
    }
  }
  touched_folders_.clear();
  return {};
}

Result<void> LocalStore::sync_all() const {
  if (syncs_ == Syncs::kOff || ::syncfs(root_.descriptor()) == 0) return {};
  return os_failure("sync", folder_, errno);
}

Result<void> LocalStore::sync_one(const File& file, std::string_view shown) const {
  return syncs_ == Syncs::kOn ? sync_file(file, shown) : Result<void>();
}

Result<std::optional<std::string>> LocalStore::get(std::string_view path) {
  if (auto checked = check_store_path(path); !checked) return std::unexpected(checked.error());
  return read_file_if_any(root_.descriptor(), std::string(path), shown(path));
}

Result<std::optional<std::int64_t>> LocalStore::size(std::string_view path) {
  if (auto checked = check_store_path(path); !checked) return std::unexpected(checked.error());
  struct stat status{};
  if (::fstatat(root_.descriptor(), std::string(path).c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return std::nullopt;
    return os_failure("look at", shown(path), errno);
  }
  if (S_ISDIR(status.st_mode)) return std::nullopt;
  return status.st_size;
}

Result<std::vector<StoredFile>> LocalStore::list(std::string_view folder, Scope scope) {
  if (!folder.empty()) {
    if (auto checked = check_store_path(folder); !checked) return std::unexpected(checked.error());
  }
  std::vector<StoredFile> files;
  const int opened = ::openat(root_.descriptor(), or_dot(folder).c_str(),
                              O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (opened < 0) {
    if (errno == ENOENT) return files;
    return os_failure("list", shown(folder), errno);
  }
  const std::string prefix = folder.empty() ? "" : std::string(folder) + "/";
  const std::string_view skipped = scope == Scope::kWithoutInternal ? kInternalFolder : "";
  if (auto listed = list_into(opened, shown(folder), prefix, skipped, files); !listed) {
    return std::unexpected(listed.error());
  }
  std::ranges::sort(files, {}, &StoredFile::path);
  return files;
}

Result<void> LocalStore::remove(std::string_view path) {
  if (failure_) return std::unexpected(*failure_);
  if (auto checked = check_store_path(path); !checked) return checked;
  if (::unlinkat(root_.descriptor(), std::string(path).c_str(), 0) == 0) {
    touched_folders_.emplace(folder_of(path));
  } else if (errno != ENOENT) {
    return os_failure("remove", shown(path), errno);
  }
  return {};
}

}  // namespace bikeflow
