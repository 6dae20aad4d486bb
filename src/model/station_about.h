// What a feed says of a station besides its counts.
#pragma once

#include <optional>
#include <string>

#include "model/place.h"

namespace bikeflow {

struct StationAbout {
  std::string name{};            // as the feed has it; empty: unknown
  std::optional<Place> place{};  // unknown without
  std::optional<bool> is_renting{}, is_returning{};
  friend bool operator==(const StationAbout&, const StationAbout&) = default;
};

}  // namespace bikeflow
