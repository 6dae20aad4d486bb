// A value that never reaches a message, a log or a page: however it is formatted, it shows "***".
// And which names are of such values.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace bikeflow {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}

  // For the one who uses it; not for formatting.
  [[nodiscard]] const std::string& reveal() const { return value_; }
  [[nodiscard]] bool is_empty() const { return value_.empty(); }

  // What a test prints of it.
  template <class Stream>
  friend Stream& operator<<(Stream& stream, const Secret&) {
    stream << "***";
    return stream;
  }

 private:
  std::string value_;
};

// key, api_key, token, password, Authorization, ...: where it is a key's name, its value is not for
// other eyes. Not of NAME_file, which says where it is.
inline bool names_secret(std::string_view key) {
  std::string lower;
  for (const char c : key) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  constexpr std::array<std::string_view, 8> words = {"key", "token", "secret", "passw",
                                                     "credential", "auth",
                                                     // Tables of what a feed wants to be sent.
                                                     "headers", "parameters"};
  if (lower.ends_with("_file")) return false;  // where it is, not what
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

}  // namespace bikeflow

template <>
struct fmt::formatter<bikeflow::Secret> : fmt::formatter<fmt::string_view> {
  template <class Context>
  auto format(const bikeflow::Secret&, Context& context) const {
    return fmt::formatter<fmt::string_view>::format("***", context);
  }
};
