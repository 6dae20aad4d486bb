#include "feed/lines.h"

#include <algorithm>

#include "model/dead_letter.h"

namespace bikeflow {

bool LineFramer::skip(std::string_view& rest) {
  if (!is_skipping_) return true;
  const std::size_t end = rest.find('\n');
  is_skipping_ = end == std::string_view::npos;
  rest.remove_prefix(is_skipping_ ? rest.size() : end + 1);
  return !is_skipping_;
}

std::optional<Frame> LineFramer::next(std::string_view& rest, bool is_last) {
  if (!skip(rest)) {
    if (is_last) is_skipping_ = false;  // the end is that of the long line, too
    return std::nullopt;
  }
  const std::size_t end = rest.find('\n');
  const bool is_whole = end != std::string_view::npos || (is_last && !rest.empty());
  if (!is_whole && rest.size() <= kMaxRecordBytes) return std::nullopt;
  Frame frame{rest.substr(0, end)};
  if (frame.record.size() <= kMaxRecordBytes) {
    rest.remove_prefix(std::min(frame.record.size() + 1, rest.size()));
    return frame;
  }
  frame = {frame.record.substr(0, kDeadLetterRecordBytes), true};
  is_skipping_ = true;
  skip(rest);
  return frame;
}

}  // namespace bikeflow
