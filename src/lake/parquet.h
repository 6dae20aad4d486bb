// The lake's files: Parquet with one row group, the columns of model/schema.h, zstd, a dictionary
// for strings, and key-value metadata.
//
// Threads: everything here is pure; a StationReader has one user at a time.
#pragma once

#include <cstddef>
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

// The rows of one station out of many files, each of which has one of it or none. Files of a lake
// mostly have the same stations in the same order: where a column of ids is byte for byte that of
// the file before, the station is at the same place, and nothing of the column is decoded.
//
// Threads: one at a time; several readers at once.
class StationReader {
 public:
  explicit StationReader(std::string station_id) : station_id_(std::move(station_id)) {}

  // The bytes of a whole file -> the station's rows; errors as of decode_hourly().
  Result<std::vector<HourlyRow>> read(std::string_view bytes);

  [[nodiscard]] const std::string& station_id() const { return station_id_; }

 private:
  std::vector<HourlyRow> rows_in(std::string_view bytes);

  std::string station_id_;
  // The column of ids that was read last, as it was in its file, and the station's rows there.
  std::string ids_;
  std::vector<std::size_t> places_;
};

// The metadata alone, from the last bytes of a file that has `size_bytes`. They must reach back to
// the footer's begin, kParquetEndBytes + parquet_footer_size() (base/parquet_ends.h): the error
// says so.
Result<KeyValues> read_metadata(std::string_view tail, std::uint64_t size_bytes);

}  // namespace bikeflow
