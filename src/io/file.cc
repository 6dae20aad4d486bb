#include "io/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include <fmt/core.h>

#include "io/os_error.h"

namespace bikeflow {

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<File> open_file(int at, const std::string& path, int flags, std::string_view shown) {
  const int descriptor = ::openat(at, path.c_str(), flags | O_CLOEXEC, 0666);
  if (descriptor < 0) return os_failure((flags & O_CREAT) != 0 ? "create" : "open", shown, errno);
  return File(descriptor);
}

Result<File> open_file(const std::string& path, int flags) {
  return open_file(AT_FDCWD, path, flags, path);
}

Result<void> write_all(const File& file, std::string_view bytes, std::string_view shown) {
  const auto needed = static_cast<std::int64_t>(bytes.size());
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.descriptor(), bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return os_failure("write", shown, errno, needed);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> sync_file(const File& file, std::string_view shown) {
  // Not repeated after an error: the kernel may have dropped the pages and would then report
  // success.
  if (::fsync(file.descriptor()) != 0) return os_failure("sync", shown, errno);
  return {};
}

Result<void> read_exactly(const File& file, std::span<char> room, std::string_view shown) {
  std::size_t filled = 0;
  while (filled < room.size()) {
    const ssize_t got = ::pread(file.descriptor(), room.data() + filled, room.size() - filled,
                                static_cast<off_t>(filled));
    if (got < 0) {
      if (errno == EINTR) continue;
      return os_failure("read", shown, errno);
    }
    if (got == 0)
      return fail("{}: was cut off while it was read; run again once it is whole", shown);
    filled += static_cast<std::size_t>(got);
  }
  return {};
}

Result<std::optional<std::string>> read_file_if_any(int at, const std::string& path,
                                                    std::string_view shown) {
  const File file(::openat(at, path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) {
    if (errno == ENOENT) return std::nullopt;
    return os_failure("open", shown, errno);
  }
  struct stat status{};
  if (::fstat(file.descriptor(), &status) != 0) return os_failure("read", shown, errno);
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t filled = 0;
  while (true) {
    if (filled == bytes.size()) bytes.resize(bytes.size() + 4096);  // one byte more proves the end
    const ssize_t got = ::read(file.descriptor(), bytes.data() + filled, bytes.size() - filled);
    if (got < 0) {
      if (errno == EINTR) continue;
      return os_failure("read", shown, errno);
    }
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

Result<std::vector<ListedFile>> list_files(const File& folder, std::string_view shown) {
  // By a descriptor of its own, as that has a position in the list.
  const int again = ::openat(folder.descriptor(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (again < 0) return os_failure("list", shown, errno);
  const std::unique_ptr<DIR, decltype([](DIR* each) { ::closedir(each); })> listed(
      ::fdopendir(again));
  if (listed == nullptr) {
    const int error = errno;
    ::close(again);
    return os_failure("list", shown, error);
  }
  std::vector<ListedFile> files;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(listed.get());
    if (entry == nullptr) {
      if (errno != 0) return os_failure("list", shown, errno);
      return files;
    }
    struct stat status{};
    if (::fstatat(again, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) continue;  // removed since it was read
      return os_failure("look at", fmt::format("{}/{}", shown, entry->d_name), errno);
    }
    if (!S_ISREG(status.st_mode)) continue;
    files.push_back({entry->d_name, static_cast<std::uint64_t>(status.st_size)});
  }
}

Result<void> make_folders(const std::string& path) {
  struct stat status{};
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string folder = path.substr(0, end);
    const bool made = ::mkdir(folder.c_str(), 0777) == 0;
    const int error = errno;
    // Some file systems refuse before they look, so what counts is whether the folder is there.
    if (!made && (::stat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))) {
      return os_failure("create the folder", folder, error == EEXIST ? ENOTDIR : error);
    }
    const std::size_t slash = folder.find_last_not_of('/') == std::string::npos
                                  ? std::string::npos
                                  : folder.find_last_of('/', folder.find_last_not_of('/'));
    const std::string parent = slash == std::string::npos ? "." : folder.substr(0, slash + 1);
    // A folder that was there may have been made by a run that was killed before its sync; where
    // the parent is not ours to open, it was not we who made it.
    auto opened = open_file(parent, O_RDONLY | O_DIRECTORY);
    if (opened) {
      if (auto synced = sync_file(*opened, parent); !synced && made) return synced;
    } else if (made) {
      return std::unexpected(opened.error());
    }
    if (end == std::string::npos) return {};
  }
}

}  // namespace bikeflow
