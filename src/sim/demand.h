// When, where and whither people of Seoul wish to ride: invented, but with the shape of the
// published totals (some 50 rentals per station and day, peaks at 8 and 18 on working days, an
// afternoon's hill at weekends, little at night; half of the rides take less than about ten
// minutes).
//
// Three purposes: to work (also: to the underground), back from it, and all other. A wish from o to
// d of a purpose has the weight  origin(o) * target(d) * near(distance);  "back from work" swaps
// the two weights, so that a station gets back over the day what the morning took.
//
// Threads: none; one owner.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/zone.h"
#include "sim/city.h"
#include "sim/nearby.h"
#include "sim/rng.h"

namespace bikeflow {

struct Wish {
  Seconds at = 0;
  StationIndex from = 0;
  StationIndex to = 0;
  bool round_trip = false;  // to the same station, for the ride's sake
};

class Demand {
 public:
  // Requires: `city`, `zone` and `nearby` live longer.
  Demand(const City& city, const Zone& zone, const Nearby& nearby, Seconds start, Rng rng);

  // The next wish in the order of time, without end.
  Wish next();

 private:
  static constexpr std::size_t kPurposes = 3;
  struct Purpose {
    std::vector<float> target;         // weight by station, at most 1
    std::vector<double> origin_until;  // running sums of origin weights by station
  };

  void build_weights();
  void set_slot();
  std::size_t draw_purpose();
  StationIndex draw_origin(const Purpose& purpose);
  StationIndex draw_target(const Purpose& purpose, StationIndex from);
  StationIndex draw_far_target(const Purpose& purpose, StationIndex from);

  const City& city_;
  const Zone& zone_;
  const Nearby& nearby_;
  Rng rng_;
  std::array<Purpose, kPurposes> purposes_;
  std::vector<float> near_until_;  // running sums of near(distance) beside each list of nearby_

  // Rates are constant within a slot of five minutes.
  double now_ = 0;  // seconds since start_
  Seconds start_ = 0;
  Seconds slot_end_ = 0;                           // seconds since start_
  std::array<double, kPurposes> rate_per_s_ = {};  // of the slot
};

}  // namespace bikeflow
