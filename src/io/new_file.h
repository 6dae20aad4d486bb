// A result file: under its name there is either the whole of it or what was there before.
//
// It is written as NAME.part and renamed at the end; packed where the name ends in .gz or .zst.
// What is no file (a pipe, /dev/null) is written at once.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/compress.h"
#include "io/file.h"

namespace bikeflow {

class NewFile {
 public:
  // Errors: a folder of that name, no such folder to put it in, not permitted, another process is
  // writing it.
  static Result<NewFile> create(const std::string& path);

  Result<void> write(std::string_view bytes);

  // Everything is written, and stands under its name. Requires: called once, and nothing after it.
  Result<void> finish();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::int64_t stored_bytes() const { return stored_bytes_; }  // packed

  NewFile(NewFile&&) = default;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();  // removes what was not finished

 private:
  NewFile(std::string path, std::string part, File file);
  Result<void> store(std::string_view bytes);

  std::string path_;
  std::string part_;  // empty: written at once, or finished
  File file_;
  std::unique_ptr<Compressor> compressor_;  // null: plain
  std::string packed_;
  std::int64_t stored_bytes_ = 0;
};

}  // namespace bikeflow
