// A line on standard error that says how far a command is; only where that is a terminal.
//
// Threads: none; one owner.
#pragma once

#include <cstdint>
#include <string_view>

#include "app/terminal.h"

namespace bikeflow {

class ProgressLine {
 public:
  explicit ProgressLine(const Terminal& terminal) : terminal_(terminal) {}
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // Whether it is time for another look.
  [[nodiscard]] bool is_due() const;
  void show(std::string_view text);
  void clear();

 private:
  Terminal terminal_;
  std::int64_t shown_ms_ = 0;
  bool is_drawn_ = false;
};

}  // namespace bikeflow
