#include "window/panes.h"

namespace bikeflow {

void Panes::drop_closed_before(Seconds t) {
  while (!closed_.empty() && closed_.front().start < t) closed_.pop_front();
}

Window Panes::close(std::vector<StationRow>& rows) {
  const Window window{end() - rule_.length, end()};
  rows.clear();
  if (rule_.panes() == 1) {
    for (StationIndex i = 0; i < open_.size(); ++i) {
      if (!open_[i].is_set) continue;
      if (open_[i].has_observation) {
        rows.push_back({i, HourlyRow{.window = window}});
        add_pane(rows.back().row, open_[i], true);
      }
      open_[i] = PaneTotals{};
    }
    start_ += rule_.slide;
    return window;
  }

  ClosedPane closed{start_, {}};
  for (StationIndex i = 0; i < open_.size(); ++i) {
    if (!open_[i].is_set) continue;
    closed.stations.push_back({i, open_[i]});
    open_[i] = PaneTotals{};
  }
  if (!closed.stations.empty()) closed_.push_back(std::move(closed));

  struct Sum {
    HourlyRow row;
    bool is_set = false;
    bool has_observation = false;
  };
  std::vector<Sum> sums(open_.size());
  for (const ClosedPane& pane : closed_) {
    for (const StationPane& station : pane.stations) {
      Sum& sum = sums[station.station];
      add_pane(sum.row, station.totals, !sum.is_set);
      sum.is_set = true;
      sum.has_observation = sum.has_observation || station.totals.has_observation;
    }
  }
  for (StationIndex i = 0; i < sums.size(); ++i) {
    if (!sums[i].has_observation) continue;
    sums[i].row.window = window;
    rows.push_back({i, std::move(sums[i].row)});
  }
  start_ += rule_.slide;
  drop_closed_before(end() - rule_.length);
  return window;
}

void Panes::skip_to(Seconds t) {
  start_ = rule_.pane_start(t);
  drop_closed_before(end() - rule_.length);
}

std::size_t Panes::memory_bytes() const {
  std::size_t bytes = open_.capacity() * sizeof(PaneTotals);
  for (const ClosedPane& pane : closed_) bytes += pane.stations.capacity() * sizeof(StationPane);
  return bytes;
}

// Format: start (i64); each station's open pane; the number of closed panes and, for each, its
// start (i64), its number of stations and their numbers (varint) and totals.
void Panes::save(Writer& out) const {
  out.i64(start_);
  for (const PaneTotals& pane : open_) pane.save(out);
  out.varint(closed_.size());
  for (const ClosedPane& pane : closed_) {
    out.i64(pane.start);
    out.varint(pane.stations.size());
    for (const StationPane& station : pane.stations) {
      out.varint(station.station);
      station.totals.save(out);
    }
  }
}

bool Panes::load(Reader& in, std::size_t stations) {
  start_ = in.i64();
  if (!in.ok() || start_ < 0 || start_ > kLatestTime || rule_.pane_start(start_) != start_)
    return false;
  open_.assign(stations, PaneTotals{});
  for (PaneTotals& pane : open_) {
    if (!pane.load(in)) return false;
  }
  closed_.clear();
  const std::uint64_t panes = in.varint();
  if (!in.ok() || panes >= static_cast<std::uint64_t>(rule_.panes())) return false;
  for (std::uint64_t p = 0; p < panes; ++p) {
    ClosedPane pane{in.i64(), {}};
    const std::uint64_t count = in.varint();
    if (!in.ok() || count > stations || rule_.pane_start(pane.start) != pane.start ||
        pane.start >= start_ || (p > 0 && pane.start <= closed_.back().start)) {
      return false;
    }
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t station = in.varint();
      StationPane entry{static_cast<StationIndex>(station), {}};
      if (station >= stations || !entry.totals.load(in)) return false;
      if (i > 0 && entry.station <= pane.stations.back().station) return false;
      pane.stations.push_back(entry);
    }
    closed_.push_back(std::move(pane));
  }
  return true;
}

}  // namespace bikeflow
