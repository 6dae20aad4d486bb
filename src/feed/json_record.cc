#include "feed/json_record.h"

#include "feed/refusal.h"
#include "feed/utf8.h"

namespace bikeflow {
namespace {

using Kind = JsonValue::Kind;

// So many records of other shapes say that the producer has changed, and not that one record is
// odd.
constexpr int kPatience = 32;

constexpr bool is_integer(std::string_view number) {
  return number.find_first_of(".eE") == std::string_view::npos;
}

}  // namespace

Decoded JsonRecordDecoder::decode(std::string_view record, Seconds near) {
  if (record.size() > kMaxRecordBytes) return std::unexpected(too_large());
  if (!shape_.match(record, values_)) {
    auto refusal = collect(record);
    if (refusal) return std::unexpected(std::move(*refusal));
  }
  return reader_.read([this](Field field) { return find(field); }, near);
}

std::optional<Refusal> JsonRecordDecoder::collect(std::string_view record) {
  values_.clear();
  JsonCursor cursor(record);
  JsonMember member;
  while (cursor.next(member)) values_.add(slot_of(member), member.value);
  if (!cursor.is_complete()) return is_utf8(record) ? cursor.fault() : not_utf8(record);
  if (!cursor.has_utf8()) return not_utf8(record);
  if (patience_-- == 0) {
    shape_.learn(record, reader_.fields());
    patience_ = kPatience;
  }
  return std::nullopt;
}

inline FieldLookup::Slot JsonRecordDecoder::slot_of(const JsonMember& member) {
  const FieldLookup& fields = reader_.fields();
  if (!member.key_has_escapes) return fields.find(member.key);
  unescaped_key_.clear();
  const bool has_meaning = unescape_json(member.key, unescaped_key_);
  return has_meaning ? fields.find(unescaped_key_) : FieldLookup::kUnknown;
}

inline std::optional<FoundField> JsonRecordDecoder::find(Field field) {
  const FieldLookup::Slot own = FieldLookup::own(field);
  const FieldLookup::Slot slot = values_.has(own) ? own : FieldLookup::in_topic(field);
  if (!values_.has(slot) || values_.at(slot).kind == Kind::kNull) return std::nullopt;
  const JsonValue& value = values_.at(slot);
  FoundField found{value.text, value.text, slot, value.kind == Kind::kString};
  if (value.has_escapes) {
    std::string& text = unescaped_[static_cast<std::size_t>(field)];
    text.clear();
    found.has_text = unescape_json(value.text, text);
    found.text = text;
  } else if (value.kind == Kind::kNumber) {
    const bool is_name = field == Field::kStation || field == Field::kSystem;
    found.has_text = !is_name || is_integer(value.text);
  } else if (value.kind != Kind::kString) {
    found.has_text = false;
  }
  return found;
}

}  // namespace bikeflow
