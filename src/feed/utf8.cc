#include "feed/utf8.h"

#include <algorithm>

#include <simdjson.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace bikeflow {
namespace {

// Bytes of the character at the front of `text`; 0 where there is no valid one. (Unicode, table
// 3-7.)
std::size_t character_size(std::string_view text) {
  const auto byte = [text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto is_continuation = [byte](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4 || !is_continuation(1)) return 0;
  if (lead < 0xE0) return 2;
  const unsigned second = byte(1);
  if (!is_continuation(2)) return 0;
  if (lead < 0xF0) {
    const bool is_overlong = lead == 0xE0 && second < 0xA0;
    const bool is_surrogate = lead == 0xED && second >= 0xA0;
    return is_overlong || is_surrogate ? 0 : 3;
  }
  const bool is_overlong = lead == 0xF0 && second < 0x90;
  const bool is_beyond_unicode = lead == 0xF4 && second >= 0x90;
  return !is_continuation(3) || is_overlong || is_beyond_unicode ? 0 : 4;
}

}  // namespace

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

#if defined(__SSE2__)

// A byte is right where it continues a character exactly if one of the bytes before it says so.
// That is checked for 16 bytes at once, up to the byte after the part, which must not continue
// anything. What takes more than this rule (overlong forms, four bytes) is left to is_utf8().
bool is_utf8_between(std::string_view text, const char* from, const char* to) {
  constexpr std::ptrdiff_t kBlock = 16;
  const char* const last_block = text.data() + text.size() - kBlock;
  if (last_block - text.data() < 2 || from - text.data() < 2 || to == text.data() + text.size()) {
    return is_utf8({from, static_cast<std::size_t>(to - from)});
  }
  const auto load = [](const char* at) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  };
  const auto all = [](int byte) { return _mm_set1_epi8(static_cast<char>(byte)); };
  __m128i wrong = _mm_setzero_si128();
  __m128i rare = _mm_setzero_si128();
  for (const char* block = from; block <= to; block += kBlock) {
    block = std::min(block, last_block);
    const __m128i bytes = load(block);
    const __m128i before = load(block - 1);
    const __m128i before_that = load(block - 2);
    // Not zero: leads two bytes or more (C0 and above); three or more (E0 and above).
    const __m128i leads =
        _mm_or_si128(_mm_subs_epu8(before, all(0xBF)), _mm_subs_epu8(before_that, all(0xDF)));
    const __m128i must_not_continue = _mm_cmpeq_epi8(leads, _mm_setzero_si128());
    const __m128i continues =
        _mm_cmplt_epi8(bytes, all(0xC0));  // 80 to BF are the lowest if signed
    wrong = _mm_or_si128(wrong, _mm_cmpeq_epi8(must_not_continue, continues));
    // ED, then A0 or above: a surrogate.
    wrong = _mm_or_si128(
        wrong, _mm_and_si128(_mm_cmpeq_epi8(before, all(0xED)), _mm_cmpgt_epi8(bytes, all(0x9F))));
    const __m128i is_c0_or_c1 = _mm_cmpeq_epi8(_mm_and_si128(bytes, all(0xFE)), all(0xC0));
    rare = _mm_or_si128(rare, _mm_or_si128(is_c0_or_c1, _mm_cmpeq_epi8(bytes, all(0xE0))));
    rare = _mm_or_si128(rare, _mm_subs_epu8(bytes, all(0xEF)));
  }
  const auto any = [](__m128i bytes) {
    return _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_setzero_si128())) != 0xFFFF;
  };
  if (any(rare)) return is_utf8({from, static_cast<std::size_t>(to - from)});
  return !any(wrong);
}

#else

bool is_utf8_between(std::string_view, const char* from, const char* to) {
  return is_utf8({from, static_cast<std::size_t>(to - from)});
}

#endif

std::size_t utf8_prefix(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const std::size_t size = character_size(text.substr(i));
    if (size == 0) break;
    i += size;
  }
  return i;
}

}  // namespace bikeflow
