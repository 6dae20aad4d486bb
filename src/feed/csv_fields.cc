#include "feed/csv_fields.h"

namespace bikeflow {

bool CsvCursor::next(CsvField& field) {
  if (at_end() || expected_ != nullptr) return false;
  if (next_ < record_.size() && record_[next_] == '"') return next_quoted(field);
  const std::size_t end = std::min(record_.find(separator_, next_), record_.size());
  field = {record_.substr(next_, end - next_)};
  next_ = end + 1;
  return true;
}

bool CsvCursor::next_quoted(CsvField& field) {
  field.is_quoted = true;
  field.has_doubled_quotes = false;
  const std::size_t begin = next_ + 1;
  std::size_t end = record_.find('"', begin);
  while (end != std::string_view::npos && end + 1 < record_.size() && record_[end + 1] == '"') {
    field.has_doubled_quotes = true;
    end = record_.find('"', end + 2);
  }
  if (end == std::string_view::npos) {
    return fail(next_, "the quote that begins here to be closed");
  }
  field.text = record_.substr(begin, end - begin);
  next_ = end + 2;
  if (end + 1 == record_.size() || record_[end + 1] == separator_) return true;
  return fail(end + 1, "a separator or the line's end after a closing quote");
}

bool CsvCursor::fail(std::size_t at, const char* expected) {
  fault_at_ = at;
  expected_ = expected;
  return false;
}

void append_unquoted(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text[i] == '"') ++i;
  }
}

}  // namespace bikeflow
