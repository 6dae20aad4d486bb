// What the records of one producer have in common, so that a record like the one before it costs a
// fraction of reading it anew: the bytes between the values are compared instead of parsed.
//
// Why this is exact: a valid record in which strings are replaced by strings, numbers by numbers
// and words by words is a valid record with the same keys and the same nesting. match() checks that
// nothing else differs, and that each replacement is a valid token. So what it accepts is what
// JsonCursor would have accepted, with the same values; all else it leaves to JsonCursor.
//
// Threads: none; one owner.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "feed/fields.h"
#include "feed/json_cursor.h"

namespace bikeflow {

// The members of one record that carry fields. The first of equal keys counts.
class FieldValues {
 public:
  using Slot = FieldLookup::Slot;

  void clear() { present_ = 0; }
  [[nodiscard]] bool has(Slot slot) const { return (present_ >> slot & 1U) != 0; }
  void add(Slot slot, const JsonValue& value) {
    if (slot == FieldLookup::kUnknown || has(slot)) return;
    set(slot, value);
  }
  // Requires: not has(slot).
  void set(Slot slot, const JsonValue& value) {
    values_[slot] = value;
    present_ |= 1U << slot;
  }
  // Requires: has(slot).
  [[nodiscard]] const JsonValue& at(Slot slot) const { return values_[slot]; }

 private:
  std::array<JsonValue, FieldLookup::kSlotCount> values_;
  std::uint32_t present_ = 0;  // bit i: values_[i] is of this record
};

class JsonShape {
 public:
  // Whether `record` has this shape; then `values` are its fields. A shape that was never learned
  // has no records.
  bool match(std::string_view record, FieldValues& values) const;

  // Takes the shape of `record`. One that is of no use as a shape (many or long keys, escapes in a
  // key, a field that is an object) leaves it without any. Requires: a valid record.
  void learn(std::string_view record, const FieldLookup& fields);

 private:
  // Bytes that each record is compared with.
  class Glue {
   public:
    explicit Glue(std::string_view text);
    [[nodiscard]] std::size_t size() const { return size_; }
    // Whether [at, end) begins with it.
    [[nodiscard]] bool is_at(const char* at, const char* end) const;

   private:
    static constexpr std::size_t kHeadBytes = 32;
    std::array<char, kHeadBytes> head_{};    // its first bytes
    std::array<char, kHeadBytes> beyond_{};  // 0xFF where head_ has none of it
    std::size_t size_;
    // How many bytes must be left for head_ to be compared as a whole and be enough.
    std::ptrdiff_t fast_from_;
    std::string text_;
  };
  // A value, and the bytes between it and the value before it: punctuation, key, blanks, quotes,
  // and unneeded values that are nested.
  struct Part {
    Glue glue;
    JsonValue::Kind kind = JsonValue::Kind::kNull;  // not kNested
    FieldLookup::Slot slot = FieldLookup::kUnknown;
  };
  bool try_learn(std::string_view record, const FieldLookup& fields);

  std::vector<Part> parts_;   // in the record's order
  std::optional<Glue> rest_;  // the bytes after the last value; nothing: no shape
};

}  // namespace bikeflow
