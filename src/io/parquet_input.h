// Recorded observations in a Parquet file -> batches: one row is one record, row groups are read
// one after the other, and of them a bounded part at a time.
//
//   station_id   string or integer, dictionary-encoded or not
//   observed_at  integer (Unix seconds, or milliseconds), timestamp of any unit (without a zone:
//   the
//                system's local time), or string as in text
//   bikes, racks integer, or digits as string
//   system       string or integer; where the file has no such column, all rows are of one system
//
// A row that is no observation is refused with the same reasons as in text; a column that can hold
// none is an error of the file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/result.h"
#include "io/column_rows.h"
#include "io/file.h"
#include "io/record_stream.h"
#include "io/system_names.h"

namespace bikeflow {

inline constexpr std::int64_t kParquetChunkRows = 32'768;  // at most so many records in a chunk

// Threads: one at a time.
class ParquetInput {
 public:
  // Errors: not a regular file, no Parquet file, cut off, encrypted, columns that are missing or of
  // another type. Requires: `names` outlives this.
  static Result<ParquetInput> open(const File& file, ColumnSettings settings, SystemNames& names);
  ~ParquetInput();
  ParquetInput(ParquetInput&&) noexcept;
  ParquetInput& operator=(ParquetInput&&) noexcept;

  // Goes on at this record; row groups before it are not read. Requires: before the first next().
  Result<void> skip_to(std::int64_t record);

  // The next records, at least one where the file has any left; nothing after the end. An Error
  // says after which record the file is damaged; what came before it has been handed over.
  Result<std::optional<InputChunk>> next();

  [[nodiscard]] std::int64_t records() const;  // of the whole file
  // Of the file, as far as it has been read: what InputChunk::bytes says too. An estimate within a
  // row group.
  [[nodiscard]] std::int64_t stored_bytes_read() const;

 private:
  class Impl;
  explicit ParquetInput(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace bikeflow
