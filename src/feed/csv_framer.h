// Bytes of CSV -> its records, whatever the pieces in which the bytes arrive.
#pragma once

#include <optional>
#include <string_view>

#include "feed/lines.h"
#include "feed/record.h"

namespace bikeflow {

// Each record is without its line end, LF or CRLF. A byte order mark is not looked for here: see
// byte_order_mark_size().
//
// A record whose quotes are broken (one is never closed, or is followed by something else) ends
// with its first line, so that the lines after it are not lost with it; so does one that is longer
// than kMaxRecordBytes because of a quote.
//
// Threads: none; one owner.
class CsvFramer {
 public:
  // The header's separator is not known before the header is.
  static constexpr char kAnySeparator = '\0';

  explicit CsvFramer(char separator = kAnySeparator) : separator_(separator) {}

  // As LineFramer::next().
  std::optional<Frame> next(std::string_view& rest, bool is_last);
  bool skip(std::string_view& rest) { return lines_.skip(rest); }

 private:
  LineFramer lines_;
  char separator_;
};

}  // namespace bikeflow
