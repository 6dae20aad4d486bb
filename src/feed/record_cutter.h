// Bytes of a file of records -> stretches of whole records, for threads that frame and decode them.
#pragma once

#include <cstddef>
#include <string_view>
#include <variant>

#include "feed/csv_framer.h"
#include "feed/lines.h"

namespace bikeflow {

// Threads: none; one owner.
class RecordCutter {
 public:
  static RecordCutter of_ndjson() { return RecordCutter(LineFramer()); }
  // Begins after the header, whose separator is known by then.
  static RecordCutter of_csv(char separator) { return RecordCutter(CsvFramer(separator)); }

  struct Cut {
    // Whole records, with their line ends; framed alone, they give the same frames as within the
    // file. Of a record that is too large it may be the part that shows so.
    std::string_view records;
    std::size_t taken = 0;  // so many bytes of the buffer are done with; the others come again
  };
  // As much as `buffer` has. Nothing taken: more bytes are needed, or with `is_last` there are
  // none. A buffer of more than kMaxRecordBytes always has something.
  Cut next(std::string_view buffer, bool is_last);

 private:
  explicit RecordCutter(std::variant<LineFramer, CsvFramer> framer) : framer_(framer) {}

  std::variant<LineFramer, CsvFramer> framer_;
};

}  // namespace bikeflow
