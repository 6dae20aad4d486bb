// The city's bikes: what stands at each station and what the feed would show of it. Bikes are never
// made or lost: each is at a station, under way with a rider, on a truck, or unseen by a faulty
// sensor.
//
// Threads: none; one owner.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "model/batch.h"
#include "model/observation.h"
#include "sim/city.h"

namespace bikeflow {

// Why a count changes. Trucks and sensors are what makes counts differ from trips.
enum class Cause : std::uint8_t { kRider, kTruck, kSensor };
inline constexpr std::size_t kCauseCount = 3;

// One bike joins (+1) or leaves (-1) what a station shows. A trip is two of these: the bike leaves
// one station and joins another (a sensor's bike: the same one).
struct CityEvent {
  Seconds at = 0;
  StationIndex station = 0;
  std::uint32_t trip = 0;  // counts from 1 in the order of departures, of all causes together
  std::int8_t change = 0;
  Cause cause = Cause::kRider;
  friend bool operator==(const CityEvent&, const CityEvent&) = default;
};

class Stock {
 public:
  // Requires: bikes of every station of the city, none negative.
  Stock(const City& city, const std::vector<std::int16_t>& bikes);

  [[nodiscard]] const std::vector<Counts>& shown() const { return shown_; }
  [[nodiscard]] int bikes(StationIndex station) const { return shown_[station].bikes; }
  [[nodiscard]] int racks(StationIndex station) const { return shown_[station].racks; }
  [[nodiscard]] int hidden(StationIndex station) const {
    return static_cast<int>(hidden_[station].size());
  }
  // At least one bike stands there, seen or unseen.
  [[nodiscard]] bool can_take(StationIndex station) const {
    return bikes(station) + hidden(station) > 0;
  }

  // A rider or a truck takes a bike, and gets the number of the trip. Where only unseen bikes
  // stand, the sensor first sees one again. Requires: can_take().
  std::uint32_t take(StationIndex station, Seconds at, Cause cause);
  void put(StationIndex station, Seconds at, Cause cause, std::uint32_t trip);

  // A sensor no longer sees a bike, and sees it again. Requires: a bike that is seen, or unseen.
  void hide(StationIndex station, Seconds at);
  void reveal(StationIndex station, Seconds at);

  // Seen, under way and unseen together: the same number for ever.
  [[nodiscard]] std::int64_t fleet() const;
  [[nodiscard]] std::int64_t away(Cause cause) const {
    return away_[static_cast<std::size_t>(cause)];
  }

  // What happened since clear_events(), in time order.
  [[nodiscard]] const std::vector<CityEvent>& events() const { return events_; }
  void clear_events() { events_.clear(); }

 private:
  void change(StationIndex station, Seconds at, Cause cause, std::uint32_t trip, int by);

  std::vector<Counts> shown_;  // by station
  std::vector<std::vector<std::uint32_t>>
      hidden_;                                    // by station: the sensor's "trips" that are open
  std::array<std::int64_t, kCauseCount> away_{};  // by cause
  std::uint32_t trips_ = 0;
  std::vector<CityEvent> events_;
};

}  // namespace bikeflow
