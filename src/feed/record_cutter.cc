#include "feed/record_cutter.h"

#include "feed/record.h"

namespace bikeflow {

RecordCutter::Cut RecordCutter::next(std::string_view buffer, bool is_last) {
  std::string_view rest = buffer;
  std::visit([&](auto& framer) { framer.skip(rest); }, framer_);
  const std::string_view records = rest;
  // Where no quote can hide a line end, the last line end is that of a record.
  const bool is_lines = std::holds_alternative<LineFramer>(framer_) || !rest.contains('"');
  const std::size_t line_end = is_lines ? rest.rfind('\n') : std::string_view::npos;
  if (line_end != std::string_view::npos) {
    rest.remove_prefix(line_end + 1);
    if (!is_last && rest.size() <= kMaxRecordBytes) {
      return {records.substr(0, line_end + 1), buffer.size() - rest.size()};
    }
  }
  std::visit(
      [&](auto& framer) {
        while (framer.next(rest, is_last)) {
        }
      },
      framer_);
  return {records.substr(0, records.size() - rest.size()), buffer.size() - rest.size()};
}

}  // namespace bikeflow
