// The Bay Area: real trips happen as they were published, and trucks see to it that they can.
//
// Threads: none; one owner.
#pragma once

#include <cstdint>
#include <vector>

#include "base/zone.h"
#include "sim/agenda.h"
#include "sim/replay_plan.h"
#include "sim/rng.h"
#include "sim/stock.h"
#include "sim/timetable.h"

namespace bikeflow {

class Replay final : public Actor {
 public:
  // Requires: all references live longer.
  Replay(const City& city, const Zone& zone, const Timetable& timetable, Stock& stock,
         Agenda& agenda, Rng rng);

  // Trips that began before `start` are left out: every bike is parked at first.
  void begin(Seconds start);
  void act(const Errand& errand) override;

  // Published trips left out because no truck could bring a bike. Each is one that the truth lacks,
  // too.
  [[nodiscard]] std::int64_t left_out() const { return left_out_; }

 private:
  enum What : std::uint8_t { kPlanDay, kDepart, kArrive, kLift, kDrop };

  void plan_day(Seconds midnight, Seconds from);
  void leave(const Errand& errand, Cause cause, What then);

  const City& city_;
  const Zone& zone_;
  const Timetable& timetable_;
  Stock& stock_;
  Agenda& agenda_;
  Rng rng_;
  std::int64_t left_out_ = 0;
  std::vector<TimedChange> expected_;  // arrivals of what is under way
};

// Bikes by station for a replay that begins at `start`.
std::vector<std::int16_t> first_bikes(const City& city, const Zone& zone,
                                      const Timetable& timetable, Seconds start);

}  // namespace bikeflow
