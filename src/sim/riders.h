// Riders of Seoul: from a wish to a ride. Who finds no bike walks on to a near station that has
// one, or gives up; who finds no free rack leaves the bike anyway (Seoul's locks allow it, so that
// a station can be more than full), or rides on to a near station.
//
// Threads: none; one owner.
#pragma once

#include <cstdint>

#include "sim/agenda.h"
#include "sim/demand.h"
#include "sim/stock.h"

namespace bikeflow {

struct RiderCounts {
  std::int64_t wishes = 0;
  std::int64_t rides = 0;
  std::int64_t walked_on = 0;  // found no bike, and went to another station
  std::int64_t gave_up = 0;    // rides + gave_up + those still walking = wishes
  std::int64_t over_full = 0;  // bikes left at a full station
  std::int64_t rode_on = 0;    // found it full, and rode to another
};

class Riders final : public Actor {
 public:
  // Requires: all references live longer.
  Riders(const City& city, const Nearby& nearby, Demand demand, Stock& stock, Agenda& agenda,
         Rng rng);

  void begin();  // puts the first wish on the agenda
  void act(const Errand& errand) override;
  [[nodiscard]] const RiderCounts& counts() const { return counts_; }

 private:
  enum What : std::uint8_t { kWish, kReachBike, kReachRack };

  void plan_next_wish();
  void seek_bike(const Errand& errand);
  void seek_rack(const Errand& errand);
  void ride(const Errand& errand, StationIndex from, Seconds ride_s);
  [[nodiscard]] Seconds draw_ride_s(StationIndex from, StationIndex to);

  const City& city_;
  const Nearby& nearby_;
  Demand demand_;
  Stock& stock_;
  Agenda& agenda_;
  Rng rng_;
  RiderCounts counts_;
};

}  // namespace bikeflow
