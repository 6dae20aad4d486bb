#include "sim/replay_plan.h"

#include <algorithm>
#include <optional>

namespace bikeflow {
namespace {

constexpr double kTruckReachKm = 12;  // within one of the Bay Area's towns
constexpr int kMostLoad = 10;
constexpr int kMostRepairs = 400;  // of a day
constexpr double kOneByOne = 0.65;

// The lowest and the highest number of bikes at the start with which a station's changes can
// happen.
struct Bounds {
  int low = 0;
  int high = 0;
};

std::vector<Bounds> bounds_of(const City& city, const std::vector<TimedChange>& changes) {
  const std::size_t count = city.stations.size();
  std::vector<int> sum(count), lowest(count), highest(count);
  for (const TimedChange& change : changes) {
    const StationIndex s = change.station;
    sum[s] += change.by;
    lowest[s] = std::min(lowest[s], sum[s]);
    highest[s] = std::max(highest[s], sum[s]);
  }
  std::vector<Bounds> bounds(count);
  for (std::size_t s = 0; s < count; ++s) {
    bounds[s] = {.low = -lowest[s], .high = city.stations[s].racks - highest[s]};
  }
  return bounds;
}

// As near to `bikes` as the bounds allow, one away from them where there is room.
int within(const Bounds& bounds, int bikes, int racks) {
  if (bounds.high < bounds.low) return std::clamp((bounds.low + bounds.high) / 2, 0, racks);
  const int margin = bounds.high - bounds.low >= 2 ? 1 : 0;
  return std::clamp(bikes, bounds.low + margin, bounds.high - margin);
}

class Planner {
 public:
  Planner(const City& city, const std::vector<int>& bikes, const std::vector<TimedChange>& changes,
          Seconds midnight, Rng& rng)
      : city_(city), bikes_(bikes), changes_(changes), midnight_(midnight), rng_(rng) {}

  std::vector<TruckMove> plan() {
    move_by_night();
    given_up_.assign(city_.stations.size(), false);
    for (int i = 0; i < kMostRepairs && repair_first(); ++i) {
    }
    return std::move(moves_);
  }

 private:
  // Where the path of counts first leaves what is possible.
  struct Trouble {
    Seconds at = 0;
    StationIndex station = 0;
    bool empty = false;  // else over-full
    int bikes = 0;       // how many are missing or too many within two hours
  };

  bool in_reach(StationIndex a, StationIndex b) const {
    return a != b && distance_km(city_.stations[a], city_.stations[b]) <= kTruckReachKm;
  }

  void move_by_night() {
    const std::vector<Bounds> bounds = bounds_of(city_, changes_);
    std::vector<int> spare(bikes_.size());  // negative: needed
    std::vector<int> reserve(bikes_.size());
    for (std::size_t s = 0; s < bikes_.size(); ++s) {
      spare[s] = bikes_[s] - within(bounds[s], bikes_[s], city_.stations[s].racks);
      reserve[s] = bikes_[s] - bounds[s].low - 2;
    }
    for (StationIndex to = 0; to < spare.size(); ++to) {
      while (spare[to] < 0) {
        // First from where bikes are too many, then from where the day can do without them.
        StationIndex from = best_source(to, spare);
        if (from == to) from = best_source(to, reserve);
        if (from == to) break;
        const int bikes = std::min({-spare[to], std::max(spare[from], reserve[from]), kMostLoad});
        const Seconds lift_at = midnight_ + rng_.between(60 * kMinute, 240 * kMinute);
        add_moves(from, lift_at, to, lift_at + rng_.between(10 * kMinute, 25 * kMinute), bikes);
        spare[to] += bikes;
        spare[from] -= bikes;
        reserve[from] -= bikes;
      }
    }
  }

  StationIndex best_source(StationIndex to, const std::vector<int>& amount) const {
    StationIndex best = to;
    for (StationIndex s = 0; s < amount.size(); ++s) {
      if (amount[s] <= 0 || !in_reach(to, s)) continue;
      if (best == to || amount[s] > amount[best]) best = s;
    }
    return best;
  }

  void add_moves(StationIndex from, Seconds lift_at, StationIndex to, Seconds drop_at, int bikes) {
    const Seconds step = rng_.chance(kOneByOne) ? rng_.between(20, 40) : 0;
    for (int i = 0; i < bikes; ++i) {
      moves_.push_back(
          {.lift_at = lift_at + i * step, .drop_at = drop_at + i * step, .from = from, .to = to});
    }
  }

