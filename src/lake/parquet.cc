// One of the three files that include Arrow; whatever it throws is caught here.

#include "lake/parquet.h"

#include <arrow/io/memory.h>
#include <arrow/memory_pool.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/column_reader.h>
#include <parquet/column_writer.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/file_writer.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include <algorithm>

#include "base/nearest.h"
#include "base/parquet_ends.h"
#include "model/schema.h"

namespace bikeflow {
namespace {

// No file of ours comes near these; a damaged or malicious one may claim anything.
constexpr std::int64_t kMostRowsPerByte = 64;
constexpr std::int64_t kMostMemoryBytes = std::int64_t{256} << 20;

constexpr std::size_t kBatchRows = 4096;
constexpr std::int64_t kFirstBufferBytes = 64 << 10;
constexpr std::int64_t kMillis = 1000;

// Thrown within this file, so that our errors take the same way out as the library's.
struct Defect {
  std::string message;
};

template <class... Args>
[[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) {
  throw Defect{fmt::format(format, std::forward<Args>(args)...)};
}

// Calls `work`, and turns whatever it throws into an Error that begins with `what_failed`.
template <class Work>
auto guarded(std::string_view what_failed, Work work) -> Result<decltype(work())> {
  try {
    return work();
  } catch (const Defect& defect) {
    return fail("{}", defect.message);
  } catch (const std::exception& error) {
    std::string what = error.what();
    while (!what.empty() && (what.back() == '\n' || what.back() == ' ')) what.pop_back();
    return fail("{}: {}", what_failed, what);
  }
}

std::string_view last_bytes(std::string_view bytes) {
  return bytes.substr(bytes.size() - std::min(bytes.size(), kParquetEndBytes));
}

KeyValues key_values(const parquet::FileMetaData& metadata) {
  KeyValues result;
  if (const auto& pairs = metadata.key_value_metadata()) {
    for (std::int64_t i = 0; i < pairs->size(); ++i)
      result.emplace_back(pairs->key(i), pairs->value(i));
  }
  return result;
}

template <ColumnType Type>
struct Physical {
  using Reading = parquet::Int64Type;
};
template <>
struct Physical<ColumnType::kInt32> {
  using Reading = parquet::Int32Type;
};
template <>
struct Physical<ColumnType::kString> {
  using Reading = parquet::ByteArrayType;
};
template <>
struct Physical<ColumnType::kBinary> {
  using Reading = parquet::ByteArrayType;
};

// --- Encoding ---

constexpr int kCompressionLevel = 1;                 // level 3 makes files 2 % smaller
constexpr char kCreatedBy[] = "bikeflow version 1";  // of this encoding, not of the program

template <ColumnType Type>
std::shared_ptr<const parquet::LogicalType> logical_type() {
  if (Type == ColumnType::kString) return parquet::LogicalType::String();
  if (Type == ColumnType::kTime) {
    return parquet::LogicalType::Timestamp(true, parquet::LogicalType::TimeUnit::MILLIS);
  }
  return parquet::LogicalType::None();
}

template <class Row>
std::shared_ptr<parquet::schema::GroupNode> make_schema() {
  parquet::schema::NodeVector fields;
  for_each_column<Row>([&]<class ThisColumn>(const ThisColumn& column) {
    fields.push_back(parquet::schema::PrimitiveNode::Make(
        std::string(column.name),
        ThisColumn::kNullable ? parquet::Repetition::OPTIONAL : parquet::Repetition::REQUIRED,
        logical_type<ThisColumn::kType>(), Physical<ThisColumn::kType>::Reading::type_num));
  });
  return std::static_pointer_cast<parquet::schema::GroupNode>(
      parquet::schema::GroupNode::Make("schema", parquet::Repetition::REQUIRED, fields));
}

// Most of a small file's cost is per column, so nothing is made that no reader uses: a dictionary
// for strings only, statistics (to skip files by) of times only.
template <class Row>
std::shared_ptr<parquet::WriterProperties> make_properties() {
  parquet::WriterProperties::Builder builder;
  builder.created_by(kCreatedBy)
      ->compression(parquet::Compression::ZSTD)
      ->compression_level(kCompressionLevel)
      ->disable_dictionary()
      ->disable_statistics()
      ->disable_write_page_index();
  for_each_column<Row>([&]<class ThisColumn>(const ThisColumn& column) {
    const std::string name(column.name);
    if (ThisColumn::kType == ColumnType::kString) builder.enable_dictionary(name);
    if (ThisColumn::kType == ColumnType::kTime) builder.enable_statistics(name);
  });
  return builder.build();
}

template <ColumnType Type>
typename Physical<Type>::Reading::c_type value_of(CellOf<Type> cell) {
  if constexpr (Type == ColumnType::kString || Type == ColumnType::kBinary) {
    return parquet::ByteArray(cell);
  } else {
    return Type == ColumnType::kTime ? cell * kMillis : cell;
  }
}

template <class ThisColumn, class Row>
void write_column(const ThisColumn& column, std::span<const Row> rows,
                  parquet::ColumnWriter& writer) {
  using Reading = typename Physical<ThisColumn::kType>::Reading;
  auto& typed = static_cast<parquet::TypedColumnWriter<Reading>&>(writer);
  std::vector<typename Reading::c_type> values;
  values.reserve(std::min(rows.size(), kBatchRows));
  std::vector<std::int16_t> levels;
  while (!rows.empty()) {
    const auto batch = rows.first(std::min(rows.size(), kBatchRows));
    rows = rows.subspan(batch.size());
    values.clear();
    levels.clear();
    for (const Row& row : batch) {
      if constexpr (ThisColumn::kNullable) {
        const auto cell = column.get(row);
        levels.push_back(cell ? 1 : 0);
        if (cell) values.push_back(value_of<ThisColumn::kType>(*cell));
      } else {
        values.push_back(value_of<ThisColumn::kType>(column.get(row)));
      }
    }
    typed.WriteBatch(static_cast<std::int64_t>(batch.size()),
                     levels.empty() ? nullptr : levels.data(), nullptr, values.data());
  }
}

template <class Row>
std::string encode_file(std::span<const Row> rows, const KeyValues& metadata) {
  static const auto kSchema = make_schema<Row>();
  static const auto kProperties = make_properties<Row>();
  auto pairs = std::make_shared<arrow::KeyValueMetadata>();
  for (const auto& [key, value] : metadata) pairs->Append(key, value);
  PARQUET_ASSIGN_OR_THROW(auto sink, arrow::io::BufferOutputStream::Create(kFirstBufferBytes));
  const auto file = parquet::ParquetFileWriter::Open(sink, kSchema, kProperties, std::move(pairs));
  parquet::RowGroupWriter& group = *file->AppendRowGroup();
  for_each_column<Row>(
      [&](const auto& column) { write_column(column, rows, *group.NextColumn()); });
  file->Close();
  PARQUET_ASSIGN_OR_THROW(const auto buffer, sink->Finish());
  return buffer->ToString();
}

// --- Decoding ---

template <ColumnType Type>
bool has_type(const parquet::ColumnDescriptor& column) {
  if (column.max_repetition_level() != 0 || column.max_definition_level() > 1) return false;
  if (column.physical_type() != Physical<Type>::Reading::type_num) return false;
  const auto& logical = column.logical_type();
  if (Type == ColumnType::kString) return logical->is_string();
  if (Type == ColumnType::kBinary) return logical->is_none();
  if (Type != ColumnType::kTime) return logical->is_none() || logical->is_int();
  if (!logical->is_timestamp()) return false;
  const auto& timestamp = static_cast<const parquet::TimestampLogicalType&>(*logical);
  return timestamp.is_adjusted_to_utc() &&
         timestamp.time_unit() == parquet::LogicalType::TimeUnit::MILLIS;
}

std::string_view words_for(ColumnType type) {
  switch (type) {
    case ColumnType::kTime:
      return "a timestamp in milliseconds, adjusted to UTC";
    case ColumnType::kInt32:
      return "int32";
    case ColumnType::kInt64:
      return "int64";
    case ColumnType::kString:
      return "a string";
    case ColumnType::kBinary:
      return "binary";
  }
  return "";
}

std::string type_of(const parquet::ColumnDescriptor& column) {
  const std::string physical = parquet::TypeToString(column.physical_type());
  return column.logical_type()->is_none() ? physical
                                          : physical + " " + column.logical_type()->ToString();
}

// The number of a column that has the name and the type that the schema gives it.
template <class ThisColumn>
int find_column(const ThisColumn& column, const parquet::SchemaDescriptor& schema) {
  const int index = schema.ColumnIndex(std::string(column.name));
  if (index < 0) {
    std::vector<std::string_view> names;
    names.reserve(static_cast<std::size_t>(schema.num_columns()));
    for (int i = 0; i < schema.num_columns(); ++i) names.push_back(schema.Column(i)->name());
    refuse("has no column '{}'{}", column.name, did_you_mean(column.name, names));
  }
  const parquet::ColumnDescriptor& found = *schema.Column(index);
  if (!has_type<ThisColumn::kType>(found)) {
    refuse("column '{}' is {}, expected {}", column.name, type_of(found),
           words_for(ThisColumn::kType));
  }
  return index;
}

// A value as the file has it -> a cell.
template <ColumnType Type, class Value>
CellOf<Type> cell_of(const Value& value, std::string_view column) {
  if constexpr (std::same_as<Value, parquet::ByteArray>) {
    return {reinterpret_cast<const char*>(value.ptr), value.len};
  } else if constexpr (Type == ColumnType::kTime) {
    if (value % kMillis != 0 || value < 0 || value / kMillis > kLatestTime + kDay) {
      refuse("column '{}': {} ms is no whole second from 1970 to 9999", column, value);
    }
    return value / kMillis;
  } else {
    return value;
  }
}

// Calls `take(row, cell)` with the cells of rows [begin, begin + count), of which the reader has
// passed `passed`.
template <class ThisColumn, class Take>
void read_cells(const ThisColumn& column, parquet::ColumnReader& reader, std::size_t passed,
                std::size_t begin, std::size_t count, Take take) {
  using Reading = typename Physical<ThisColumn::kType>::Reading;
  auto& typed = static_cast<parquet::TypedColumnReader<Reading>&>(reader);
  const auto skipped = static_cast<std::int64_t>(begin - passed);
  if (skipped > 0 && typed.Skip(skipped) != skipped) {
    refuse("is a damaged Parquet file: column '{}' ends before row {}", column.name, begin);
  }
  const bool nullable = reader.descr()->max_definition_level() > 0;
  std::vector<typename Reading::c_type> values(std::min(count, kBatchRows));
  std::vector<std::int16_t> levels(nullable ? values.size() : 0);
  const std::size_t end = begin + count;
  for (std::size_t row = begin; row < end;) {
    const auto wanted = static_cast<std::int64_t>(std::min(end - row, values.size()));
    std::int64_t given = 0;
    const std::int64_t read = typed.HasNext()
                                  ? typed.ReadBatch(wanted, nullable ? levels.data() : nullptr,
                                                    nullptr, values.data(), &given)
                                  : 0;
    if (read <= 0)
      refuse("is a damaged Parquet file: column '{}' ends at row {}", column.name, row);
    std::int64_t value = 0;
    for (std::int64_t i = 0; i < read; ++i, ++row) {
      const bool present = !nullable || levels[static_cast<std::size_t>(i)] == 1;
      if (present && value >= given) refuse("is a damaged Parquet file: column '{}'", column.name);
      typename ThisColumn::Cell cell{};
      if (present) {
        cell = cell_of<ThisColumn::kType>(values[static_cast<std::size_t>(value++)], column.name);
      } else if (!ThisColumn::kNullable) {
        refuse("column '{}' is null at row {}", column.name, row);
      }
      take(row, cell);
    }
  }
}

template <class ThisColumn, class Row>
void set_cell(const ThisColumn& column, Row& to, std::size_t row, typename ThisColumn::Cell cell) {
  if (!column.set(to, cell)) {
    refuse("column '{}' has a value at row {} that cannot be there", column.name, row);
  }
}

// A file's bytes, opened and found to be one of the size that it says.
class OpenFile {
 public:
  explicit OpenFile(std::string_view bytes)
      : counted_(arrow::default_memory_pool()), pool_(&counted_, kMostMemoryBytes) {
    if (const auto defect = parquet_defect(bytes.substr(0, 4), last_bytes(bytes), bytes.size())) {
      refuse("{}", *defect);
    }
    file_ = parquet::ParquetFileReader::Open(
        std::make_shared<arrow::io::BufferReader>(
            std::make_shared<arrow::Buffer>(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                            static_cast<std::int64_t>(bytes.size()))),
        parquet::ReaderProperties(&pool_));
    metadata_ = file_->metadata();
    if (metadata_->is_encryption_algorithm_set()) refuse("is encrypted");
    if (metadata_->num_rows() < 0 ||
        metadata_->num_rows() / kMostRowsPerByte > static_cast<std::int64_t>(bytes.size())) {
      refuse("is a damaged Parquet file: {} rows in {} bytes", metadata_->num_rows(), bytes.size());
    }
    std::int64_t rest = metadata_->num_rows();
    for (int group = 0; group < groups(); ++group) {
      const std::int64_t size = metadata_->RowGroup(group)->num_rows();
      if (size < 0 || size > rest) {
        refuse("is a damaged Parquet file: its parts have more rows than the whole");
      }
      rest -= size;
    }
    if (rest != 0) refuse("is a damaged Parquet file: its parts have fewer rows than the whole");
  }

  [[nodiscard]] const parquet::FileMetaData& metadata() const { return *metadata_; }
  [[nodiscard]] std::size_t rows() const { return static_cast<std::size_t>(metadata_->num_rows()); }
  [[nodiscard]] int groups() const { return metadata_->num_row_groups(); }
  [[nodiscard]] std::size_t rows_of(int group) const {
    return static_cast<std::size_t>(metadata_->RowGroup(group)->num_rows());
  }

  std::shared_ptr<parquet::RowGroupReader> group(int number) { return file_->RowGroup(number); }

  template <class ThisColumn>
  [[nodiscard]] int number_of(const ThisColumn& column) const {
    return find_column(column, *metadata_->schema());
  }

 private:
  arrow::ProxyMemoryPool counted_;
  arrow::CappedMemoryPool pool_;
  std::unique_ptr<parquet::ParquetFileReader> file_;
  std::shared_ptr<parquet::FileMetaData> metadata_;
};

template <class Row>
RowFile<Row> decode_file(std::string_view bytes) {
  OpenFile file(bytes);
  RowFile<Row> result{std::vector<Row>(file.rows()), key_values(file.metadata())};
  std::size_t before = 0;
  for (int number = 0; number < file.groups(); ++number) {
    const auto group = file.group(number);
    for_each_column<Row>([&](const auto& column) {
      read_cells(column, *group->Column(file.number_of(column)), 0, 0, file.rows_of(number),
                 [&](std::size_t row, auto cell) {
                   set_cell(column, result.rows[before + row], row, cell);
                 });
    });
    before += file.rows_of(number);
  }
  return result;
}

constexpr auto kStation = std::get<2>(Schema<HourlyRow>::kColumns);
static_assert(kStation.name == "stationId");

// A column of a group as it is in the file, after what else tells how to read it: what has the same
// text has the same cells. Empty where the file does not say where the column is.
std::string text_of_column(std::string_view bytes, const parquet::RowGroupMetaData& group,
                           int number) {
  const auto chunk = group.ColumnChunk(number);
  std::int64_t begin = chunk->data_page_offset();
  if (chunk->has_dictionary_page() && chunk->dictionary_page_offset() > 0) {
    begin = std::min(begin, chunk->dictionary_page_offset());
  }
  const std::int64_t size = chunk->total_compressed_size();
  const auto end = static_cast<std::int64_t>(bytes.size());
  if (begin < 0 || size <= 0 || begin > end || size > end - begin) return {};
  return fmt::format("{} {} {} {} {}", static_cast<int>(chunk->compression()), group.num_rows(),
                     chunk->num_values(), group.schema()->Column(number)->max_definition_level(),
                     bytes.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(size)));
}

constexpr std::string_view kDamaged = "is a damaged Parquet file";
constexpr std::string_view kNotEncoded = "cannot be made a Parquet file";

}  // namespace

Result<std::string> encode_hourly(std::span<const HourlyRow> rows, const KeyValues& metadata) {
  return guarded(kNotEncoded, [&] { return encode_file(rows, metadata); });
}

Result<std::string> encode_late(std::span<const LateRow> rows, const KeyValues& metadata) {
  return guarded(kNotEncoded, [&] { return encode_file(rows, metadata); });
}

Result<std::string> encode_dead_letters(std::span<const DeadLetter> rows,
                                        const KeyValues& metadata) {
  return guarded(kNotEncoded, [&] { return encode_file(rows, metadata); });
}

Result<RowFile<HourlyRow>> decode_hourly(std::string_view bytes) {
  return guarded(kDamaged, [&] { return decode_file<HourlyRow>(bytes); });
}

Result<std::vector<HourlyRow>> StationReader::read(std::string_view bytes) {
  return guarded(kDamaged, [&] { return rows_in(bytes); });
}

std::vector<HourlyRow> StationReader::rows_in(std::string_view bytes) {
  OpenFile file(bytes);
  std::vector<HourlyRow> found;
  for (int number = 0; number < file.groups(); ++number) {
    const auto group = file.group(number);
    const int station = file.number_of(kStation);
    std::string ids = text_of_column(bytes, *group->metadata(), station);
    if (ids.empty() || ids != ids_) {
      ids_.clear();  // nothing of a column that turns out to be damaged is kept
      places_.clear();
      read_cells(kStation, *group->Column(station), 0, 0, file.rows_of(number),
                 [&](std::size_t row, std::string_view id) {
                   if (id == station_id_) places_.push_back(row);
                 });
      ids_ = std::move(ids);
    }
    if (places_.empty()) continue;
    const std::size_t before = found.size();
    HourlyRow row;
    row.station_id = station_id_;
    found.resize(before + places_.size(), row);
    for_each_column<HourlyRow>([&](const auto& column) {
      if (column.name == kStation.name) return;
      const auto reader = group->Column(file.number_of(column));
      std::size_t passed = 0;
      for (std::size_t i = 0; i < places_.size(); ++i) {
        read_cells(column, *reader, passed, places_[i], 1, [&](std::size_t at, auto cell) {
          set_cell(column, found[before + i], at, cell);
        });
        passed = places_[i] + 1;
      }
    });
  }
  return found;
}

Result<RowFile<LateRow>> decode_late(std::string_view bytes) {
  return guarded(kDamaged, [&] { return decode_file<LateRow>(bytes); });
}

Result<RowFile<DeadLetter>> decode_dead_letters(std::string_view bytes) {
  return guarded(kDamaged, [&] { return decode_file<DeadLetter>(bytes); });
}

Result<KeyValues> read_metadata(std::string_view tail, std::uint64_t size_bytes) {
  return guarded(kDamaged, [&] {
    const std::string_view first = tail.size() == size_bytes ? tail.substr(0, 4) : "PAR1";
    if (const auto defect = parquet_defect(first, last_bytes(tail), size_bytes))
      refuse("{}", *defect);
    const std::uint32_t footer = parquet_footer_size(last_bytes(tail));
    if (footer > tail.size() - kParquetEndBytes) {
      refuse("the last {} bytes are needed, {} were given", footer + kParquetEndBytes, tail.size());
    }
    const std::string_view serialized =
        tail.substr(tail.size() - kParquetEndBytes - footer, footer);
    return key_values(*parquet::FileMetaData::Make(serialized.data(),
                                                   static_cast<std::int64_t>(serialized.size())));
  });
}

}  // namespace bikeflow
