// One of the three files that include Arrow; whatever it throws is caught here.

#include "io/parquet_input.h"

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json_text.h"
#include "base/nearest.h"
#include "base/parquet_ends.h"
#include "io/column_values.h"

namespace bikeflow {
namespace {

constexpr std::int64_t kBufferBytes = 256 << 10;  // of each column that is read, besides its page

// Thrown within this file, so that our errors take the same way out as the library's.
struct Defect {
  std::string message;
};

template <class... Args>
[[noreturn]] void refuse_file(fmt::format_string<Args...> format, Args&&... args) {
  throw Defect{fmt::format(format, std::forward<Args>(args)...)};
}

template <class Work>
auto guarded(std::string_view source, std::int64_t record, Work work) -> Result<decltype(work())> {
  try {
    return work();
  } catch (const Defect& defect) {
    return fail("{}: {}", source, defect.message);
  } catch (const std::exception& error) {
    std::string_view what = error.what();
    while (what.ends_with('\n')) what.remove_suffix(1);
    return fail("{}: is damaged after record {}: {}", source, record, what);
  }
}

// --- Arrays of any type that can be meant ---

// Calls `take` with the values of an array of integers.
template <class Take>
bool with_integers(const arrow::Array& array, Take take) {
  const auto values = [&]<class Array>() {
    take(static_cast<const Array&>(array).raw_values());
    return true;
  };
  switch (array.type_id()) {
    case arrow::Type::INT8:
      return values.template operator()<arrow::Int8Array>();
    case arrow::Type::INT16:
      return values.template operator()<arrow::Int16Array>();
    case arrow::Type::INT32:
      return values.template operator()<arrow::Int32Array>();
    case arrow::Type::INT64:
      return values.template operator()<arrow::Int64Array>();
    case arrow::Type::UINT8:
      return values.template operator()<arrow::UInt8Array>();
    case arrow::Type::UINT16:
      return values.template operator()<arrow::UInt16Array>();
    case arrow::Type::UINT32:
      return values.template operator()<arrow::UInt32Array>();
    case arrow::Type::UINT64:
      return values.template operator()<arrow::UInt64Array>();
    case arrow::Type::TIMESTAMP:
      return values.template operator()<arrow::TimestampArray>();
    default:
      return false;
  }
}

// Calls `take` with an array of strings as its own type.
template <class Take>
bool with_strings(const arrow::Array& array, Take take) {
  const auto typed = [&]<class Array>() {
    take(static_cast<const Array&>(array));
    return true;
  };
  switch (array.type_id()) {
    case arrow::Type::STRING:
      return typed.template operator()<arrow::StringArray>();
    case arrow::Type::BINARY:
      return typed.template operator()<arrow::BinaryArray>();
    case arrow::Type::LARGE_STRING:
      return typed.template operator()<arrow::LargeStringArray>();
    case arrow::Type::LARGE_BINARY:
      return typed.template operator()<arrow::LargeBinaryArray>();
    case arrow::Type::STRING_VIEW:
      return typed.template operator()<arrow::StringViewArray>();
    case arrow::Type::BINARY_VIEW:
      return typed.template operator()<arrow::BinaryViewArray>();
    default:
      return false;
  }
}

// Each value of a column as a Value: `from` makes one of an integer and of a std::string_view; of a
// dictionary's entries only once.
template <class Value, class From>
void convert(const arrow::Array& array, Value null, From& from, std::vector<Value>& to) {
  to.assign(static_cast<std::size_t>(array.length()), null);
  if (array.type_id() == arrow::Type::DICTIONARY) {
    const auto& encoded = static_cast<const arrow::DictionaryArray&>(array);
    std::vector<Value> entries;
    convert(*encoded.dictionary(), null, from, entries);
    with_integers(*encoded.indices(), [&](const auto* index) {
      for (std::size_t i = 0; i < to.size(); ++i) {
        const auto entry = static_cast<std::uint64_t>(+index[i]);
        if (entry < entries.size()) {
          to[i] = entries[entry];
        } else if (array.IsValid(static_cast<std::int64_t>(i))) {
          refuse_file("is damaged: a dictionary of {} has no entry {}", entries.size(), entry);
        }
      }
    });
  } else if (!with_integers(array, [&](const auto* value) {
               for (std::size_t i = 0; i < to.size(); ++i) to[i] = from(value[i]);
             })) {
    with_strings(array, [&](const auto& strings) {
      for (std::size_t i = 0; i < to.size(); ++i) {
        if (strings.IsValid(static_cast<std::int64_t>(i))) {
          to[i] = from(std::string_view(strings.GetView(static_cast<std::int64_t>(i))));
        }
      }
    });
  }
  if (array.null_count() == 0) return;
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (array.IsNull(static_cast<std::int64_t>(i))) to[i] = null;
  }
}

// --- The file's columns ---

bool is_text(const arrow::DataType& type) {
  return arrow::is_base_binary_like(type.id()) || arrow::is_binary_view_like(type.id());
}

const arrow::DataType& value_type(const arrow::DataType& type) {
  return type.id() == arrow::Type::DICTIONARY
             ? *static_cast<const arrow::DictionaryType&>(type).value_type()
             : type;
}

struct FieldColumn {
  int leaf = -1;  // among the file's columns; negative: it has none
  int in_batch = 0;
  std::string name;
};
using FieldColumns = std::array<FieldColumn, kFieldCount>;

constexpr std::array<std::string_view, kFieldCount> kExpected = {
    "a string or an integer", "a string or an integer",
    "a timestamp, an integer (Unix seconds or milliseconds) or a string",
    "an integer, or digits as string", "an integer, or digits as string"};

bool can_be(Field field, const arrow::DataType& type) {
  const arrow::DataType& values = value_type(type);
  if (arrow::is_integer(values.id()) || is_text(values)) return true;
  if (field == Field::kTime) return type.id() == arrow::Type::TIMESTAMP;
  return type.id() == arrow::Type::NA && (field == Field::kSystem || field == Field::kRacks);
}

// The columns of the file that carry the fields, in the order of Field.
FieldColumns find_columns(const parquet::SchemaDescriptor& schema, const FieldNames& names) {
  const FieldLookup lookup(names);
  std::array<FieldLookup::Slot, kFieldCount> slots{};
  slots.fill(FieldLookup::kUnknown);
  FieldColumns columns;
  std::vector<std::string_view> all;
  for (int i = 0; i < schema.num_columns(); ++i) {
    const parquet::ColumnDescriptor& leaf = *schema.Column(i);
    if (leaf.max_repetition_level() > 0 || leaf.path()->ToDotVector().size() != 1) continue;
    all.push_back(leaf.name());
    const FieldLookup::Slot slot = lookup.find(leaf.name());
    if (slot == FieldLookup::kUnknown) continue;
    const std::size_t field = slot % kFieldCount;
    if (slots[field] <= slot) continue;  // a field's own name comes before the topic's
    slots[field] = slot;
    columns[field].leaf = i;
    columns[field].name = leaf.name();
  }
  const FieldNames defaults;
  const std::array<bool, kFieldCount> is_needed = {names.system != defaults.system, true, true,
                                                   true, names.racks != defaults.racks};
  for (std::size_t field = 0; field < kFieldCount; ++field) {
    if (columns[field].leaf >= 0 || !is_needed[field]) continue;
    const std::string_view name = lookup.name(FieldLookup::own(static_cast<Field>(field)));
    refuse_file(
        "has no column {}{} (its columns: {}; --map names another)",
        lookup.names_of(static_cast<Field>(field)), did_you_mean(name, all),
        fmt::join(all.begin(), all.begin() + std::min<std::ptrdiff_t>(std::ssize(all), 30), ", "));
  }
  return columns;
}

std::string cell_text(const arrow::Array& array, std::int64_t row) {
  const auto scalar = array.GetScalar(row);
  if (!scalar.ok()) return scalar.status().ToString();
  if ((*scalar)->type->id() != arrow::Type::DICTIONARY) return (*scalar)->ToString();
  const auto value = static_cast<const arrow::DictionaryScalar&>(**scalar).GetEncodedValue();
  return value.ok() ? (*value)->ToString() : value.status().ToString();
}

}  // namespace

