// The known name that a wrong one was probably meant to be.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace bikeflow {

// The candidate with the fewest edits from `name` (an edit inserts, deletes or replaces a
// character, or swaps two neighbours; case does not count), where they are few for its length: at
// most one in three characters, rounded up. The first of equals.
std::optional<std::string_view> nearest_name(std::string_view name,
                                             std::span<const std::string_view> candidates);

// "; did you mean 'length'?", or nothing: the end of a message about an unknown name.
std::string did_you_mean(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace bikeflow