  std::vector<TimedChange> path() const {
    std::vector<TimedChange> all = changes_;
    for (const TruckMove& move : moves_) {
      all.push_back({.at = move.lift_at, .station = move.from, .by = -1});
      all.push_back({.at = move.drop_at, .station = move.to, .by = +1});
    }
    std::ranges::stable_sort(all, {}, &TimedChange::at);
    return all;
  }

  std::optional<Trouble> first_trouble(const std::vector<TimedChange>& path) const {
    std::vector<int> count = bikes_;
    std::optional<Trouble> found;
    for (const TimedChange& change : path) {
      const StationIndex s = change.station;
      count[s] += change.by;
      const int racks = city_.stations[s].racks;
      if (!found && !given_up_[s] && (count[s] < 0 || (change.by > 0 && count[s] > racks))) {
        found = {.at = change.at, .station = s, .empty = count[s] < 0, .bikes = 0};
      }
      if (!found || found->station != s) continue;
      if (change.at > found->at + 2 * kHour) break;
      found->bikes = std::max(found->bikes, found->empty ? -count[s] : count[s] - racks);
    }
    return found;
  }

  // Moves bikes to or from the first station in trouble. False where there is none left.
  bool repair_first() {
    const std::vector<TimedChange> all = path();
    const std::optional<Trouble> trouble = first_trouble(all);
    if (!trouble) return false;
    const int bikes = std::min(trouble->bikes, kMostLoad);
    const Seconds at_station = trouble->at - 2 * kMinute - bikes * 40;
    const Seconds at_other = trouble->empty ? at_station - rng_.between(8 * kMinute, 20 * kMinute)
                                            : at_station + rng_.between(8 * kMinute, 20 * kMinute);
    const std::vector<int> room = room_after(all, at_other, trouble->empty);
    const StationIndex other = best_source(trouble->station, room);
    if (other == trouble->station || std::min(at_station, at_other) < midnight_) {
      given_up_[trouble->station] = true;
      return true;
    }
    const int moved = std::min(bikes, room[other]);
    if (trouble->empty) {
      add_moves(other, at_other, trouble->station, at_station, moved);
    } else {
      add_moves(trouble->station, at_station, other, at_other, moved);
    }
    return true;
  }

  // By station: how many bikes can be taken from `after` on without emptying it (or given without
  // filling it) at any later time of the day.
  std::vector<int> room_after(const std::vector<TimedChange>& path, Seconds after,
                              bool to_take) const {
    std::vector<int> count = bikes_;
    std::vector<int> room(count.size());
    const auto now = [&](StationIndex s) {
      return to_take ? count[s] - 1 : city_.stations[s].racks - count[s] - 1;
    };
    bool later = false;
    for (const TimedChange& change : path) {
      if (!later && change.at >= after) {
        later = true;
        for (StationIndex s = 0; s < room.size(); ++s) room[s] = now(s);
      }
      count[change.station] += change.by;
      if (later) room[change.station] = std::min(room[change.station], now(change.station));
    }
    return room;
  }

  const City& city_;
  const std::vector<int>& bikes_;
  const std::vector<TimedChange>& changes_;
  Seconds midnight_;
  Rng& rng_;
  std::vector<TruckMove> moves_;
  std::vector<bool> given_up_;  // by station: no truck can help it today
};

}  // namespace

std::vector<TimedChange> changes_of(const std::vector<Ride>& rides, Seconds begin, Seconds end) {
  std::vector<TimedChange> changes;
  for (const Ride& ride : rides) {
    if (ride.start < begin || ride.start >= end) continue;
    changes.push_back({.at = ride.start, .station = ride.from, .by = -1});
    if (ride.end < end) changes.push_back({.at = ride.end, .station = ride.to, .by = +1});
  }
  std::ranges::stable_sort(changes, {}, &TimedChange::at);
  return changes;
}

std::vector<std::int16_t> first_bikes(const City& city, const std::vector<TimedChange>& changes) {
  const std::vector<Bounds> bounds = bounds_of(city, changes);
  std::vector<std::int16_t> bikes;
  for (std::size_t s = 0; s < bounds.size(); ++s) {
    const int racks = city.stations[s].racks;
    bikes.push_back(static_cast<std::int16_t>(within(bounds[s], (racks + 1) / 2, racks)));
  }
  return bikes;
}

std::vector<TruckMove> plan_trucks(const City& city, const std::vector<int>& bikes,
                                   const std::vector<TimedChange>& changes, Seconds midnight,
                                   Rng& rng) {
  return Planner(city, bikes, changes, midnight, rng).plan();
}

}  // namespace bikeflow
