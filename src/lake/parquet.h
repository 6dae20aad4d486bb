// The lake's files: Parquet with one row group, the columns of model/schema.h, zstd, a dictionary
// for strings, and key-value metadata.
//
// Threads: everything here is pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/rows.h"

namespace bikeflow {

// Key-value metadata in the order of the file; the keys of hourly_summary are in
// lake/metadata_keys.h.
using KeyValues = std::vector<std::pair<std::string, std::string>>;

// Rows and metadata -> the bytes of a file. Equal input gives equal bytes.
Result<std::string> encode_hourly(std::span<const HourlyRow> rows, const KeyValues& metadata);
Result<std::string> encode_late(std::span<const LateRow> rows, const KeyValues& metadata);
Result<std::string> encode_dead_letters(std::span<const DeadLetter> rows,
                                        const KeyValues& metadata);

template <class Row>
struct RowFile {
  std::vector<Row> rows;
  KeyValues metadata;
};

// The bytes of a whole file -> rows and metadata. Any bytes are survived; an error says what is
// wrong with them: no Parquet, cut off, encrypted, a column that is missing or of another type, a
// null, damage. Columns that the schema does not name are passed over.
Result<RowFile<HourlyRow>> decode_hourly(std::string_view bytes);
Result<RowFile<LateRow>> decode_late(std::string_view bytes);
Result<RowFile<DeadLetter>> decode_dead_letters(std::string_view bytes);

// The rows of one station, of which a file has one or none: for a sixth of the work of all of them.
Result<std::vector<HourlyRow>> decode_hourly_of(std::string_view bytes,
                                                std::string_view station_id);

// The metadata alone, from the last bytes of a file that has `size_bytes`. They must reach back to
// the footer's begin, kParquetEndBytes + parquet_footer_size() (base/parquet_ends.h): the error
// says so.
Result<KeyValues> read_metadata(std::string_view tail, std::uint64_t size_bytes);

}  // namespace bikeflow
