// How event time is cut into windows: their length, slide and alignment.
#pragma once

#include "base/time.h"
#include "model/rows.h"

namespace bikeflow {

// Windows are [k * slide - phase, k * slide - phase + length). A pane is the span between two
// starts: each window is length / slide panes.
struct WindowRule {
  Seconds length = kHour;  // divides an hour
  Seconds slide = kHour;   // divides the length
  Seconds hour_phase = 0;  // Zone::hour_phase(): aligns to the hour of the zone's standard time

  [[nodiscard]] Seconds pane_start(Seconds t) const {
    const Seconds shifted = t + hour_phase;
    const Seconds into = ((shifted % slide) + slide) % slide;
    return t - into;
  }
  [[nodiscard]] Seconds panes() const { return length / slide; }

  friend bool operator==(const WindowRule&, const WindowRule&) = default;
};

}  // namespace bikeflow
