// The bytes of one text input in stretches of whole records, to be decoded elsewhere.
//
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "feed/csv_record.h"
#include "feed/record_cutter.h"
#include "io/byte_source.h"
#include "io/input_plan.h"

namespace bikeflow {

struct TextChunk {
  std::shared_ptr<const std::string> bytes;     // that the records are views of
  std::string_view records;                     // whole records, for a RecordReader
  std::shared_ptr<const CsvRecordDecoder> csv;  // null: NDJSON. To be copied by who decodes.
  std::int64_t end_bytes = 0;  // of the unpacked input, up to the end of the last record
  std::int64_t stored_bytes_read = 0;
  bool ends_input = false;
};

class TextChunks {
 public:
  static constexpr std::size_t kChunkBytes = std::size_t{512} << 10;

  // An input without a byte has no records, whatever its format. Errors: as ByteSource::open(); not
  // text; a CSV header without the columns that are needed. `stop` ends a wait for a pipe.
  static Result<TextChunks> open(const std::string& path, const ReaderSettings& settings,
                                 std::stop_token stop);
  // Goes on after `bytes` unpacked bytes, which an earlier run has read. Not of a pipe.
  static Result<TextChunks> resume(const std::string& path, const ReaderSettings& settings,
                                   std::stop_token stop, std::int64_t bytes);

  // Nothing after the chunk that ends the input. A chunk may be without records: that one, or,
  // where a wait for a pipe was stopped, every one from then on. After an Error (the input is
  // damaged; what came before was given) nothing more.
  Result<std::optional<TextChunk>> next();

  [[nodiscard]] Format format() const { return format_; }  // kUnknown: the input is empty
  [[nodiscard]] const ByteSource& source() const { return source_; }

 private:
  explicit TextChunks(ByteSource source) : source_(std::move(source)) {}
  Result<void> begin(const ReaderSettings& settings);
  Result<void> read_header(const ReaderSettings& settings);
  std::string read_more(std::size_t size);
  void cut(TextChunk& chunk);
  void skip_record();
  [[nodiscard]] std::int64_t begin_of_left() const {
    return source_.offset() - static_cast<std::int64_t>(left_.size());
  }

  ByteSource source_;
  Format format_ = Format::kUnknown;
  RecordCutter cutter_ = RecordCutter::of_ndjson();
  std::shared_ptr<const CsvRecordDecoder> csv_;
  std::string left_;  // read, but not yet in a chunk
  bool source_is_at_end_ = false;
  std::optional<Error> fault_;  // of the source: given when all before it was
  bool is_done_ = false;
};

}  // namespace bikeflow
