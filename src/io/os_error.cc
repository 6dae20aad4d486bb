#include "io/os_error.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/size.h"

namespace bikeflow {
namespace {

// What the user can do about it; empty where nothing better than the system's own words is known.
std::string_view advice(int error) {
  switch (error) {
    case EROFS:
      return "mount it writable, or name another folder";
    case EACCES:
    case EPERM:
      return "change the owner or the mode of the file or of the folders above it, or run as "
             "another user";
    case EIO:
      return "the disk reports a failure (the kernel's log, dmesg, says more); what was published "
             "before "
             "is intact: run the same command again once the disk works";
    case EFBIG:
      return "the process may not write files of this size (ulimit -f)";
    case EMFILE:
    case ENFILE:
      return "raise the limit of open files (ulimit -n)";
    case ENOTDIR:
      return "a part of this path is a file, not a folder";
    case ENAMETOOLONG:
      return "the file system does not take names of this length";
    case EXDEV:
      return "the folder is on another file system than its lake; a lake must lie on one";
    case ENOENT:
      return "is the name right?";
    default:
      return "";
  }
}

}  // namespace

std::unexpected<Error> os_failure(std::string_view doing, std::string_view path, int error,
                                  std::optional<std::int64_t> needed_bytes) {
  if (error == ENOSPC || error == EDQUOT) {
    return fail(
        "no space left for {}: {}{}; free space and run the same command again, nothing is lost",
        path, error == EDQUOT ? "the disk quota is used up, " : "",
        needed_bytes ? format_size(*needed_bytes) + " needed" : "the disk is full");
  }
  const std::string reason = std::generic_category().message(error);
  const std::string_view hint = advice(error);
  if (hint.empty()) return fail("{}: cannot {}: {}", path, doing, reason);
  return fail("{}: cannot {}: {}; {}", path, doing, reason, hint);
}

}  // namespace bikeflow
