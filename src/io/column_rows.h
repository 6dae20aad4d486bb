// Rows of columns, as their values are meant (column_values.h) -> batches and dead letters.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/zone.h"
#include "feed/fields.h"
#include "feed/value.h"
#include "io/record_stream.h"
#include "io/system_names.h"

namespace bikeflow {

// What the rows of an input are read with.
struct ColumnSettings {
  std::string source;     // the input's name, in errors and dead letters
  std::size_t input = 0;  // its number
  FieldNames names{};
  std::string system;  // of rows that name none
  // For times without an offset; asked once for each system that needs it.
  std::function<Result<Zone>(std::string_view system)> zone_of;
  Seconds now = 0;  // when dead letters are received
};

// The rows of one part of a file. All columns have as many rows as `stations`; numbers are indices
// into the names.
struct RowColumns {
  enum class Times : std::uint8_t { kReady, kLocal, kText };

  std::vector<std::uint32_t> systems;  // empty: the file names none
  std::vector<std::uint32_t> stations;
  std::vector<std::int16_t> bikes, racks;
  Times times_are = Times::kReady;
  std::vector<Seconds> times;                // UTC, or local ones as if UTC
  std::vector<std::string_view> time_texts;  // instead, where they are texts
};

// What a dead letter says of a row; asked for refused rows only.
class RowTexts {
 public:
  virtual ~RowTexts() = default;
  [[nodiscard]] virtual std::string column_name(Field field) const = 0;
  [[nodiscard]] virtual std::string cell(Field field, std::size_t row) const = 0;
  [[nodiscard]] virtual std::string record(std::size_t row) const = 0;
};

// Threads: one owner.
class ColumnRows {
 public:
  // `system_names` and `station_names`: what the columns' numbers mean. All outlive this.
  ColumnRows(const ColumnSettings& settings, SystemNames& names, const Names& system_names,
             const Names& station_names);

  // Puts the rows from `begin` on into the chunk; those before it were taken by an earlier run and
  // only tell which of two local times is meant. Row 0 is record `first_record` of the input. An
  // Error is that of zone_of().
  Result<void> take(const RowColumns& rows, const RowTexts& texts, std::int64_t first_record,
                    std::size_t begin, InputChunk& chunk);

 private:
  static bool is_readable(const RowColumns& rows, std::size_t row);
  std::uint32_t system_of(const RowColumns& rows, std::size_t row);
  StationIndex station_of(std::uint32_t system, std::uint32_t name);
  std::expected<Seconds, Reason> time_of(const RowColumns& rows, std::size_t row);
  std::expected<Seconds, Reason> zoned_time_of(const RowColumns& rows, std::size_t row);
  std::expected<Seconds, Reason> local_time_of(Seconds local, std::uint32_t system,
                                               const Zone& zone);
  TimeReader* time_reader(std::uint32_t system);
  Batch& batch_of(std::uint32_t system, const Position& first, std::size_t rows, InputChunk& chunk);
  [[nodiscard]] DeadLetter dead_letter(const RowColumns& rows, const RowTexts& texts,
                                       std::size_t row, Reason time_reason) const;

  const ColumnSettings& settings_;
  SystemNames& names_;
  const Names& system_names_;
  const Names& station_names_;
  // From the file's numbers to those of names_; kNoName: not yet.
  std::vector<std::uint32_t> systems_;
  std::uint32_t default_system_;
  std::vector<std::vector<StationIndex>> stations_;  // by system

  std::vector<std::uint32_t> stations_before_;  // of the chunk at hand: of each batch's system

  std::vector<std::unique_ptr<TimeReader>> time_readers_;  // by system
  std::optional<Error> zone_error_;
  Seconds last_time_ = 0;  // of the observation before
  struct LocalTime {
    Seconds local;
    std::uint32_t system;
    Seconds time;
  };
  std::optional<LocalTime> last_local_;
};

}  // namespace bikeflow
