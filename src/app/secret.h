// A value that never reaches a message, a log or a page: however it is formatted, it shows "***".
#pragma once

#include <string>
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

}  // namespace bikeflow

template <>
struct fmt::formatter<bikeflow::Secret> : fmt::formatter<fmt::string_view> {
  template <class Context>
  auto format(const bikeflow::Secret&, Context& context) const {
    return fmt::formatter<fmt::string_view>::format("***", context);
  }
};
