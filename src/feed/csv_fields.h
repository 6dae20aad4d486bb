// The fields of one CSV record, one after the other.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bikeflow {

// What may separate fields; a comma unless the header says otherwise.
inline constexpr std::string_view kCsvSeparators = ",;\t|";

struct CsvField {
  std::string_view text;  // as written, without the quotes around it
  bool is_quoted = false;
  bool has_doubled_quotes = false;
};

class CsvCursor {
 public:
  CsvCursor(std::string_view record, char separator) : record_(record), separator_(separator) {}

  // The next field; false after the last one, or where a quote is broken. A record has at least
  // one.
  bool next(CsvField& field);

  [[nodiscard]] bool at_end() const { return next_ > record_.size(); }
  // Requires: not at_end().
  [[nodiscard]] std::size_t next_at() const { return next_; }

  // Of a broken quote: what was expected, and where. nullptr: none is broken.
  [[nodiscard]] const char* expected() const { return expected_; }
  [[nodiscard]] std::size_t fault_at() const { return fault_at_; }

 private:
  bool next_quoted(CsvField& field);
  bool fail(std::size_t at, const char* expected);

  std::string_view record_;
  char separator_;
  std::size_t next_ = 0;  // where the next field begins; beyond the record: there is none
  std::size_t fault_at_ = 0;
  const char* expected_ = nullptr;
};

// Appends the text of a quoted field with its doubled quotes made single.
void append_unquoted(std::string_view text, std::string& out);

}  // namespace bikeflow
