#include "base/parquet_ends.h"

#include <fmt/core.h>

#include "base/bytes.h"

namespace bikeflow {

std::uint32_t parquet_footer_size(std::string_view last) { return Reader(last).u32(); }

std::optional<std::string> parquet_defect(std::string_view first, std::string_view last,
                                          std::uint64_t size_bytes) {
  if (size_bytes == 0) return "is empty";
  if (first == "PARE" || (first == "PAR1" && last.ends_with("PARE"))) {
    return "is encrypted; only Parquet files without encryption can be read";
  }
  if (first != "PAR1") return "is no Parquet file: it does not begin with 'PAR1'";
  if (last.size() < kParquetEndBytes || size_bytes < kParquetEndBytes + 4 ||
      !last.ends_with("PAR1")) {
    return "is cut off: it begins as a Parquet file does, but does not end with 'PAR1'";
  }
  const std::uint32_t footer = parquet_footer_size(last);
  if (footer > size_bytes - kParquetEndBytes - 4) {
    return fmt::format("is damaged: a footer of {} bytes does not fit into its {} bytes", footer,
                       size_bytes);
  }
  return std::nullopt;
}

}  // namespace bikeflow
