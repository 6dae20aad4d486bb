#include "feed/json_cursor.h"

#include "feed/json_tokens.h"
#include "feed/record.h"
#include "feed/refusal.h"
#include "feed/utf8.h"

namespace bikeflow {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Of one hexadecimal digit; -1 where it is none.
constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

inline void JsonCursor::skip_space() {
  while (at_ < end_ && static_cast<unsigned char>(*at_) <= ' ') {
    if (*at_ != ' ' && *at_ != '\n' && *at_ != '\r' && *at_ != '\t') return;
    ++at_;
  }
}

bool JsonCursor::fail_at(const char* at, const char* expected, Reason reason) {
  at_ = at;
  expected_ = expected;
  reason_ = reason;
  state_ = State::kFault;
  return false;
}

Refusal JsonCursor::fault() const {
  const std::string_view record(begin_, static_cast<std::size_t>(end_ - begin_));
  return malformed(reason_, record, static_cast<std::size_t>(at_ - begin_), expected_);
}

bool JsonCursor::has_utf8() const {
  return non_ascii_begin_ == nullptr ||
         is_utf8({non_ascii_begin_, static_cast<std::size_t>(non_ascii_end_ - non_ascii_begin_)});
}

bool JsonCursor::start() {
  skip_space();
  if (peek() != '{') return fail_here("a JSON object");
  ++at_;
  state_ = State::kMembers;
  skip_space();
  return peek() == '}' ? finish() : true;
}

bool JsonCursor::finish() {
  ++at_;  // the closing brace
  skip_space();
  if (at_ != end_) return fail_here("nothing after the object");
  state_ = State::kDone;
  return false;
}

inline bool JsonCursor::read_colon() {
  skip_space();
  if (peek() != ':') return fail_here("':' after a key");
  ++at_;
  skip_space();
  return true;
}

bool JsonCursor::next(JsonMember& member) {
  if (state_ == State::kStart) {
    if (!start()) return false;
  } else if (state_ == State::kMembers) {
    skip_space();
    const char c = peek();
    if (c == '}') return finish();
    if (c != ',') return fail_here("',' or '}' after a value");
    ++at_;
    skip_space();
  } else {
    return false;
  }
  if (peek() != '"') return fail_here("a key in quotes");
  return read_string(member.key, member.key_has_escapes) && read_colon() &&
         read_value(member.value, 1);
}

inline bool JsonCursor::read_value(JsonValue& value, int depth) {
  const char* const begin = at_;
  const char c = peek();
  value.has_escapes = false;
  bool ok = false;
  switch (c) {
    case '"':
      value.kind = JsonValue::Kind::kString;
      return read_string(value.text, value.has_escapes);
    case '{':
    case '[':
      value.kind = JsonValue::Kind::kNested;
      ok = read_nested(depth + 1);
      break;
    case 'n':
      value.kind = JsonValue::Kind::kNull;
      ok = read_word("null");
      break;
    case 't':
    case 'f':
      value.kind = JsonValue::Kind::kBool;
      ok = read_word(c == 't' ? "true" : "false");
      break;
    default:
      value.kind = JsonValue::Kind::kNumber;
      ok = read_number();
  }
  value.text = {begin, static_cast<std::size_t>(at_ - begin)};
  return ok;
}

inline bool JsonCursor::read_string(std::string_view& text, bool& has_escapes) {
  const char* const begin = ++at_;
  has_escapes = false;
  for (;;) {
    const StringStop stop = find_string_stop(begin_, at_, end_);
    at_ = stop.at;
    if (stop.may_have_non_ascii) {
      if (non_ascii_begin_ == nullptr) non_ascii_begin_ = begin;
      non_ascii_end_ = at_;
    }
    if (at_ == end_) return fail_here("the closing quote of a string");
    if (*at_ == '"') break;
    if (*at_ != '\\') return fail_here("control characters to be escaped");
    has_escapes = true;
    if (!read_escape()) return false;
  }
  text = {begin, static_cast<std::size_t>(at_ - begin)};
  ++at_;
  return true;
}

bool JsonCursor::read_escape() {
  const char* const backslash = at_++;
  const char c = peek();
  if (c == 'u') {
    for (int i = 0; i < 4; ++i) {
      ++at_;
      if (hex_value(peek()) < 0) return fail_here("four hexadecimal digits after \\u");
    }
  } else if (c == '\0' || std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos) {
    return fail_at(at_ == end_ ? end_ : backslash + 1, "one of \"\\/bfnrtu after a backslash");
  }
  ++at_;
  return true;
}

bool JsonCursor::read_number() {
  const NumberEnd end = find_number_end(at_, end_);
  if (!end.is_number) return fail_at(end.at, end.at == at_ ? "a value" : "a digit");
  at_ = end.at;
  return true;
}

bool JsonCursor::read_word(std::string_view word) {
  for (const char c : word) {
    if (peek() != c) return fail_here("a value");
    ++at_;
  }
  return true;
}

// The recursion is as deep as the record is nested: kMaxRecordDepth at most.
bool JsonCursor::read_nested(int depth) {
  if (depth > kMaxRecordDepth) {
    return fail_at(at_, "at most 32 levels of nesting", Reason::kTooDeep);
  }
  const bool is_object = *at_++ == '{';
  skip_space();
  if (peek() == (is_object ? '}' : ']')) {
    ++at_;
    return true;
  }
  return is_object ? read_nested_members(depth) : read_nested_elements(depth);
}

bool JsonCursor::read_nested_members(int depth) {
  JsonMember member;
  for (;;) {
    if (peek() != '"') return fail_here("a key in quotes");
    if (!read_string(member.key, member.key_has_escapes) || !read_colon() ||
        !read_value(member.value, depth)) {
      return false;
    }
    skip_space();
    const char c = peek();
    if (c != ',' && c != '}') return fail_here("',' or '}' after a value");
    ++at_;
    if (c == '}') return true;
    skip_space();
  }
}

bool JsonCursor::read_nested_elements(int depth) {
  JsonValue element;
  for (;;) {
    if (!read_value(element, depth)) return false;
    skip_space();
    const char c = peek();
    if (c != ',' && c != ']') return fail_here("',' or ']' after a value");
    ++at_;
    if (c == ']') return true;
    skip_space();
  }
}

namespace {

// The four digits of an escape.
unsigned hex_unit(std::string_view digits) {
  unsigned unit = 0;
  for (const char c : digits.substr(0, 4)) unit = unit * 16 + static_cast<unsigned>(hex_value(c));
  return unit;
}

void append_utf8(unsigned code, std::string& out) {
  const auto put = [&out](unsigned byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

// The character that "\uXXXX" (or a pair of them) at the front of `text` means, taken from it;
// nothing for half of a pair.
std::optional<unsigned> take_unicode_escape(std::string_view& text) {
  const unsigned unit = hex_unit(text.substr(2));
  text.remove_prefix(6);
  if (unit < 0xD800 || unit > 0xDFFF) return unit;
  if (unit > 0xDBFF || !text.starts_with("\\u")) return std::nullopt;
  const unsigned low = hex_unit(text.substr(2));
  if (low < 0xDC00 || low > 0xDFFF) return std::nullopt;
  text.remove_prefix(6);
  return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
}

}  // namespace

bool unescape_json(std::string_view text, std::string& out) {
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  for (;;) {
    const std::size_t plain = text.find('\\');
    out += text.substr(0, plain);
    if (plain == std::string_view::npos) return true;
    text.remove_prefix(plain);
    if (text[1] == 'u') {
      const auto code = take_unicode_escape(text);
      if (!code) return false;
      append_utf8(*code, out);
    } else {
      out += kMeanings[kLetters.find(text[1])];
      text.remove_prefix(2);
    }
  }
}

}  // namespace bikeflow
