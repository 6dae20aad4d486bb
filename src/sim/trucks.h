// Trucks that move bikes at night, from stations with too many to stations with too few. Bikes are
// lifted one at a time, half a minute apart, or (a scan of the whole load) all in the same second:
// in recordings both are seen, and the first looks much like riders.
//
// Threads: none; one owner.
#pragma once

#include <cstdint>
#include <vector>

#include "base/zone.h"
#include "sim/agenda.h"
#include "sim/nearby.h"
#include "sim/rng.h"
#include "sim/stock.h"

namespace bikeflow {

class Trucks final : public Actor {
 public:
  // Requires: all references live longer.
  Trucks(const City& city, const Zone& zone, const Nearby& nearby, Stock& stock, Agenda& agenda,
         Rng rng);

  void begin(Seconds start);  // a start in the night finds the trucks at work
  void act(const Errand& errand) override;

 private:
  enum What : std::uint8_t { kStartShift, kChooseStop, kLoadOne, kUnloadOne };

  struct Truck {
    StationIndex at = 0;
    Seconds shift_end = 0;
    int wanted = 0;  // bikes still to load or to unload at this stop
    bool one_by_one = true;
    std::vector<std::uint32_t> load;  // trip numbers
  };

  void start_shift(const Errand& errand);
  void choose_stop(const Errand& errand);
  void handle_one(const Errand& errand);
  void drive(std::uint32_t number, StationIndex to, Seconds from_time, What what, int bikes);
  [[nodiscard]] int surplus(StationIndex station) const;
  [[nodiscard]] int need(StationIndex station) const;
  template <class Score>
  StationIndex best_near(StationIndex station, Score score);

  const City& city_;
  const Zone& zone_;
  const Nearby& nearby_;
  Stock& stock_;
  Agenda& agenda_;
  Rng rng_;
  std::vector<Truck> trucks_;
};

}  // namespace bikeflow
