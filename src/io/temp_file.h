// A file without a name, for what does not fit into memory: it goes with the process, however that
// ends, so nothing is left to clean up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "base/result.h"
#include "io/file.h"

namespace bikeflow {

class TempFile {
 public:
  // In `folder`, which is created where it is missing.
  static Result<TempFile> create(const std::string& folder);

  // Errors name the folder, and the room that was needed.
  Result<void> append(std::span<const std::byte> bytes);
  // Fills the room from `offset` on. Requires: so much was appended.
  Result<void> read(std::int64_t offset, std::span<std::byte> room) const;
  // Gives the room of [begin, end) back to the disk, where it can; its bytes are zero afterwards.
  void forget(std::int64_t begin, std::int64_t end);

  // The file by itself. Requires: nothing is done with this object any more.
  File release() && { return std::move(file_); }

  [[nodiscard]] std::int64_t size() const { return size_; }
  [[nodiscard]] int descriptor() const { return file_.descriptor(); }

 private:
  TempFile(File file, std::string shown) : file_(std::move(file)), shown_(std::move(shown)) {}

  File file_;
  std::string shown_;
  std::int64_t size_ = 0;
};

// What a user may still write on the disk that holds `folder` (or will, where it is missing).
Result<std::int64_t> free_bytes(const std::string& folder);

}  // namespace bikeflow
