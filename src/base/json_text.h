// Text as JSON writes it.
#pragma once

#include <string>
#include <string_view>

namespace bikeflow {

// `text` between quotation marks, with JSON's escapes; a byte that is not UTF-8 becomes U+FFFD.
std::string json_string(std::string_view text);

}  // namespace bikeflow
