// The system's time-zone data, as files. The one place outside the shell that opens files: like the
// C library's, these data are a part of the system, and never written here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bikeflow {

inline constexpr std::string_view kZoneFolder = "/usr/share/zoneinfo/";

// The bytes of a zone's file; nothing where there is none.
// Requires: a name of letters, digits and "/_-+" that does not begin with '/'.
std::optional<std::string> read_zone_file(std::string_view name);

// All names that have a file, ascending; empty where the system has no zone data.
std::vector<std::string> zone_names();

}  // namespace bikeflow
