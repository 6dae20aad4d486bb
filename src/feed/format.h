// What an input is, by its first bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bikeflow {

enum class Format : std::uint8_t { kUnknown, kNdjson, kCsv, kParquet, kGzip, kZstd };

// So many bytes from the front (or all, of a smaller input) are enough to tell.
inline constexpr std::size_t kSniffBytes = 512;

// Text that does not begin with '{' is taken as CSV: its header, or the lack of one, says more. A
// name that ends in .ndjson or .csv should go before this, as a first line may be damaged.
Format sniff_format(std::string_view first_bytes);

// Of the byte order mark with which text may begin, and which is none of it: 3, or 0 where there is
// none.
std::size_t byte_order_mark_size(std::string_view first_bytes);

// What an input of an unknown format seems to be, for the message that refuses it: "UTF-16 text;
// save it as UTF-8", "a JSON array; write one object a line", "XML", ...
std::string_view describe_unknown(std::string_view first_bytes);

}  // namespace bikeflow