// --- Reading ---

class ParquetInput::Impl : public RowTexts {
 public:
  Impl(ColumnSettings settings, SystemNames& names)
      : settings_(std::move(settings)),
        taker_(settings_, names, system_from_.names(), station_from_.names()) {}

  void open(const File& file);
  void start_at(std::int64_t record);
  std::optional<InputChunk> next();

  [[nodiscard]] const std::string& source() const { return settings_.source; }
  [[nodiscard]] std::int64_t next_record() const { return next_record_; }
  [[nodiscard]] std::int64_t records() const { return group_begins_.back(); }
  [[nodiscard]] std::int64_t bytes_read() const;

  [[nodiscard]] std::string column_name(Field field) const override { return column(field).name; }
  [[nodiscard]] std::string cell(Field field, std::size_t row) const override;
  [[nodiscard]] std::string record(std::size_t row) const override;

 private:
  [[nodiscard]] const FieldColumn& column(Field field) const {
    return columns_[static_cast<std::size_t>(field)];
  }
  void find_types();
  void read_batch();
  void convert_batch();

  ColumnSettings settings_;
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  FieldColumns columns_;
  std::vector<int> leaves_;                    // of columns_, ascending
  std::vector<std::int64_t> group_begins_{0};  // the record at which each begins, and the end
  std::vector<std::int64_t> group_bytes_{0};   // and as stored bytes

