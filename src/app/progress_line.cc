#include "app/progress_line.h"

#include <algorithm>
#include <cstdio>

#include <fmt/core.h>

#include "io/clock.h"

namespace bikeflow {
namespace {

constexpr std::int64_t kEveryMs = 200;

}  // namespace

bool ProgressLine::is_due() const {
  return terminal_.is_terminal && monotonic_ms() - shown_ms_ >= kEveryMs;
}

void ProgressLine::show(std::string_view text) {
  shown_ms_ = monotonic_ms();
  fmt::print(stderr, "\r\033[K{}",
             text.substr(0, static_cast<std::size_t>(std::max(terminal_.width - 1, 0))));
  std::fflush(stderr);
  is_drawn_ = true;
}

void ProgressLine::clear() {
  if (is_drawn_) fmt::print(stderr, "\r\033[K");
  is_drawn_ = false;
}

}  // namespace bikeflow
