// The description of the API: src/api/openapi.json, as it is in the program.
#pragma once

#include <string_view>

namespace bikeflow {

std::string_view openapi_json();

}  // namespace bikeflow