  std::unique_ptr<arrow::RecordBatchReader> batches_;  // of a row group; null: begin the next
  std::int64_t next_record_ = 0;
  std::int64_t wanted_ = 0;  // records before it are passed over
  bool is_done_ = false;
  std::shared_ptr<arrow::RecordBatch> batch_;  // the one at hand, and its rows as they are meant
  RowColumns rows_;
  NameFrom system_from_, station_from_;
  TimeFrom time_from_;
  ColumnRows taker_;
};

void ParquetInput::Impl::open(const File& file) {
  struct stat status{};
  if (fstat(file.descriptor(), &status) != 0 || !S_ISREG(status.st_mode)) {
    refuse_file("is no regular file: Parquet is read from its end, so it cannot come from a pipe");
  }
  PARQUET_ASSIGN_OR_THROW(const auto bytes, arrow::io::ReadableFile::Open(dup(file.descriptor())));
  PARQUET_ASSIGN_OR_THROW(const std::int64_t size, bytes->GetSize());
  const auto end = std::min(size, static_cast<std::int64_t>(kParquetEndBytes));
  PARQUET_ASSIGN_OR_THROW(const auto first, bytes->ReadAt(0, std::min<std::int64_t>(size, 4)));
  PARQUET_ASSIGN_OR_THROW(const auto last, bytes->ReadAt(size - end, end));
  const auto defect = parquet_defect(std::string_view(*first), std::string_view(*last),
                                     static_cast<std::uint64_t>(size));
  if (defect) refuse_file("{}", *defect);

  parquet::ReaderProperties reading;
  reading.enable_buffered_stream();  // else a column's whole part of a row group is read at once
  reading.set_buffer_size(kBufferBytes);
  parquet::arrow::FileReaderBuilder builder;
  PARQUET_THROW_NOT_OK(builder.Open(bytes, reading));
  const parquet::FileMetaData& metadata = *builder.raw_reader()->metadata();
  if (metadata.is_encryption_algorithm_set()) {
    refuse_file("is encrypted; only Parquet files without encryption can be read");
  }
  columns_ = find_columns(*metadata.schema(), settings_.names);
  parquet::ArrowReaderProperties properties(/*use_threads=*/false);
  properties.set_batch_size(kParquetChunkRows);
  properties.set_pre_buffer(false);
  for (const Field field : {Field::kSystem, Field::kStation}) {
    const int leaf = column(field).leaf;
    if (leaf >= 0 &&
        metadata.schema()->Column(leaf)->physical_type() == parquet::Type::BYTE_ARRAY) {
      properties.set_read_dictionary(leaf, true);
    }
  }
  for (int group = 0; group < metadata.num_row_groups(); ++group) {
    const auto part = metadata.RowGroup(group);
    if (part->num_rows() < 0) refuse_file("is damaged: a row group of {} rows", part->num_rows());
    group_begins_.push_back(group_begins_.back() + part->num_rows());
    group_bytes_.push_back(group_bytes_.back() +
                           std::max<std::int64_t>(0, part->total_compressed_size()));
  }
  PARQUET_THROW_NOT_OK(builder.properties(properties)->Build(&reader_));

  find_types();
}

