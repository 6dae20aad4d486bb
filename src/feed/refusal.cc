#include "feed/refusal.h"

#include <fmt/core.h>

#include "feed/record.h"
#include "feed/utf8.h"

namespace bikeflow {
namespace {

constexpr std::size_t kMostShown = 40;

std::string byte_name(char byte) {
  return fmt::format("byte 0x{:02X}", static_cast<unsigned char>(byte));
}

// "'x'", "byte 0x00" or "the end".
std::string found_at(std::string_view record, std::size_t byte) {
  if (byte >= record.size()) return "the end";
  const char found = record[byte];
  if (found > ' ' && found < 0x7F) return fmt::format("'{}'", found);
  if (found == ' ') return "a space";
  const std::size_t size = utf8_prefix(record.substr(byte, 4));
  if (static_cast<unsigned char>(found) < 0x80 || size == 0) return byte_name(found);
  return fmt::format("'{}'", shown(record.substr(byte, size)));
}

}  // namespace

std::string shown(std::string_view value) {
  std::string text;
  std::size_t characters = 0;
  for (std::size_t i = 0; i < value.size(); ++characters) {
    if (characters == kMostShown) return text + "...";
    const auto byte = static_cast<unsigned char>(value[i]);
    std::size_t size = 1;
    if (byte >= 0x80) {
      // The first character of valid text is found within four bytes.
      while (size < 4 && size < value.size() - i && utf8_prefix(value.substr(i, size)) == 0) ++size;
      if (utf8_prefix(value.substr(i, size)) == 0) size = 1;
    }
    if (byte < 0x20 || byte == 0x7F || (byte >= 0x80 && size == 1)) {
      text += fmt::format("\\x{:02X}", byte);
    } else {
      text += value.substr(i, size);
    }
    i += size;
  }
  return text;
}

Refusal missing_field(Reason reason, std::string_view names) {
  return {reason, fmt::format("no {}", names), std::nullopt};
}

Refusal bad_field(Reason reason, std::string_view name, std::string_view value, bool is_quoted,
                  std::string_view expected) {
  const std::string_view quote = is_quoted ? "\"" : "";
  return {reason,
          fmt::format("{}: found {}{}{}, expected {}", shown(name), quote, shown(value), quote,
                      expected),
          std::nullopt};
}

Refusal malformed(Reason reason, std::string_view record, std::size_t byte,
                  std::string_view expected) {
  return {reason, fmt::format("expected {}, found {}", expected, found_at(record, byte)),
          static_cast<std::int64_t>(byte)};
}

Refusal not_utf8(std::string_view record) {
  const std::size_t byte = utf8_prefix(record);
  return {Reason::kNotUtf8, fmt::format("{} is not UTF-8 here", byte_name(record[byte])),
          static_cast<std::int64_t>(byte)};
}

Refusal too_large() {
  return {Reason::kTooLarge, fmt::format("longer than {} bytes", kMaxRecordBytes),
          static_cast<std::int64_t>(kMaxRecordBytes)};
}

}  // namespace bikeflow
