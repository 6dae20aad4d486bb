// The bytes of an input from its beginning to its end: a file, standard input or a pipe, unpacked
// where they are gzip or zstd, whatever the name says.
//
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/decompress.h"
#include "io/file.h"

namespace bikeflow {

class ByteSource {
 public:
  // "-" is standard input. Errors: missing, a folder, not permitted, a compression that is not
  // read.
  // A wait for a pipe is given up when `stop` is requested, or is_interrupted().
  static Result<ByteSource> open(const std::string& path, std::stop_token stop = {});

  // Fills the room from its front; less than full only at the end or before a fault, 0 at the end.
  // What comes before damage is given first; then the Error says where the damage is. Waits for a
  // pipe.
  Result<std::size_t> read(std::span<char> room);

  // Goes forward so that the next byte read is the one at `offset` of the unpacked bytes: at once
  // in a plain file, by reading in others. Error where the input ends before it.
  Result<void> skip_to(std::int64_t offset);

  // A wait for a pipe was given up: the Error that came says so.
  [[nodiscard]] bool was_stopped() const { return was_stopped_; }

  [[nodiscard]] const std::string& name() const { return name_; }  // as given; "standard input"
  [[nodiscard]] std::int64_t offset() const { return offset_; }    // of the next unpacked byte

  // As stored: for progress. Without a total for a pipe. A file ends where it ended when it was
  // opened, even if somebody appends to it meanwhile.
  [[nodiscard]] std::int64_t stored_bytes_read() const {
    return stored_read_ - static_cast<std::int64_t>(pending().size());
  }
  [[nodiscard]] std::optional<std::int64_t> stored_bytes() const { return stored_total_; }
  [[nodiscard]] bool is_compressed() const { return decompressor_ != nullptr; }

 private:
  ByteSource(std::string name, File file, std::stop_token stop)
      : name_(std::move(name)), file_(std::move(file)), stop_(std::move(stop)) {}
  [[nodiscard]] std::span<const char> pending() const;
  Result<void> look_at_file();
  Result<void> look_at_head();
  Result<void> wait_for_pipe();
  Result<std::size_t> read_stored(std::span<char> room);
  Result<std::size_t> read_plain(std::span<char> room);
  Result<std::size_t> unpack(std::span<char> room);

  std::string name_;
  File file_;
  bool is_regular_ = false;
  bool is_at_end_ = false;
  bool was_stopped_ = false;
  std::stop_token stop_;
  std::optional<std::int64_t> stored_total_;
  std::int64_t stored_read_ = 0;
  std::int64_t offset_ = 0;
  std::unique_ptr<Decompressor> decompressor_;  // null: plain
  std::vector<char> buffer_;                    // stored bytes that were read ahead
  std::size_t buffer_begin_ = 0;
  std::size_t buffer_end_ = 0;
  std::optional<Error> fault_;  // given after the bytes before it
};

}  // namespace bikeflow
