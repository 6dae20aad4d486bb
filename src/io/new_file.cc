#include "io/new_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "io/os_error.h"

namespace bikeflow {

NewFile::NewFile(std::string path, std::string part, File file)
    : path_(std::move(path)),
      part_(std::move(part)),
      file_(std::move(file)),
      compressor_(compressor_for(path_)) {}

NewFile::~NewFile() {
  if (file_.is_open() && !part_.empty()) ::unlink(part_.c_str());
}

Result<NewFile> NewFile::create(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    if (S_ISDIR(status.st_mode)) return fail("{}: is a folder; name a file in it", path);
    auto file = open_file(path, O_WRONLY);
    if (!file) return std::unexpected(file.error());
    return NewFile(path, "", *std::move(file));
  }
  const std::string part = path + ".part";
  // Not truncated before it is locked: the file may be another process's.
  auto file = open_file(part, O_WRONLY | O_CREAT);
  if (!file) return std::unexpected(file.error());
  if (::flock(file->descriptor(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return fail("{}: another process is writing it", path);
    return os_failure("lock", part, errno);
  }
  // It may have been renamed between the two calls: then this is the other's finished file.
  struct stat locked{};
  if (::fstat(file->descriptor(), &locked) != 0 || ::stat(part.c_str(), &status) != 0 ||
      locked.st_ino != status.st_ino) {
    return fail("{}: another process is writing it", path);
  }
  if (::ftruncate(file->descriptor(), 0) != 0) return os_failure("write", part, errno);
  return NewFile(path, part, *std::move(file));
}

Result<void> NewFile::write(std::string_view bytes) {
  if (compressor_ == nullptr) return store(bytes);
  packed_.clear();
  compressor_->add(bytes, false, packed_);
  return store(packed_);
}

Result<void> NewFile::finish() {
  if (compressor_ != nullptr) {
    packed_.clear();
    compressor_->add("", true, packed_);
    if (auto stored = store(packed_); !stored) return stored;
  }
  if (!part_.empty() && std::rename(part_.c_str(), path_.c_str()) != 0) {
    return os_failure("rename to", path_, errno);
  }
  part_.clear();
  return {};
}

Result<void> NewFile::store(std::string_view bytes) {
  if (auto written = write_all(file_, bytes, path_); !written) return written;
  stored_bytes_ += static_cast<std::int64_t>(bytes.size());
  return {};
}

}  // namespace bikeflow
