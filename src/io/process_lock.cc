#include "io/process_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/core.h>

#include "io/os_error.h"

namespace bikeflow {
namespace {

// The process that holds the lock, as far as its file tells.
std::string holder(const File& lock) {
  std::string text(32, '\0');
  const ssize_t size = ::pread(lock.descriptor(), text.data(), text.size(), 0);
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  while (text.ends_with('\n')) text.pop_back();
  return text.empty() ? "another process" : "process " + text;
}

}  // namespace

Result<File> lock_folder(const std::string& folder) {
  const std::string path = folder + "/lock";
  // The file is never removed: a lock on a file without a name keeps nobody out.
  auto lock = open_file(path, O_RDWR | O_CREAT);
  if (!lock) return lock;
  if (::flock(lock->descriptor(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return os_failure("lock", path, errno);
    return fail(
        "{}: in use by {}; two would spoil each other's work: wait until it has ended, or stop it",
        folder, holder(*lock));
  }
  if (::ftruncate(lock->descriptor(), 0) != 0) return os_failure("write", path, errno);
  if (auto written = write_all(*lock, fmt::format("{}\n", ::getpid()), path); !written) {
    return std::unexpected(written.error());
  }
  return lock;
}

}  // namespace bikeflow
