// A strict reader of one JSON object, member by member: the whole grammar of RFC 8259 is checked in
// one pass, and nothing is copied or unescaped.
//
// Threads: none; one owner. The views that it hands out are of the record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/dead_letter.h"

namespace bikeflow {

struct JsonValue {
  enum class Kind : std::uint8_t { kNull, kBool, kNumber, kString, kNested };
  Kind kind = Kind::kNull;
  bool has_escapes = false;  // a string with backslashes
  std::string_view text;     // as written; a string without its quotes
};

struct JsonMember {
  std::string_view key;  // without its quotes
  bool key_has_escapes = false;
  JsonValue value;
};

class JsonCursor {
 public:
  explicit JsonCursor(std::string_view record)
      : begin_(record.data()), at_(begin_), end_(begin_ + record.size()) {}

  // The next member of the object; false after the last one, or where the record is malformed.
  // The kinds of fault that it finds: not_json, too_deep. UTF-8 is has_utf8()'s.
  bool next(JsonMember& member);

  // After next() was false. Whether the record was one whole JSON object.
  [[nodiscard]] bool is_complete() const { return state_ == State::kDone; }
  // Where and why it was not.
  [[nodiscard]] Refusal fault() const;
  // Requires: is_complete().
  [[nodiscard]] bool has_utf8() const;

 private:
  enum class State : std::uint8_t { kStart, kMembers, kDone, kFault };

  bool start();
  bool finish();
  bool read_value(JsonValue& value, int depth);
  bool read_string(std::string_view& text, bool& has_escapes);
  bool read_escape();
  bool read_number();
  bool read_word(std::string_view word);
  bool read_nested(int depth);
  bool read_nested_members(int depth);
  bool read_nested_elements(int depth);
  bool read_colon();
  void skip_space();
  [[nodiscard]] char peek() const { return at_ < end_ ? *at_ : '\0'; }
  bool fail_at(const char* at, const char* expected, Reason reason = Reason::kNotJson);
  bool fail_here(const char* expected) { return fail_at(at_, expected); }

  const char* begin_;
  const char* at_;
  const char* end_;
  State state_ = State::kStart;
  // The strings that are not ASCII lie between these; only they need to be looked at as UTF-8.
  const char* non_ascii_begin_ = nullptr;
  const char* non_ascii_end_ = nullptr;
  const char* expected_ = "";
  Reason reason_ = Reason::kNotJson;
};

// Appends a string's text to `out` with its escapes resolved. False where it has no meaning as
// characters (an unpaired surrogate). Requires: text of a string that JsonCursor read.
bool unescape_json(std::string_view text, std::string& out);

}  // namespace bikeflow
