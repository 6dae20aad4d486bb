#include "feed/csv_record.h"

#include <algorithm>
#include <cstring>
#include <span>

#include <fmt/format.h>

#include "base/nearest.h"
#include "feed/refusal.h"
#include "feed/utf8.h"

namespace bikeflow {
namespace {

using Slot = FieldLookup::Slot;

constexpr std::array kRequired = {Field::kStation, Field::kTime, Field::kBikes};

constexpr auto kNoSlots = [] {
  std::array<Slot, kFieldCount> slots{};
  slots.fill(FieldLookup::kUnknown);
  return slots;
}();

// The columns of a header as one separator cuts it.
struct Columns {
  char separator = ',';
  std::vector<std::string> names;
  std::vector<Slot> slots;
  std::array<Slot, kFieldCount> of_field = kNoSlots;  // the slot that a field is read from

  [[nodiscard]] bool has(Field field) const {
    return of_field[static_cast<std::size_t>(field)] != FieldLookup::kUnknown;
  }
  [[nodiscard]] std::ptrdiff_t known() const {
    return std::ranges::count_if(of_field, [](Slot slot) { return slot != FieldLookup::kUnknown; });
  }
  [[nodiscard]] bool is_enough() const {
    return std::ranges::all_of(kRequired, [this](Field field) { return has(field); });
  }
};

Columns read_columns(std::string_view header, char separator, const FieldLookup& fields) {
  Columns columns;
  columns.separator = separator;
  std::array<bool, FieldLookup::kSlotCount> seen{};
  CsvCursor cursor(header, separator);
  CsvField field;
  while (cursor.next(field)) {
    std::string name(field.text);
    if (field.has_doubled_quotes) {
      name.clear();
      append_unquoted(field.text, name);
    }
    Slot slot = fields.find(name);
    if (slot != FieldLookup::kUnknown && std::exchange(seen[slot], true)) {
      slot = FieldLookup::kUnknown;
    }
    columns.slots.push_back(slot);
    columns.names.push_back(std::move(name));
  }
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    const auto own = FieldLookup::own(static_cast<Field>(i));
    const auto in_topic = FieldLookup::in_topic(static_cast<Field>(i));
    columns.of_field[i] = seen[own] ? own : seen[in_topic] ? in_topic : FieldLookup::kUnknown;
  }
  return columns;
}

std::unexpected<Error> no_header(std::string_view header, const FieldLookup& fields) {
  std::string expected;
  for (const Field field : kRequired) {
    if (!expected.empty()) expected += ", ";
    expected += fields.name(FieldLookup::own(field));
  }
  if (header.empty()) return fail("no header: expected {}, found an empty line", expected);
  return fail(
      "no header: expected {}, separated by ',' ';' '|' or a tab, found {}; where they have "
      "other names there: --map FIELD=NAME",
      expected, shown(header));
}

// Requires: not columns.is_enough().
std::unexpected<Error> missing_column(const Columns& columns, const FieldLookup& fields) {
  const Field missing =
      *std::ranges::find_if(kRequired, [&columns](Field field) { return !columns.has(field); });
  const std::vector<std::string_view> names(columns.names.begin(), columns.names.end());
  const auto nearest = nearest_name(fields.name(FieldLookup::own(missing)), names);
  const std::string hint =
      nearest ? fmt::format("did you mean --map {}={}?", field_name(missing), shown(*nearest))
              : fmt::format("--map {}=COLUMN names another one", field_name(missing));
  return fail("no column {} among {}; {}", fields.names_of(missing),
              shown(fmt::format("{}", fmt::join(names, ", "))), hint);
}

// Whether each byte is ASCII and none is NUL: eight at a time.
bool is_plain_text(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  std::uint64_t wrong = 0;
  const auto look_at = [&](std::uint64_t bytes) { wrong |= bytes | (bytes - kOnes); };
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, text.data() + i, 8);
    look_at(bytes);
  }
  std::uint64_t last = kOnes;
  if (i < text.size()) std::memcpy(&last, text.data() + i, text.size() - i);
  look_at(last);
  return (wrong & kOnes << 7) == 0;
}

}  // namespace

Result<CsvRecordDecoder> CsvRecordDecoder::open(std::string_view header, Zone zone,
                                                const FieldNames& names) {
  ObservationReader reader(names, std::move(zone));
  Columns best;
  for (const char separator : kCsvSeparators) {
    Columns columns = read_columns(header, separator, reader.fields());
    if (columns.is_enough()) {
      return CsvRecordDecoder(std::move(reader), separator, std::move(columns.slots),
                              columns.of_field);
    }
    if (columns.known() > best.known()) best = std::move(columns);
  }
  if (best.names.empty()) return no_header(header, reader.fields());
  return missing_column(best, reader.fields());
}

CsvRecordDecoder::CsvRecordDecoder(ObservationReader reader, char separator,
                                   std::vector<Slot> columns,
                                   const std::array<Slot, kFieldCount>& slots)
    : reader_(std::move(reader)),
      separator_(separator),
      columns_(std::move(columns)),
      slots_(slots) {}

Decoded CsvRecordDecoder::decode(std::string_view record, Seconds near) {
  if (record.size() > kMaxRecordBytes) return std::unexpected(too_large());
  auto refusal = collect(record);
  if (refusal) return std::unexpected(std::move(*refusal));
  return reader_.read([this](Field field) { return find(field); }, near);
}

std::optional<Refusal> CsvRecordDecoder::collect(std::string_view record) {
  if (!is_plain_text(record)) {
    if (!is_utf8(record)) return not_utf8(record);
    const std::size_t nul = record.find('\0');
    if (nul != std::string_view::npos) return malformed(Reason::kBadCsv, record, nul, "text");
  }
  if (record.empty()) return Refusal{Reason::kBadCsv, "an empty line", 0};
  CsvCursor cursor(record, separator_);
  CsvField field;
  std::size_t count = 0;
  for (; count < columns_.size() && cursor.next(field); ++count) {
    if (columns_[count] != FieldLookup::kUnknown) values_[columns_[count]] = field;
  }
  if (count == columns_.size() && cursor.at_end()) return std::nullopt;
  return refuse_fields(record, cursor, count);
}

// Of a record whose quotes are broken, or whose number of fields is not that of the header.
Refusal CsvRecordDecoder::refuse_fields(std::string_view record, CsvCursor cursor,
                                        std::size_t count) const {
  const std::size_t end = cursor.at_end() ? record.size() : cursor.next_at() - 1;
  for (CsvField field; cursor.next(field);) ++count;
  if (cursor.expected() != nullptr) {
    return malformed(Reason::kBadCsv, record, cursor.fault_at(), cursor.expected());
  }
  return {Reason::kBadCsv, fmt::format("{} fields; the header has {}", count, columns_.size()),
          static_cast<std::int64_t>(end)};
}

inline std::optional<FoundField> CsvRecordDecoder::find(Field field) {
  const Slot slot = slots_[static_cast<std::size_t>(field)];
  if (slot == FieldLookup::kUnknown) return std::nullopt;
  const CsvField& value = values_[slot];
  if (value.text.empty() && !value.is_quoted) return std::nullopt;
  FoundField found{value.text, value.text, slot, value.is_quoted};
  if (value.has_doubled_quotes) {
    std::string& text = unquoted_[static_cast<std::size_t>(field)];
    text.clear();
    append_unquoted(value.text, text);
    found.text = text;
  }
  return found;
}

}  // namespace bikeflow
