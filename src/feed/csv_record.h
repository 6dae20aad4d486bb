// One record of a CSV file -> an observation or a refusal. CSV is as RFC 4180 has it.
//
// The first record is a header, whose names say which column is which, in any order; other columns
// are ignored, and the first of equal ones counts. The separator is a comma; a semicolon, a tab or
// '|' where the header fits only with that. A field in quotes may hold separators, line ends and
// quotes (doubled); a quote within a field that does not begin with one is a character like others.
//
// The rules for values, and which reason goes before which, are those of json_record.h, with
// bad_csv in place of not_json. A field that is empty and without quotes stands for an absent one.
// An empty line is a record without fields, and refused. Blanks belong to the field, as the RFC
// says: " 16" is no count.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "feed/csv_fields.h"
#include "feed/fields.h"
#include "feed/observation_reader.h"
#include "feed/record.h"

namespace bikeflow {

// Threads: none; one owner. An observation's views are of the record or of the decoder, and good
// until the next decode().
class CsvRecordDecoder {
 public:
  // An error says which columns were expected and what was found.
  static Result<CsvRecordDecoder> open(std::string_view header, Zone zone,
                                       const FieldNames& names = {});

  [[nodiscard]] char separator() const { return separator_; }

  // As JsonRecordDecoder::decode(); a malformed record is bad_csv.
  Decoded decode(std::string_view record, Seconds near);

 private:
  CsvRecordDecoder(ObservationReader reader, char separator, std::vector<FieldLookup::Slot> columns,
                   const std::array<FieldLookup::Slot, kFieldCount>& slots);

  // The columns that carry fields -> values_. A refusal where the record is malformed.
  std::optional<Refusal> collect(std::string_view record);
  [[nodiscard]] Refusal refuse_fields(std::string_view record, CsvCursor cursor,
                                      std::size_t count) const;
  std::optional<FoundField> find(Field field);

  ObservationReader reader_;
  char separator_;
  std::vector<FieldLookup::Slot> columns_;            // the slot of each column, or kUnknown
  std::array<FieldLookup::Slot, kFieldCount> slots_;  // where each field is found, or kUnknown
  std::array<CsvField, FieldLookup::kSlotCount> values_;
  std::array<std::string, kFieldCount> unquoted_;  // texts of fields that have doubled quotes
};

}  // namespace bikeflow
