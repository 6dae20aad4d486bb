// A fast 64-bit hash of bytes (XXH3), the same on every machine and in every version: it is stored.
//
// It finds damage and mix-ups; it does not keep anybody from making two inputs with one hash.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bikeflow {

std::uint64_t hash64(std::string_view bytes);

// 16 lower-case hexadecimal digits, and back; nothing for any other text.
std::string format_hex(std::uint64_t value);
std::optional<std::uint64_t> parse_hex(std::string_view text);

}  // namespace bikeflow
