#include "base/bytes.h"

#include <array>
#include <bit>

namespace bikeflow {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they lie");

template <class Unsigned>
void Writer::fixed(Unsigned value) {
  const auto bytes = std::bit_cast<std::array<char, sizeof(Unsigned)>>(value);
  bytes_.append(bytes.data(), bytes.size());
}
template void Writer::fixed(std::uint32_t);
template void Writer::fixed(std::uint64_t);

void Writer::varint(std::uint64_t value) {
  while (value >= 0x80) {
    u8(static_cast<std::uint8_t>(value | 0x80));
    value >>= 7;
  }
  u8(static_cast<std::uint8_t>(value));
}

void Writer::zigzag(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  varint(bits << 1 ^ (value < 0 ? ~std::uint64_t{0} : 0));
}

void Writer::string(std::string_view value) {
  varint(value.size());
  bytes_.append(value);
}

template <class Unsigned>
Unsigned Reader::fixed() {
  Unsigned value = 0;
  if (rest_.size() < sizeof(Unsigned)) {
    set_failed();
    return value;
  }
  rest_.copy(reinterpret_cast<char*>(&value), sizeof(Unsigned));
  rest_.remove_prefix(sizeof(Unsigned));
  return value;
}
template std::uint8_t Reader::fixed();
template std::uint32_t Reader::fixed();
template std::uint64_t Reader::fixed();

std::uint64_t Reader::varint() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const std::uint8_t byte = u8();
    const std::uint64_t bits = byte & 0x7f;
    if (shift == 63 && byte > 1) break;  // a 65th bit
    value |= bits << shift;
    if (byte < 0x80) return value;  // here too where the input has ended
  }
  set_failed();
  return 0;
}

std::int64_t Reader::zigzag() {
  const std::uint64_t bits = varint();
  return static_cast<std::int64_t>(bits >> 1 ^ ((bits & 1) != 0 ? ~std::uint64_t{0} : 0));
}

std::string_view Reader::string() { return raw(varint()); }

std::string_view Reader::raw(std::size_t size_bytes) {
  if (rest_.size() < size_bytes) {
    set_failed();
    return {};
  }
  const std::string_view value = rest_.substr(0, size_bytes);
  rest_.remove_prefix(size_bytes);
  return value;
}

void Reader::set_failed() {
  ok_ = false;
  rest_ = {};
}

}  // namespace bikeflow
