#include "sim/truth.h"

#include <algorithm>

namespace bikeflow {

Truth::Truth(std::size_t stations, Seconds max_gap, Seconds hour_phase)
    : max_gap_(max_gap), hour_phase_(hour_phase), pending_(stations) {}

void Truth::happened(const CityEvent& event) {
  StationTruth& truth = truth_of(event.station, event.at);
  Pending& pending = pending_[event.station];
  if (pending.tick_falls + pending.tick_rises == 0) touched_.push_back(event.station);
  const auto cause = static_cast<std::size_t>(event.cause);
  if (event.change < 0) {
    ++truth.rentals.happened[cause];
    ++pending.falls;
    ++pending.tick_falls;
  } else {
    ++truth.returns.happened[cause];
    ++pending.rises;
    ++pending.tick_rises;
  }
}

void Truth::tick() {
  for (StationIndex station : touched_) {
    Pending& pending = pending_[station];
    pending.cancelled += std::min(pending.tick_falls, pending.tick_rises);
    pending.tick_falls = pending.tick_rises = 0;
  }
  touched_.clear();
}

void Truth::settle(StationIndex station, Seconds at) {
  StationTruth& truth = truth_of(station, at);
  Pending& pending = pending_[station];
  const bool unseen = pending.observed_at == 0 || at - pending.observed_at > max_gap_;
  const std::uint32_t both = std::min(pending.falls, pending.rises);
  const auto add = [&](TrueFlow& flow, std::uint32_t bikes) {
    const std::uint32_t shown = unseen ? 0 : bikes - both;
    flow.shown += shown;
    flow.cancelled += pending.cancelled;
    flow.missed += static_cast<std::int32_t>(bikes - shown - pending.cancelled);
  };
  add(truth.rentals, pending.falls);
  add(truth.returns, pending.rises);
  pending = {};
}

StationTruth& Truth::truth_of(StationIndex station, Seconds at) {
  const Seconds local = at + hour_phase_;
  const Seconds start = at - ((local % kHour) + kHour) % kHour;
  if (newest_ == nullptr || newest_->start != start) {
    newest_ = &hours_[start];
    newest_->start = start;
    newest_->stations.resize(pending_.size());
  }
  return newest_->stations[station];
}

std::vector<HourTruth> Truth::take_until(Seconds until) {
  std::vector<HourTruth> taken;
  while (!hours_.empty() && hours_.begin()->first + kHour <= until) {
    taken.push_back(std::move(hours_.begin()->second));
    hours_.erase(hours_.begin());
  }
  newest_ = nullptr;
  return taken;
}

}  // namespace bikeflow
