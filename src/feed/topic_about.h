// What a record of the topic, or of a file, says of its station besides what rows are made of. Read
// of few records only, so it is the record that is simple here and not the reading.
#pragma once

#include <optional>
#include <string_view>

#include "model/station_about.h"

namespace bikeflow {

// Of stationName or name, stationLatitude or lat, stationLongitude or lon, as text or as numbers.
// Nothing where it is no JSON object. A place at 0, 0 or off the globe is none.
std::optional<StationAbout> topic_about(std::string_view record);

}  // namespace bikeflow
