// A stretch of whole records, NDJSON or CSV -> frames -> observations.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "feed/csv_framer.h"
#include "feed/csv_record.h"
#include "feed/json_record.h"
#include "feed/lines.h"
#include "feed/record.h"

namespace bikeflow {

// Threads: none; one owner, but each thread may have a copy.
class RecordReader {
 public:
  explicit RecordReader(JsonRecordDecoder decoder) : decoder_(std::move(decoder)) {}
  explicit RecordReader(CsvRecordDecoder decoder)
      : csv_framer_(decoder.separator()), decoder_(std::move(decoder)) {}

  // The next record of `records`, which is shortened by it; nothing at the end.
  std::optional<Frame> next(std::string_view& records);

  // As JsonRecordDecoder::decode(). Requires: a frame of next().
  Decoded decode(const Frame& frame, Seconds near);

 private:
  LineFramer line_framer_;
  CsvFramer csv_framer_;
  std::variant<JsonRecordDecoder, CsvRecordDecoder> decoder_;
};

}  // namespace bikeflow
