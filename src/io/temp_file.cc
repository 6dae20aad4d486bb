#include "io/temp_file.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/check.h"
#include "io/os_error.h"

namespace bikeflow {

Result<TempFile> TempFile::create(const std::string& folder) {
  if (auto made = make_folders(folder); !made) return std::unexpected(made.error());
  std::string shown = "a temporary file in " + folder;
  File file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file.is_open()) return TempFile(std::move(file), std::move(shown));
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT) {
    return os_failure("create", shown, errno);
  }
  // Not every file system knows files without a name; there it loses its name at once.
  std::string path = folder + "/unfinished-XXXXXX";
  file = File(::mkostemp(path.data(), O_CLOEXEC));
  if (!file.is_open()) return os_failure("create", shown, errno);
  if (::unlink(path.c_str()) != 0) return os_failure("remove", path, errno);
  return TempFile(std::move(file), std::move(shown));
}

Result<void> TempFile::append(std::span<const std::byte> bytes) {
  auto written =
      write_all(file_, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, shown_);
  if (written) size_ += static_cast<std::int64_t>(bytes.size());
  return written;
}

Result<void> TempFile::read(std::int64_t offset, std::span<std::byte> room) const {
  while (!room.empty()) {
    const ssize_t got = ::pread(file_.descriptor(), room.data(), room.size(), offset);
    if (got < 0) {
      if (errno == EINTR) continue;
      return os_failure("read", shown_, errno);
    }
    CHECK(got > 0);
    room = room.subspan(static_cast<std::size_t>(got));
    offset += got;
  }
  return {};
}

void TempFile::forget(std::int64_t begin, std::int64_t end) {
  // Where it cannot, the room is given back with the file.
  (void)::fallocate(file_.descriptor(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, begin,
                    end - begin);
}

Result<std::int64_t> free_bytes(const std::string& folder) {
  struct statvfs status{};
  for (std::string path = folder;;) {
    if (::statvfs(path.empty() ? "." : path.c_str(), &status) == 0) {
      return static_cast<std::int64_t>(status.f_bavail) *
             static_cast<std::int64_t>(status.f_frsize);
    }
    if (errno != ENOENT || path.empty() || path == "/") {
      return os_failure("look for free space", folder, errno);
    }
    const std::size_t slash = path.find_last_of('/');
    path = slash == std::string::npos ? "" : slash == 0 ? "/" : path.substr(0, slash);
  }
}

}  // namespace bikeflow
