#include "feed/json_shape.h"

#include <algorithm>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/check.h"
#include "feed/json_tokens.h"
#include "feed/utf8.h"

namespace bikeflow {
namespace {

// Beyond this, a comparison is no longer a saving.
constexpr std::size_t kMostShapeBytes = 4096;

using Kind = JsonValue::Kind;

// Where the word at `from` ends if it is one of that kind, else nullptr.
const char* find_word_end(Kind kind, const char* from, const char* end) {
  const std::string_view rest(from, static_cast<std::size_t>(end - from));
  if (kind == Kind::kNull) return rest.starts_with("null") ? from + 4 : nullptr;
  if (rest.starts_with("true")) return from + 4;
  return rest.starts_with("false") ? from + 5 : nullptr;
}

}  // namespace

JsonShape::Glue::Glue(std::string_view text)
    : size_(text.size()), fast_from_(size_ <= kHeadBytes ? kHeadBytes : PTRDIFF_MAX), text_(text) {
  std::ranges::copy(text.substr(0, kHeadBytes), head_.begin());
  std::fill(beyond_.begin() + std::min(size_, kHeadBytes), beyond_.end(), '\xFF');
}

inline bool JsonShape::Glue::is_at(const char* at, const char* end) const {
#if defined(__SSE2__)
  if (end - at >= fast_from_) {
    const auto same = [=, this](std::size_t i) {
      const auto load = [](const char* from) {
        return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
      };
      return _mm_or_si128(_mm_cmpeq_epi8(load(at + i), load(head_.data() + i)),
                          load(beyond_.data() + i));
    };
    return _mm_movemask_epi8(_mm_and_si128(same(0), same(16))) == 0xFFFF;
  }
#endif
  return std::string_view(at, end).starts_with(text_);
}

bool JsonShape::match(std::string_view record, FieldValues& values) const {
  if (!rest_) return false;
  const char* const begin = record.data();
  const char* const end = begin + record.size();
  const char* at = begin;
  const char* non_ascii_begin = nullptr;
  const char* non_ascii_end = nullptr;
  values.clear();
  for (const Part& part : parts_) {
    if (!part.glue.is_at(at, end)) return false;
    at += part.glue.size();
    const char* value_end = nullptr;
    if (part.kind == Kind::kString) {
      const StringStop stop = find_string_stop(begin, at, end);
      value_end = stop.at;  // a quote, or the glue after it will not be there
      if (stop.may_have_non_ascii) {
        if (non_ascii_begin == nullptr) non_ascii_begin = at;
        non_ascii_end = value_end;
      }
    } else if (part.kind == Kind::kNumber) {
      const NumberEnd number = find_number_end(at, end);
      if (!number.is_number) return false;
      value_end = number.at;
    } else {
      value_end = find_word_end(part.kind, at, end);
      if (value_end == nullptr) return false;
    }
    if (part.slot != FieldLookup::kUnknown) {
      values.set(part.slot, {part.kind, false, {at, static_cast<std::size_t>(value_end - at)}});
    }
    at = value_end;
  }
  if (static_cast<std::size_t>(end - at) != rest_->size() || !rest_->is_at(at, end)) return false;
  return non_ascii_begin == nullptr || is_utf8_between(record, non_ascii_begin, non_ascii_end);
}

void JsonShape::learn(std::string_view record, const FieldLookup& fields) {
  parts_.clear();
  rest_.reset();
  if (!try_learn(record, fields)) rest_.reset();
}

bool JsonShape::try_learn(std::string_view record, const FieldLookup& fields) {
  if (record.size() > kMostShapeBytes) return false;
  JsonCursor cursor(record);
  JsonMember member;
  FieldValues seen;
  std::size_t done = 0;
  while (cursor.next(member)) {
    if (member.key_has_escapes) return false;
    FieldLookup::Slot slot = fields.find(member.key);
    if (slot != FieldLookup::kUnknown && seen.has(slot)) slot = FieldLookup::kUnknown;
    seen.add(slot, member.value);
    const std::string_view value = member.value.text;
    if (member.value.kind == Kind::kNested) {
      if (slot != FieldLookup::kUnknown) return false;
      continue;
    }
    const auto value_begin = static_cast<std::size_t>(value.data() - record.data());
    parts_.push_back({Glue(record.substr(done, value_begin - done)), member.value.kind, slot});
    done = value_begin + value.size();
  }
  CHECK(cursor.is_complete());
  rest_.emplace(record.substr(done));
  return true;
}

}  // namespace bikeflow
