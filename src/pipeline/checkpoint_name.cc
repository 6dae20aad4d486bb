#include "pipeline/checkpoint_name.h"

#include <charconv>

#include <fmt/core.h>

#include "base/hash.h"

namespace bikeflow {
namespace {

std::optional<std::uint64_t> parse_number(std::string_view digits) {
  std::uint64_t number = 0;
  const char* const end = digits.end();
  const auto parsed = std::from_chars(digits.begin(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return number;
}

}  // namespace

std::string checkpoint_name(std::uint64_t sequence, std::uint64_t random) {
  return fmt::format("{}-{}", sequence, format_hex(random));
}

std::optional<std::uint64_t> checkpoint_sequence(std::string_view name) {
  const std::size_t dash = name.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto sequence = parse_number(name.substr(0, dash));
  const auto random = parse_hex(name.substr(dash + 1));
  // Written again it must be the same: no leading zeros.
  if (!sequence || !random || checkpoint_name(*sequence, *random) != name) return std::nullopt;
  return sequence;
}

}  // namespace bikeflow
