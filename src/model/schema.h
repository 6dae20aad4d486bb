// The columns of the lake's three data sets: names, order and types. One table for each, which
// drives the Parquet files, their reading back, and the CSV and JSON of the commands.
//
//   for_each_column<LateRow>([&](const auto& column) { ... column.get(row) ... });
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "model/rows.h"

namespace bikeflow {

enum class ColumnType : std::uint8_t {
  kTime,  // a cell is Seconds; in Parquet a timestamp in milliseconds, adjusted to UTC
  kInt32,
  kInt64,
  kString,  // UTF-8
  kBinary,
};

// What a cell of a column is handed over as.
template <ColumnType Type>
using CellOf =
    std::conditional_t<Type == ColumnType::kString || Type == ColumnType::kBinary, std::string_view,
                       std::conditional_t<Type == ColumnType::kInt32, std::int32_t, std::int64_t>>;

// `get(row)` gives the cell, as std::optional where the column is nullable; `set(row, cell)` puts
// it into a row and says whether it can be there at all.
template <ColumnType Type, bool Nullable, class Get, class Set>
struct Column {
  static constexpr ColumnType kType = Type;
  static constexpr bool kNullable = Nullable;
  using Cell = std::conditional_t<Nullable, std::optional<CellOf<Type>>, CellOf<Type>>;

  std::string_view name;
  Get get;
  Set set;
};

namespace schema_detail {

// A column for a field of the row, reached by `reach(row)`, that has the cell's type or a narrower
// integer.
template <ColumnType Type, class Reach>
constexpr auto field(std::string_view name, Reach reach) {
  using Cell = CellOf<Type>;
  const auto get = [reach](const auto& row) -> Cell { return reach(row); };
  const auto set = [reach](auto& row, Cell cell) {
    auto& to = reach(row);
    using Field = std::remove_reference_t<decltype(to)>;
    if constexpr (std::integral<Field>) {
      if (!std::in_range<Field>(cell)) return false;
      to = static_cast<Field>(cell);
    } else {
      to = cell;
    }
    return true;
  };
  return Column<Type, false, decltype(get), decltype(set)>{name, get, set};
}

template <ColumnType Type, bool Nullable, class Get, class Set>
constexpr auto column(std::string_view name, Get get, Set set) {
  return Column<Type, Nullable, Get, Set>{name, get, set};
}

}  // namespace schema_detail

#define BIKEFLOW_FIELD(type, name, member) \
  schema_detail::field<ColumnType::type>(name, [](auto& row) -> auto& { return row.member; })

// kName is the data set's folder in the lake; kColumns a tuple of Column.
template <class Row>
struct Schema;

template <>
struct Schema<HourlyRow> {
  static constexpr std::string_view kName = "hourly_summary";
  static constexpr auto kColumns =
      std::tuple{BIKEFLOW_FIELD(kTime, "start", window.start),
                 BIKEFLOW_FIELD(kTime, "end", window.end),
                 BIKEFLOW_FIELD(kString, "stationId", station_id),
                 BIKEFLOW_FIELD(kInt64, "total_rental", total_rental),
                 BIKEFLOW_FIELD(kInt64, "total_return", total_return),
                 BIKEFLOW_FIELD(kInt64, "unobserved_change", unobserved_change),
                 BIKEFLOW_FIELD(kInt32, "bikes_open", bikes_open),
                 BIKEFLOW_FIELD(kInt32, "bikes_close", bikes_close),
                 BIKEFLOW_FIELD(kInt32, "bikes_min", bikes_min),
                 BIKEFLOW_FIELD(kInt32, "bikes_max", bikes_max),
                 BIKEFLOW_FIELD(kInt32, "observed_seconds", observed_seconds),
                 BIKEFLOW_FIELD(kInt32, "empty_seconds", empty_seconds),
                 BIKEFLOW_FIELD(kInt32, "full_seconds", full_seconds),
                 BIKEFLOW_FIELD(kInt32, "largest_rental", largest_rental),
                 BIKEFLOW_FIELD(kInt32, "largest_return", largest_return)};
};

template <>
struct Schema<LateRow> {
  static constexpr std::string_view kName = "late";
  static constexpr auto kColumns = std::tuple{
      BIKEFLOW_FIELD(kString, "station_id", station_id),
      BIKEFLOW_FIELD(kTime, "observed_at", observed_at),
      BIKEFLOW_FIELD(kInt32, "bikes", counts.bikes),
      schema_detail::column<ColumnType::kInt32, true>(
          "racks",
          [](const LateRow& row) {
            return row.counts.racks == Counts::kNoRacks
                       ? std::nullopt
                       : std::optional<std::int32_t>(row.counts.racks);
          },
          [](LateRow& row, std::optional<std::int32_t> racks) {
            if (racks && (*racks < 0 || *racks > Counts::kMost)) return false;
            row.counts.racks = static_cast<std::int16_t>(racks.value_or(Counts::kNoRacks));
            return true;
          }),
      BIKEFLOW_FIELD(kTime, "watermark", watermark),
      BIKEFLOW_FIELD(kString, "source", source),
      BIKEFLOW_FIELD(kInt32, "partition", position.partition),
      BIKEFLOW_FIELD(kInt64, "offset", position.offset)};
};

template <>
struct Schema<DeadLetter> {
  static constexpr std::string_view kName = "dead_letter";
  static constexpr auto kColumns = std::tuple{
      BIKEFLOW_FIELD(kString, "source", source),
      BIKEFLOW_FIELD(kInt32, "partition", position.partition),
      BIKEFLOW_FIELD(kInt64, "offset", position.offset),
      BIKEFLOW_FIELD(kTime, "received_at", received_at),
      schema_detail::column<ColumnType::kString, false>(
          "reason", [](const DeadLetter& row) { return reason_word(row.refusal.reason); },
          [](DeadLetter& row, std::string_view word) {
            const std::optional<Reason> reason = reason_from_word(word);
            if (reason) row.refusal.reason = *reason;
            return reason.has_value();
          }),
      BIKEFLOW_FIELD(kString, "detail", refusal.detail),
      schema_detail::column<ColumnType::kInt64, true>(
          "byte", [](const DeadLetter& row) { return row.refusal.byte; },
          [](DeadLetter& row, std::optional<std::int64_t> byte) {
            row.refusal.byte = byte;
            return true;
          }),
      BIKEFLOW_FIELD(kBinary, "record", record)};
};

#undef BIKEFLOW_FIELD

template <class Row>
inline constexpr std::size_t kColumnCount = std::tuple_size_v<decltype(Schema<Row>::kColumns)>;

// Calls `visit(column)` for each column in order.
template <class Row, class Visit>
constexpr void for_each_column(Visit&& visit) {
  std::apply([&](const auto&... columns) { (visit(columns), ...); }, Schema<Row>::kColumns);
}

}  // namespace bikeflow
