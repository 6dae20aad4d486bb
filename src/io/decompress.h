// gzip (RFC 1952) and Zstandard (RFC 8878) as streams: several members or frames one after another
// are one stream, as their own tools read it.
//
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace bikeflow {

class Decompressor {
 public:
  virtual ~Decompressor() = default;

  struct Step {
    std::size_t consumed = 0;
    std::size_t produced = 0;
    std::optional<std::string> damage;  // what is wrong with the input after `consumed` bytes
  };
  // Goes on until the input is used up or the room is filled. Requires: no damage before.
  virtual Step step(std::span<const char> input, std::span<char> room) = 0;

  // Whether the input may end here: after a member or frame, not inside one.
  [[nodiscard]] virtual bool may_end() const = 0;

  [[nodiscard]] virtual std::string_view name() const = 0;  // "gzip"
};

// The one for what begins so; null where that is not compressed. Error: the name of a compression
// that is not read, such as "xz".
std::expected<std::unique_ptr<Decompressor>, std::string> decompressor_for(std::string_view head);

// So many first bytes settle it.
inline constexpr std::size_t kCompressionHeadBytes = 6;

}  // namespace bikeflow
