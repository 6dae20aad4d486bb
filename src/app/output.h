// Results: what a command writes to standard output.
//
// Threads: none; one owner.
#pragma once

#include <string>
#include <string_view>

#include <fmt/core.h>

#include "base/result.h"

namespace bikeflow {

class Output {
 public:
  explicit Output(int fd) : fd_(fd) {}
  // Collects what is written, for a test.
  explicit Output(std::string& into) : into_(&into) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void write(std::string_view text);
  template <class... Args>
  void print(fmt::format_string<Args...> format, Args&&... args) {
    write(fmt::format(format, std::forward<Args>(args)...));
  }

  // Passes on what is buffered. Errors (a full disk) are kept and told by finish().
  void flush();

  // Whether writing more is of no use: the reader has gone (`| head`), or writing failed.
  [[nodiscard]] bool is_closed() const { return closed_; }

  // Everything written has arrived. A reader that left early is no error.
  [[nodiscard]] Result<void> finish();

 private:
  int fd_ = -1;
  std::string* into_ = nullptr;
  std::string buffer_;
  bool closed_ = false;
  int error_ = 0;  // errno of the first write that failed
};

}  // namespace bikeflow
