// The open pane of every station, and the closed ones that a sliding window still needs.
//
// One pane is open at a time: what comes later waits in flow/order.h until the watermark has
// passed.
//
// Threads: none; one owner.
#pragma once

#include <deque>
#include <vector>

#include "model/batch.h"
#include "window/pane.h"
#include "window/rule.h"

namespace bikeflow {

// One station's row of a window, before it gets its name.
struct StationRow {
  StationIndex station = 0;
  HourlyRow row;
};

class Panes {
 public:
  Panes(const WindowRule& rule, Seconds max_gap) : rule_(rule), max_gap_(max_gap) {}

  void add_station() { open_.emplace_back(); }

  // Begins with the pane that holds `t`; nothing before it is wanted.
  void start_at(Seconds t) { start_ = rule_.pane_start(t); }
  [[nodiscard]] Seconds start() const { return start_; }
  [[nodiscard]] Seconds end() const { return start_ + rule_.slide; }

  // An observation of the open pane, and the one before it. Requires: start() <= at < end(), in
  // order.
  void apply_first(StationIndex station, Counts counts) {
    PaneTotals& pane = open_[station];
    pane.begin(counts.bikes);
    pane.has_observation = true;
  }
  void apply(StationIndex station, Seconds previous_at, Counts previous, Seconds at,
             Counts counts) {
    PaneTotals& pane = open_[station];
    if (!pane.is_set) pane.begin(previous.bikes);
    const Seconds covered_from = std::max(previous_at, start_);
    const Seconds covered_to = std::min(at, previous_at + max_gap_);
    if (covered_to > covered_from) pane.cover(previous, covered_to - covered_from);
    pane.move_to(counts.bikes, at - previous_at > max_gap_);
  }
  // The station's last observation covers what it can of the pane's rest. Before close(), for each
  // station that has been seen.
  void finish(StationIndex station, Seconds last_at, Counts last) {
    const Seconds covered_from = std::max(last_at, start_);
    const Seconds covered_to = std::min(end(), last_at + max_gap_);
    if (covered_to <= covered_from) return;
    PaneTotals& pane = open_[station];
    if (!pane.is_set) pane.begin(last.bikes);
    pane.cover(last, covered_to - covered_from);
  }

  // Closes the open pane and opens the next: the window that ends here, and a row for each station
  // with an observation in it, by station number.
  Window close(std::vector<StationRow>& rows);

  // Opens the pane that holds `t` without a row for the ones between. Requires: no observation and
  // no coverage in any of them.
  void skip_to(Seconds t);

  // Whether a closed pane is held that a later window needs.
  [[nodiscard]] bool holds_closed() const { return !closed_.empty(); }
  // The totals of the open pane so far.
  [[nodiscard]] const PaneTotals& open_pane(StationIndex station) const { return open_[station]; }
  [[nodiscard]] std::size_t memory_bytes() const;

  void save(Writer& out) const;
  bool load(Reader& in, std::size_t stations);

 private:
  struct StationPane {
    StationIndex station = 0;
    PaneTotals totals;
  };
  struct ClosedPane {
    Seconds start;
    std::vector<StationPane> stations;  // those that are set, by number
  };
  void drop_closed_before(Seconds t);

  WindowRule rule_;
  Seconds max_gap_;
  Seconds start_ = 0;
  std::vector<PaneTotals> open_;
  std::deque<ClosedPane> closed_;  // ascending, none older than the next window's start
};

}  // namespace bikeflow