// What the columns are as Arrow gives them, and whether the fields can be that.
void ParquetInput::Impl::find_types() {
  for (std::size_t field = 0; field < kFieldCount; ++field) {
    FieldColumn& found = columns_[field];
    if (found.leaf < 0) continue;
    const parquet::arrow::SchemaField* given = nullptr;
    PARQUET_THROW_NOT_OK(reader_->manifest().GetColumnField(found.leaf, &given));
    const arrow::DataType& type = *given->field->type();
    if (!can_be(static_cast<Field>(field), type)) {
      refuse_file("column '{}' is {}, expected {}", found.name, type.ToString(), kExpected[field]);
    }
    leaves_.push_back(found.leaf);
    if (static_cast<Field>(field) != Field::kTime) continue;
    if (is_text(value_type(type))) rows_.times_are = RowColumns::Times::kText;
    if (type.id() != arrow::Type::TIMESTAMP) continue;
    const auto& timestamp = static_cast<const arrow::TimestampType&>(type);
    constexpr std::array<std::int64_t, 4> kUnits = {1, 1000, 1'000'000, 1'000'000'000};
    const bool is_local = timestamp.timezone().empty();
    time_from_ = TimeFrom(kUnits.at(static_cast<std::size_t>(timestamp.unit())), is_local);
    if (is_local) rows_.times_are = RowColumns::Times::kLocal;
  }
  std::ranges::sort(leaves_);
  for (FieldColumn& found : columns_) {
    found.in_batch = static_cast<int>(std::ranges::find(leaves_, found.leaf) - leaves_.begin());
  }
}

void ParquetInput::Impl::start_at(std::int64_t record) {
  if (record > records()) {
    refuse_file("has {} records, so none to go on with after {}", records(), record);
  }
  // Where a time may depend on the one before it, that one is read too.
  const bool is_alone = rows_.times_are == RowColumns::Times::kReady;
  const std::int64_t from = is_alone ? record : std::max<std::int64_t>(0, record - 1);
  const auto after = std::ranges::upper_bound(group_begins_, from);
  next_record_ = *(after - 1);
  wanted_ = record;
  batches_.reset();
}

// The next batch of the row group that next_record_ is in. Groups are read one by one, so that
// damage in one does not keep those before it from being read.
void ParquetInput::Impl::read_batch() {
  const auto after = std::ranges::upper_bound(group_begins_, next_record_);
  if (batches_ == nullptr) {
    const auto group = static_cast<int>(after - group_begins_.begin()) - 1;
    PARQUET_ASSIGN_OR_THROW(batches_, reader_->GetRecordBatchReader({group}, leaves_));
  }
  batch_.reset();
  PARQUET_THROW_NOT_OK(batches_->ReadNext(&batch_));
  if (batch_ == nullptr || batch_->num_rows() == 0 || batch_->num_rows() > *after - next_record_) {
    refuse_file("is damaged after record {}: a row group has other rows than it says",
                next_record_);
  }
  if (next_record_ + batch_->num_rows() == *after) batches_.reset();
}

std::int64_t ParquetInput::Impl::bytes_read() const {
  const auto after = std::ranges::upper_bound(group_begins_, next_record_);
  if (after == group_begins_.end()) return group_bytes_.back();
  const auto group = static_cast<std::size_t>(after - group_begins_.begin()) - 1;
  const double share = static_cast<double>(next_record_ - group_begins_[group]) /
                       static_cast<double>(group_begins_[group + 1] - group_begins_[group]);
  const auto size = static_cast<double>(group_bytes_[group + 1] - group_bytes_[group]);
  return group_bytes_[group] + static_cast<std::int64_t>(share * size);
}

std::optional<InputChunk> ParquetInput::Impl::next() {
  if (is_done_) return std::nullopt;
  InputChunk chunk;
  chunk.input = settings_.input;
  while (next_record_ < records()) {
    read_batch();
    const std::int64_t first = next_record_;
    const std::int64_t end = first + batch_->num_rows();
    if (end > wanted_ || rows_.times_are != RowColumns::Times::kReady) {
      convert_batch();
      const auto begin = static_cast<std::size_t>(std::max<std::int64_t>(0, wanted_ - first));
      if (auto taken = taker_.take(rows_, *this, first, begin, chunk); !taken) {
        refuse_file("{}", taken.error().message);
      }
    }
    next_record_ = end;
    if (end > wanted_) break;
  }
  is_done_ = next_record_ >= records();
  chunk.records = next_record_;
  chunk.bytes = bytes_read();
  chunk.ends_input = is_done_;
  return chunk;
}

void ParquetInput::Impl::convert_batch() {
  const auto rows = static_cast<std::size_t>(batch_->num_rows());
  const auto convert_field = [&]<class Value>(Field field, Value null, auto& from,
                                              std::vector<Value>& to) {
    const FieldColumn& of = column(field);
    if (of.leaf < 0) {
      to.assign(rows, null);
    } else {
      convert(*batch_->column(of.in_batch), null, from, to);
    }
  };
  CountFrom count_from;
  convert_field(Field::kStation, kNoName, station_from_, rows_.stations);
  if (column(Field::kSystem).leaf >= 0) {
    convert_field(Field::kSystem, kNoName, system_from_, rows_.systems);
  }
  convert_field(Field::kBikes, kNoCount, count_from, rows_.bikes);
  convert_field(Field::kRacks, kNoCount, count_from, rows_.racks);
  if (rows_.times_are == RowColumns::Times::kText) {
    TextFrom text_from;
    convert_field(Field::kTime, kNoText, text_from, rows_.time_texts);
  } else {
    convert_field(Field::kTime, kNoTime, time_from_, rows_.times);
  }
}

std::string ParquetInput::Impl::cell(Field field, std::size_t row) const {
  return cell_text(*batch_->column(column(field).in_batch), static_cast<std::int64_t>(row));
}

// A row has no bytes of its own, so a dead letter keeps its fields as JSON.
std::string ParquetInput::Impl::record(std::size_t row) const {
  std::string text;
  for (const FieldColumn& field : columns_) {
    if (field.leaf < 0) continue;
    const arrow::Array& array = *batch_->column(field.in_batch);
    const auto at = static_cast<std::int64_t>(row);
    std::string cell = array.IsNull(at) ? "null" : cell_text(array, at);
    const bool is_number = arrow::is_integer(value_type(*array.type()).id());
    if (!array.IsNull(at) && !is_number) cell = json_string(cell);
    text += fmt::format("{}{}:{}", text.empty() ? "{" : ",", json_string(field.name), cell);
  }
  return text + "}";
}

// --- The shell ---

ParquetInput::ParquetInput(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ParquetInput::~ParquetInput() = default;
ParquetInput::ParquetInput(ParquetInput&&) noexcept = default;
ParquetInput& ParquetInput::operator=(ParquetInput&&) noexcept = default;

Result<ParquetInput> ParquetInput::open(const File& file, ColumnSettings settings,
                                        SystemNames& names) {
  auto impl = std::make_unique<Impl>(std::move(settings), names);
  return guarded(impl->source(), 0, [&] {
    impl->open(file);
    return ParquetInput(std::move(impl));
  });
}

Result<void> ParquetInput::skip_to(std::int64_t record) {
  auto done = guarded(impl_->source(), record, [&] {
    impl_->start_at(record);
    return true;
  });
  if (!done) return std::unexpected(done.error());
  return {};
}

Result<std::optional<InputChunk>> ParquetInput::next() {
  return guarded(impl_->source(), impl_->next_record(), [&] { return impl_->next(); });
}

std::int64_t ParquetInput::records() const { return impl_->records(); }

std::int64_t ParquetInput::stored_bytes_read() const { return impl_->bytes_read(); }

}  // namespace bikeflow
