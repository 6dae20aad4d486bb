#include "app/output.h"

#include <unistd.h>
#include <cerrno>
#include <cstring>

namespace bikeflow {

void Output::write(std::string_view text) {
  if (into_ != nullptr) {
    into_->append(text);
    return;
  }
  if (closed_) return;
  constexpr std::size_t kBufferBytes = std::size_t{1} << 16;
  buffer_.append(text);
  if (buffer_.size() >= kBufferBytes) flush();
}

void Output::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty() && !closed_) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      closed_ = true;
      if (errno != EPIPE) error_ = errno;
    }
  }
  buffer_.clear();
}

Result<void> Output::finish() {
  flush();
  if (error_ != 0) return fail("cannot write to standard output: {}", std::strerror(error_));
  return {};
}

}  // namespace bikeflow
