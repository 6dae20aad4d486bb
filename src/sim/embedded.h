// The files of examples/ that are inside the program.
#pragma once

#include <string>
#include <string_view>

namespace bikeflow {

std::string_view seoul_stations_csv();
std::string_view bayarea_stations_csv();
std::string bayarea_trips_csv();  // unpacked now

}  // namespace bikeflow
