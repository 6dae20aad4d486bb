// Where a token of JSON ends: the inner loops of the decoder.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace bikeflow {

// The first byte from some place on that ends or interrupts a JSON string: '"', '\', or a control
// character; or the end of the text. And whether there may be bytes before it that are not ASCII.
struct StringStop {
  const char* at;
  bool may_have_non_ascii;
};

inline StringStop find_string_stop_portable(const char* from, const char* end) {
  bool may_have_non_ascii = false;
  for (; from < end; ++from) {
    const auto byte = static_cast<unsigned char>(*from);
    if (byte < 0x20 || byte == '"' || byte == '\\') break;
    may_have_non_ascii |= byte >= 0x80;
  }
  return {from, may_have_non_ascii};
}

#if defined(__SSE2__)

// A bit for each of 16 bytes: what stops a string, and what is not ASCII.
struct StringBits {
  unsigned stops;
  unsigned non_ascii;
};

inline StringBits look_at_string(const char* block) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block));
  const __m128i quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  const __m128i backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  const __m128i controls = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
  const __m128i stops = _mm_or_si128(_mm_or_si128(quotes, backslashes), controls);
  return {static_cast<unsigned>(_mm_movemask_epi8(stops)),
          static_cast<unsigned>(_mm_movemask_epi8(bytes))};
}

// find_string_stop() beyond the first block.
inline StringStop find_string_stop_beyond(const char* text, const char* from, const char* end,
                                          unsigned non_ascii) {
  constexpr std::ptrdiff_t kBlock = 16;
  for (; end - from >= kBlock; from += kBlock) {
    const StringBits bits = look_at_string(from);
    non_ascii |= bits.non_ascii;
    if (bits.stops != 0) return {from + std::countr_zero(bits.stops), non_ascii != 0};
  }
  const std::ptrdiff_t left = end - from;
  if (end - text < kBlock || left == 0) {
    const StringStop stop = find_string_stop_portable(from, end);
    return {stop.at, stop.may_have_non_ascii || non_ascii != 0};
  }
  // The last block is read so that it ends with the text, and shifted into place.
  const StringBits bits = look_at_string(end - kBlock);
  const unsigned stops = bits.stops >> (kBlock - left);
  non_ascii |= bits.non_ascii;
  return {stops != 0 ? from + std::countr_zero(stops) : end, non_ascii != 0};
}

// Requires: text <= from <= end; `text` is where the readable bytes begin.
[[gnu::always_inline]] inline StringStop find_string_stop(const char* text, const char* from,
                                                          const char* end) {
  if (end - from < 16) return find_string_stop_beyond(text, from, end, 0);
  const StringBits bits = look_at_string(from);
  if (bits.stops == 0) return find_string_stop_beyond(text, from + 16, end, bits.non_ascii);
  return {from + std::countr_zero(bits.stops), bits.non_ascii != 0};
}

#else

inline StringStop find_string_stop(const char*, const char* from, const char* end) {
  return find_string_stop_portable(from, end);
}

#endif

// Where the number at `from` ends, or where it breaks the grammar.
struct NumberEnd {
  const char* at;
  bool is_number;
};

inline NumberEnd find_number_end(const char* from, const char* end) {
  const auto is_digit = [&] { return from < end && *from >= '0' && *from <= '9'; };
  const auto is_one_of = [&](char a, char b) { return from < end && (*from == a || *from == b); };
  if (is_one_of('-', '-')) ++from;
  if (!is_digit()) return {from, false};
  // A zero ends the whole part: what follows it is then not a digit but whatever it is.
  for (const bool is_zero = *from++ == '0'; !is_zero && is_digit();) ++from;
  if (is_one_of('.', '.')) {
    ++from;
    if (!is_digit()) return {from, false};
    while (is_digit()) ++from;
  }
  if (is_one_of('e', 'E')) {
    ++from;
    if (is_one_of('+', '-')) ++from;
    if (!is_digit()) return {from, false};
    while (is_digit()) ++from;
  }
  return {from, true};
}

}  // namespace bikeflow
