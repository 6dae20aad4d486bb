// Whether bytes are UTF-8, and where they are not.
#pragma once

#include <cstddef>
#include <string_view>

namespace bikeflow {

// As Unicode defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

// Whether the characters of `text` that begin in its part [from, to) are UTF-8. It may find more
// that is wrong in `text`, and say no for that. Several times as fast as is_utf8() for a name of
// some dozen bytes. Requires: `from` and `to` are where characters begin if all of `text` is UTF-8.
bool is_utf8_between(std::string_view text, const char* from, const char* to);

// How many bytes from the front of `text` are whole, valid characters: its size where is_utf8().
std::size_t utf8_prefix(std::string_view text);

}  // namespace bikeflow
