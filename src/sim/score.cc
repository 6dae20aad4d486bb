#include "sim/score.h"

#include <cstdlib>
#include <vector>

#include "base/check.h"

namespace bikeflow {
namespace {

void add_truth(FlowScore& score, const TrueFlow& flow) {
  score.riders += flow.by(Cause::kRider);
  score.trucks += flow.by(Cause::kTruck);
  score.sensors += flow.by(Cause::kSensor);
  score.cancelled += flow.cancelled;
  score.missed += flow.missed;
  score.shown += flow.shown;
}

void set_edge(FlowScore& score) {
  score.edge =
      score.shown + score.cancelled + score.missed - (score.riders + score.trucks + score.sensors);
}

}  // namespace

Scorer::Scorer(const City& city) {
  for (StationIndex i = 0; i < city.stations.size(); ++i) {
    index_of_.emplace(city.stations[i].id, i);
  }
}

void Scorer::add(std::span<const HourTruth> hours, std::span<const HourlyRow> rows) {
  std::unordered_map<Seconds, std::vector<std::int64_t>> rentals;  // by hour and station
  for (const HourTruth& hour : hours) {
    CHECK(hour.stations.size() == index_of_.size());
    rentals[hour.start].resize(hour.stations.size());
  }
  for (const HourlyRow& row : rows) {
    const auto hour = rentals.find(row.window.start);
    const auto station = index_of_.find(row.station_id);
    if (hour == rentals.end() || row.window.end - row.window.start != kHour) continue;
    if (station == index_of_.end()) continue;
    ++score_.rows;
    hour->second[station->second] += row.total_rental;
    score_.rentals.inferred += row.total_rental;
    score_.returns.inferred += row.total_return;
  }
  for (const HourTruth& hour : hours) {
    ++score_.hours;
    const std::vector<std::int64_t>& inferred = rentals[hour.start];
    for (std::size_t i = 0; i < hour.stations.size(); ++i) {
      const StationTruth& truth = hour.stations[i];
      add_truth(score_.rentals, truth.rentals);
      add_truth(score_.returns, truth.returns);
      const std::int64_t happened = truth.rentals.by(Cause::kRider);
      if (happened == 0 && inferred[i] == 0) continue;
      ++score_.active_station_hours;
      score_.absolute_error += std::abs(inferred[i] - happened);
    }
  }
  set_edge(score_.rentals);
  set_edge(score_.returns);
}

}  // namespace bikeflow
