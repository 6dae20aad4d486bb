// Sensors that flap: at some stations, on some nights, a bike is seen, not seen and seen again, at
// a beat of five minutes whose phase is the station's own. No bike moves; only what the feed shows
// does.
//
// The figures follow recordings of a real feed from July to September 2013: 41 % of such changes
// are undone at the next beat, the others later; they stack (7, 8, 9 bikes); one station-night in
// ten has most of them.
//
// Threads: none; one owner.
#pragma once

#include <cstdint>
#include <vector>

#include "base/zone.h"
#include "sim/agenda.h"
#include "sim/rng.h"
#include "sim/stock.h"

namespace bikeflow {

class Sensors final : public Actor {
 public:
  // Requires: all references live longer.
  Sensors(const City& city, const Zone& zone, Stock& stock, Agenda& agenda, Rng rng);

  void begin(Seconds start);  // a start in the night finds sensors flapping
  void act(const Errand& errand) override;

  static constexpr Seconds kBeat = 5 * kMinute;
  static constexpr double kFaultyStations = 0.25;
  static constexpr double kNightsThatFlap = 0.4;  // of a faulty station
  static constexpr double kDaysThatFlap = 0.5;    // for a few beats

 private:
  enum What : std::uint8_t { kPlanDay, kBeatNow };

  struct Sensor {
    StationIndex station = 0;
    Seconds phase = 0;  // beats are at times of this remainder to kBeat
    Seconds until = 0;  // it flaps up to here
  };

  void plan_day(Seconds evening, Seconds not_before);
  void plan_episode(std::uint32_t number, Seconds begin, Seconds end);
  void beat(const Errand& errand);

  const Zone& zone_;
  Stock& stock_;
  Agenda& agenda_;
  Rng rng_;
  std::vector<Sensor> sensors_;  // the faulty ones
};

}  // namespace bikeflow
