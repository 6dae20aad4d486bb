// The words of refusals: what a person reads in a dead letter. None of this is on the way of a good
// record.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "model/dead_letter.h"

namespace bikeflow {

// A value as a message shows it: at most 40 characters of it, whatever is not printable escaped.
std::string shown(std::string_view value);

Refusal missing_field(Reason reason, std::string_view names);
Refusal bad_field(Reason reason, std::string_view name, std::string_view value, bool is_quoted,
                  std::string_view expected);

// What is expected of a station id and of a count, in all formats.
inline constexpr std::string_view kStationIdForm = "1 to 128 bytes without control characters";
inline constexpr std::string_view kCountForm = "a whole number from 0 to 10000";

// A malformed record: what was expected at `byte`, and what is there instead.
Refusal malformed(Reason reason, std::string_view record, std::size_t byte,
                  std::string_view expected);

// Requires: not is_utf8(record).
Refusal not_utf8(std::string_view record);

}  // namespace bikeflow
