#include "io/byte_source.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "io/interrupt.h"
#include "io/os_error.h"

namespace bikeflow {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{256} << 10;

// How long a wish to stop may go unheard.
constexpr int kWaitMs = 100;

}  // namespace

Result<ByteSource> ByteSource::open(const std::string& path, std::stop_token stop) {
  const bool is_standard_input = path == "-";
  const std::string name = is_standard_input ? "standard input" : path;
  // Standard input is not ours to close.
  File file(is_standard_input ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                              : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return os_failure("open", name, errno);
  ByteSource source(name, std::move(file), std::move(stop));
  if (auto looked = source.look_at_file(); !looked) return std::unexpected(looked.error());
  if (auto looked = source.look_at_head(); !looked) return std::unexpected(looked.error());
  return source;
}

Result<void> ByteSource::look_at_file() {
  struct stat status{};
  if (::fstat(file_.descriptor(), &status) != 0) return os_failure("open", name_, errno);
  if (S_ISDIR(status.st_mode)) {
    return fail("{}: is a folder; name the files in it, for example {}/*.csv.gz", name_, name_);
  }
  if (S_ISREG(status.st_mode)) {
    // Standard input may be a file that somebody has read a part of.
    const off_t begin = ::lseek(file_.descriptor(), 0, SEEK_CUR);
    if (begin < 0) return os_failure("read", name_, errno);
    is_regular_ = true;
    stored_total_ = std::max<std::int64_t>(0, status.st_size - begin);
    ::posix_fadvise(file_.descriptor(), 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  return {};
}

Result<void> ByteSource::look_at_head() {
  buffer_.resize(kBufferBytes);
  // A pipe may give its first bytes one by one.
  while (buffer_end_ < kCompressionHeadBytes) {
    auto got = read_stored(std::span(buffer_).subspan(buffer_end_));
    if (!got) return std::unexpected(got.error());
    if (*got == 0) break;
    buffer_end_ += *got;
  }
  auto found = decompressor_for(std::string_view(buffer_.data(), buffer_end_));
  if (!found) {
    return fail(
        "{}: is compressed as {}, which is not read; unpack it first, or pipe it in: ... | "
        "bikeflow backfill -",
        name_, found.error());
  }
  decompressor_ = *std::move(found);
  return {};
}

std::span<const char> ByteSource::pending() const {
  return std::span(buffer_).subspan(buffer_begin_, buffer_end_ - buffer_begin_);
}

Result<void> ByteSource::wait_for_pipe() {
  pollfd watched = {file_.descriptor(), POLLIN, 0};
  while (::poll(&watched, 1, kWaitMs) <= 0) {
    if (stop_.stop_requested() || is_interrupted()) {
      was_stopped_ = true;
      return fail("{}: interrupted while waiting for input", name_);
    }
  }
  return {};
}

// Up to room.size() bytes as stored; 0 at the end.
Result<std::size_t> ByteSource::read_stored(std::span<char> room) {
  if (is_regular_) {
    room = room.first(static_cast<std::size_t>(std::min<std::int64_t>(
        static_cast<std::int64_t>(room.size()), *stored_total_ - stored_read_)));
  }
  if (room.empty() || is_at_end_) return 0;
  while (true) {
    if (!is_regular_) {
      if (auto waited = wait_for_pipe(); !waited) return std::unexpected(waited.error());
    }
    const ssize_t got = ::read(file_.descriptor(), room.data(), room.size());
    if (got > 0) {
      stored_read_ += got;
      return static_cast<std::size_t>(got);
    }
    if (got == 0) {
      is_at_end_ = true;
      if (!is_regular_) return 0;
      return fail(
          "{}: had {} bytes when it was opened and ends after {} now: somebody has cut it off; "
          "run again once it is whole",
          name_, *stored_total_, stored_read_);
    }
    if (errno != EINTR && errno != EAGAIN) return os_failure("read", name_, errno);
  }
}

Result<std::size_t> ByteSource::read(std::span<char> room) {
  std::size_t filled = 0;
  while (filled < room.size() && !fault_) {
    auto got =
        decompressor_ != nullptr ? unpack(room.subspan(filled)) : read_plain(room.subspan(filled));
    if (!got) {
      fault_ = got.error();
      break;
    }
    if (*got == 0) break;
    filled += *got;
    offset_ += static_cast<std::int64_t>(*got);
  }
  if (filled == 0 && fault_) return std::unexpected(*fault_);
  return filled;
}

Result<std::size_t> ByteSource::read_plain(std::span<char> room) {
  const std::span<const char> ahead = pending();
  if (ahead.empty()) return read_stored(room);
  const std::size_t size = std::min(ahead.size(), room.size());
  std::memcpy(room.data(), ahead.data(), size);
  buffer_begin_ += size;
  return size;
}

// Some unpacked bytes; 0 only at the end of the input, or where it is damaged: then fault_ is set.
Result<std::size_t> ByteSource::unpack(std::span<char> room) {
  while (true) {
    const Decompressor::Step step = decompressor_->step(pending(), room);
    buffer_begin_ += step.consumed;
    if (step.damage) {
      fault_ = Error{fmt::format(
          "{}: the {} data are damaged near byte {} ({}); what came before, {} bytes unpacked, was "
          "read: get the file again, {} -t tests it",
          name_, decompressor_->name(), stored_bytes_read(), *step.damage,
          offset_ + static_cast<std::int64_t>(step.produced), decompressor_->name())};
    }
    if (step.produced > 0 || step.damage) return step.produced;
    if (!pending().empty()) continue;
    buffer_begin_ = 0;
    buffer_end_ = 0;
    auto got = read_stored(buffer_);
    if (!got) return got;
    buffer_end_ = *got;
    if (*got > 0) continue;
    if (decompressor_->may_end()) return 0;
    return fail(
        "{}: the {} data break off at byte {}: the file is not whole; what came before, {} bytes "
        "unpacked, was read: get the file again",
        name_, decompressor_->name(), stored_read_, offset_);
  }
}

Result<void> ByteSource::skip_to(std::int64_t offset) {
  std::int64_t left = offset - offset_;
  if (left < 0) return fail("{}: cannot be read backwards", name_);
  if (is_regular_ && decompressor_ == nullptr) {
    const std::int64_t from_buffer =
        std::min<std::int64_t>(left, static_cast<std::int64_t>(pending().size()));
    buffer_begin_ += static_cast<std::size_t>(from_buffer);
    left -= from_buffer;
    if (stored_read_ + left <= *stored_total_) {
      if (::lseek(file_.descriptor(), left, SEEK_CUR) < 0) return os_failure("read", name_, errno);
      stored_read_ += left;
      offset_ = offset;
      return {};
    }
    offset_ += from_buffer;
  }
  std::vector<char> skipped(
      static_cast<std::size_t>(std::min<std::int64_t>(left, std::int64_t{1} << 16)));
  while (left > 0) {
    auto got = read(std::span(skipped).first(static_cast<std::size_t>(
        std::min<std::int64_t>(left, static_cast<std::int64_t>(skipped.size())))));
    if (!got) return std::unexpected(got.error());
    if (*got == 0) {
      return fail("{}: ends at byte {}, but was read up to byte {} before: it is another file now",
                  name_, offset_, offset);
    }
    left -= static_cast<std::int64_t>(*got);
  }
  return {};
}

}  // namespace bikeflow
