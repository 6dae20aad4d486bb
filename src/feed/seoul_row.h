// A row of Seoul's bikeList as text: its fields, and the one form in which the host writes them.
#pragma once

#include <cstdint>
#include <string_view>

namespace bikeflow {

// A value as the document has it.
struct SeoulValue {
  enum class Kind : std::uint8_t { kAbsent, kString, kNumber, kOther };
  Kind kind = Kind::kAbsent;      // null is absent too
  std::string_view written = {};  // a string without its quotes
};

struct SeoulRow {
  SeoulValue id, name, bikes, racks, latitude, longitude;

  void clear() {
    for (SeoulValue* each : {&id, &name, &bikes, &racks, &latitude, &longitude}) {
      each->kind = SeoulValue::Kind::kAbsent;
    }
  }
};

constexpr bool is_json_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

// Reads the row that begins at `at` where it has the keys of the live feed in their order, no
// blanks between tokens, and no other values than strings without escapes. Where it ends; null
// where it is of any other form, which does not say that it is wrong. UTF-8 is not looked at.
// Requires: 32 readable bytes behind `end`.
const char* match_usual_row(const char* at, const char* end, SeoulRow& row);

}  // namespace bikeflow
