// Which stations are near which, with their distances.
//
// Threads: immutable after construction; share freely.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/batch.h"
#include "sim/city.h"

namespace bikeflow {

struct Neighbour {
  std::uint16_t station;
  std::uint16_t metres;
};

class Nearby {
 public:
  // Requires: at most 65,535 stations; a radius of at most 65 km.
  Nearby(const City& city, double radius_km);

  // The other stations within the radius, the nearest first. Symmetric.
  [[nodiscard]] std::span<const Neighbour> of(StationIndex station) const {
    return std::span(neighbours_).subspan(begin_[station], begin_[station + 1] - begin_[station]);
  }
  // Where of(station) begins in an array that runs beside those of all stations.
  [[nodiscard]] std::size_t offset(StationIndex station) const { return begin_[station]; }
  [[nodiscard]] std::size_t size() const { return neighbours_.size(); }

 private:
  std::vector<Neighbour> neighbours_;
  std::vector<std::uint32_t> begin_;  // by station, and one more: the end
};

}  // namespace bikeflow
