// Numbers and strings as bytes: little-endian, without padding; the same bytes on every machine.
//
//   varint  7 bits a byte, the lowest first; the top bit says that another byte follows; at most 10
//   zigzag  a signed number as the varint 0, 1, 2, 3, ... of 0, -1, 1, -2, ...
//   string  its size as varint, then its bytes
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bikeflow {

// Appends to a buffer of its own.
class Writer {
 public:
  void u8(std::uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void u32(std::uint32_t value) { fixed(value); }
  void u64(std::uint64_t value) { fixed(value); }
  void i64(std::int64_t value) { fixed(static_cast<std::uint64_t>(value)); }
  void varint(std::uint64_t value);
  void zigzag(std::int64_t value);
  void string(std::string_view value);
  void raw(std::string_view value) { bytes_.append(value); }

  void reserve(std::size_t size_bytes) { bytes_.reserve(size_bytes); }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  template <class Unsigned>
  void fixed(Unsigned value);

  std::string bytes_;
};

// Reads what a Writer wrote. Input that ends too early or cannot be right puts it into the failed
// state, in which every read gives 0 or an empty string: read everything, then look at ok() once.
// Before a count read from the input sizes anything, compare it with left().
//
// Requires: the bytes outlive the reader and the views that it gives.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes), size_(bytes.size()) {}

  std::uint8_t u8() { return fixed<std::uint8_t>(); }
  std::uint32_t u32() { return fixed<std::uint32_t>(); }
  std::uint64_t u64() { return fixed<std::uint64_t>(); }
  std::int64_t i64() { return static_cast<std::int64_t>(fixed<std::uint64_t>()); }
  std::uint64_t varint();
  std::int64_t zigzag();
  std::string_view string();
  std::string_view raw(std::size_t size_bytes);

  // For what only the caller can see to be wrong.
  void set_failed();

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return ok_ && rest_.empty(); }
  [[nodiscard]] std::size_t left() const { return rest_.size(); }
  [[nodiscard]] std::size_t position() const { return size_ - rest_.size(); }

 private:
  template <class Unsigned>
  Unsigned fixed();

  std::string_view rest_;  // empty once failed
  std::size_t size_;
  bool ok_ = true;
};

}  // namespace bikeflow
