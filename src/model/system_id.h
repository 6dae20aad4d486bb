// What a system is called in folders, settings and options.
//
// Threads: functions of their arguments only.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bikeflow {

inline constexpr std::size_t kMostSystemIdBytes = 64;
inline constexpr std::string_view kSystemIdForm = "letters, digits, '-', '_' and '.' (64 at most)";

// Whether it has that form; a '.' is not the first.
bool is_system_id(std::string_view id);

// A name of somebody else's as such an id: whatever is none of the letters becomes one '-'.
// "TST:System:Test" gives "TST-System-Test". Empty where nothing is left.
std::string system_id_from(std::string_view name);

}  // namespace bikeflow
