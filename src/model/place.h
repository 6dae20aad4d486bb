// Where something is.
#pragma once

namespace bikeflow {

struct Place {
  double latitude = 0, longitude = 0;  // degrees, WGS 84
  friend bool operator==(const Place&, const Place&) = default;
};

}  // namespace bikeflow
