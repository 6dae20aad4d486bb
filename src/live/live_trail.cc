#include "live/live_trail.h"

#include <algorithm>

namespace bikeflow {

void LiveTrail::add(Seconds at, std::int16_t bikes, Seconds max_gap) {
  if (at <= 0 || at > UINT32_MAX) return;
  const auto time = static_cast<std::uint32_t>(at);
  if (!stretches_.empty()) {
    Stretch& last = stretches_.back();
    if (time <= last.until) return;
    if (last.bikes == bikes && at - last.until <= max_gap) {
      last.until = time;
      return;
    }
  }
  // Only where something is added anyway, and much at a time: the memory stays where it is.
  const auto is_kept = [&](const Stretch& each) { return each.until + kKept >= at; };
  if (stretches_.size() >= 32 && !is_kept(stretches_[stretches_.size() / 8])) {
    stretches_.erase(stretches_.begin(), std::ranges::find_if(stretches_, is_kept));
  }
  stretches_.push_back({time, time, bikes});
}

}  // namespace bikeflow
