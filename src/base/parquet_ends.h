// What the first and last bytes of a file say about whether it is a Parquet file, before any
// library reads it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bikeflow {

// The last bytes of a Parquet file: its footer's size, little-endian, and "PAR1".
inline constexpr std::size_t kParquetEndBytes = 8;

// Why it is none that can be read, as the rest of a sentence about it: "is no Parquet file", "is
// cut off: ...", "is encrypted". Nothing where the ends are right. `first` and `last` are its first
// 4 and last kParquetEndBytes bytes, or fewer where it has no more; `size_bytes` its size.
std::optional<std::string> parquet_defect(std::string_view first, std::string_view last,
                                          std::uint64_t size_bytes);

// Requires: kParquetEndBytes bytes.
std::uint32_t parquet_footer_size(std::string_view last);

}  // namespace bikeflow
