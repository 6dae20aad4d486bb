// The program's version, as CMakeLists.txt has it.
#pragma once

#include <string_view>

namespace bikeflow {

std::string_view program_version();  // "0.1.0"

}  // namespace bikeflow
