// The name of a checkpoint: "<sequence>-<16 hex digits>". A sequence is the predecessor's + 1; two
// checkpoints of one sequence, one of which was never committed, differ by the digits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bikeflow {

std::string checkpoint_name(std::uint64_t sequence, std::uint64_t random);

// Nothing where it is no such name.
std::optional<std::uint64_t> checkpoint_sequence(std::string_view name);

// Checkpoints this many sequences below the committed one, or more, are deleted; no others.
inline constexpr std::uint64_t kKeptSequences = 3;

}  // namespace bikeflow
