#include "feed/record_reader.h"

namespace bikeflow {

std::optional<Frame> RecordReader::next(std::string_view& records) {
  if (std::holds_alternative<JsonRecordDecoder>(decoder_)) return line_framer_.next(records, true);
  return csv_framer_.next(records, true);
}

Decoded RecordReader::decode(const Frame& frame, Seconds near) {
  if (frame.is_too_large) return std::unexpected(too_large());
  return std::visit([&](auto& decoder) { return decoder.decode(frame.record, near); }, decoder_);
}

}  // namespace bikeflow
