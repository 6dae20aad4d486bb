#include "lake/row_hash.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "model/schema.h"

namespace bikeflow {

std::uint64_t hash_rows(std::span<const HourlyRow> rows) {
  Writer out;
  out.reserve(rows.size() * 48);
  for (const HourlyRow& row : rows) {
    for_each_column<HourlyRow>([&](const auto& column) {
      if constexpr (std::is_same_v<std::decay_t<decltype(column.get(row))>, std::string_view>) {
        out.string(column.get(row));
      } else {
        out.zigzag(column.get(row));
      }
    });
  }
  return hash64(out.bytes());
}

}  // namespace bikeflow
