#include "feed/csv_framer.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "feed/csv_fields.h"

namespace bikeflow {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

std::string_view without_return(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

struct RecordEnd {
  enum class Kind : std::uint8_t { kWhole, kBroken, kUnknown };
  Kind kind = Kind::kUnknown;
  std::size_t end = 0;   // of a whole record: its size without the line end
  std::size_t next = 0;  // of a whole record: where the next one begins
};

// Where the record at the front of `text` ends, by its quotes.
class QuoteWalk {
 public:
  QuoteWalk(std::string_view text, std::string_view separators, bool is_last)
      : text_(text.substr(0, kMaxRecordBytes + 1)), separators_(separators), stops_(separators) {
    stops_ += '\n';
    if (text.size() > kMaxRecordBytes) {
      beyond_ = RecordEnd::Kind::kBroken;  // it is too long, whatever comes
    } else if (is_last) {
      beyond_ = RecordEnd::Kind::kWhole;
    }
  }

  RecordEnd find_end() const {
    std::size_t at = 0;
    for (;; ++at) {  // at the begin of a field
      if (at == text_.size() || text_[at] != '"') {
        at = text_.find_first_of(stops_, at);
        if (at == kNone) return end_of_text(RecordEnd::Kind::kWhole);
        if (text_[at] == '\n') return end_at(at);
        continue;
      }
      at = find_closing_quote(at);
      if (at == kNone) return end_of_text(RecordEnd::Kind::kBroken);
      const std::string_view after = text_.substr(++at);
      if (after.empty() || after == "\r") return end_of_text(RecordEnd::Kind::kWhole);
      if (after.starts_with('\n')) return end_at(at);
      if (after.starts_with("\r\n")) return end_at(at + 1);
      if (separators_.find(after.front()) == kNone) return {RecordEnd::Kind::kBroken};
    }
  }

 private:
  std::size_t find_closing_quote(std::size_t opening) const {
    std::size_t at = text_.find('"', opening + 1);
    while (at != kNone && text_.substr(at).starts_with("\"\"")) at = text_.find('"', at + 2);
    return at;
  }
  RecordEnd end_at(std::size_t newline) const {
    return {RecordEnd::Kind::kWhole, without_return(text_.substr(0, newline)).size(), newline + 1};
  }
  // `if_last`: what the record is if nothing comes after the text.
  RecordEnd end_of_text(RecordEnd::Kind if_last) const {
    return {beyond_ == RecordEnd::Kind::kWhole ? if_last : beyond_, without_return(text_).size(),
            text_.size()};
  }

  std::string_view text_;
  std::string_view separators_;
  std::string stops_;
  RecordEnd::Kind beyond_ = RecordEnd::Kind::kUnknown;
};

}  // namespace

std::optional<Frame> CsvFramer::next(std::string_view& rest, bool is_last) {
  std::optional<Frame> line = lines_.next(rest, is_last);
  if (!line || line->is_too_large) return line;
  if (line->record.find('"') != kNone) {
    const char* const begin = line->record.data();
    const char* const end = rest.data() + rest.size();
    const std::string_view text(begin, static_cast<std::size_t>(end - begin));
    const std::string_view separators =
        separator_ == kAnySeparator ? kCsvSeparators : std::string_view(&separator_, 1);
    const RecordEnd record = QuoteWalk(text, separators, is_last).find_end();
    if (record.kind == RecordEnd::Kind::kUnknown) {
      rest = text;
      return std::nullopt;
    }
    if (record.kind == RecordEnd::Kind::kWhole) {
      rest = text.substr(record.next);
      return Frame{text.substr(0, record.end)};
    }
  }
  line->record = without_return(line->record);
  return line;
}

}  // namespace bikeflow
