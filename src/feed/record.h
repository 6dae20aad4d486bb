// One recorded observation from text: what the decoders of this folder share.
#pragma once

#include <cstddef>
#include <expected>
#include <string_view>

#include "model/dead_letter.h"
#include "model/observation.h"

namespace bikeflow {

// A record that is too long or nested too deep is refused before it costs memory or stack.
inline constexpr std::size_t kMaxRecordBytes = std::size_t{1} << 20;
inline constexpr int kMaxRecordDepth = 32;

using Decoded = std::expected<Observation, Refusal>;

// One record as a framer cut it from a stream of bytes; a view of the bytes that it was cut from.
struct Frame {
  std::string_view record;  // without its line end; where it is too large, its first bytes only
  bool is_too_large = false;
};

// The refusal of a record that is longer than kMaxRecordBytes.
Refusal too_large();

}  // namespace bikeflow
