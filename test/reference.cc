#include "test/reference.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace bikeflow::reference {
namespace {

using ByTime =
    std::map<Seconds, Counts>; // one station's observations, conflicts settled

// The seconds that [begin, end) and the window share.
std::int32_t overlap(Seconds begin, Seconds end, const Window &window) {
  return static_cast<std::int32_t>(std::max<Seconds>(
      0, std::min(end, window.end) - std::max(begin, window.start)));
}

// Every window that holds `time`.
std::vector<Window> windows_of(Seconds time, const Settings &settings) {
  const Seconds local = time + settings.hour_phase;
  const Seconds newest = local - local % settings.slide - settings.hour_phase;
  std::vector<Window> windows;
  for (Seconds start = newest; start + settings.length > time;
       start -= settings.slide) {
    windows.push_back({start, start + settings.length});
  }
  return windows;
}

// Requires: `window` holds at least one of the observations.
HourlyRow row_of(const ByTime &observations, const Window &window,
                 const Settings &settings) {
  const auto inside = observations.lower_bound(window.start);
  const auto after = observations.lower_bound(window.end);
  const auto first =
      inside == observations.begin() ? inside : std::prev(inside);

  HourlyRow row;
  row.window = window;
  row.bikes_open = first->second.bikes;
  row.bikes_close = std::prev(after)->second.bikes;
  row.bikes_min = row.bikes_max = row.bikes_open;
  for (auto it = first; it != after; ++it) {
    const auto &[time, counts] = *it;
    row.bikes_min = std::min<std::int32_t>(row.bikes_min, counts.bikes);
    row.bikes_max = std::max<std::int32_t>(row.bikes_max, counts.bikes);

    Seconds covered_to = time + settings.max_gap;
    if (std::next(it) != observations.end()) {
      covered_to = std::min(covered_to, std::next(it)->first);
    }
    const std::int32_t seconds = overlap(time, covered_to, window);
    row.observed_seconds += seconds;
    if (counts.bikes == 0)
      row.empty_seconds += seconds;
    if (counts.racks > 0 && counts.bikes >= counts.racks)
      row.full_seconds += seconds;

    if (it == first)
      continue; // before the window, or the first sight of the station: no
                // movement
    const std::int32_t change = counts.bikes - std::prev(it)->second.bikes;
    if (time - std::prev(it)->first > settings.max_gap) {
      row.unobserved_change += change;
    } else if (change < 0) {
      row.total_rental += -change;
      row.largest_rental = std::max(row.largest_rental, -change);
    } else {
      row.total_return += change;
      row.largest_return = std::max(row.largest_return, change);
    }
  }
  return row;
}

} // namespace

Outcome evaluate(const Input &input, const Settings &settings) {
  Outcome outcome;
  std::vector<Arrival> admitted = input.arrivals;
  if (settings.is_file) {
    Admission admission = admit_from_files(input.arrivals, settings.delay);
    admitted = std::move(admission.admitted);
    for (const Arrival &arrival : admission.refused)
      outcome.too_far.push_back(arrival.position);
  }

  std::map<std::uint32_t, ByTime> stations;
  std::optional<Seconds> watermark;
  for (const Arrival &arrival : admitted) {
    if (watermark && arrival.observed_at < *watermark) {
      outcome.late.push_back({input.stations[arrival.station],
                              arrival.observed_at, arrival.counts, *watermark,
                              "", arrival.position});
      continue;
    }
    ++outcome.accepted;
    const Seconds reached = arrival.observed_at - settings.delay;
    watermark = watermark ? std::max(*watermark, reached) : reached;
    const auto [it, is_new] = stations[arrival.station].try_emplace(
        arrival.observed_at, arrival.counts);
    if (is_new)
      continue;
    ++outcome.repeated;
    it->second = std::min(it->second, arrival.counts);
  }

  for (const auto &[station, observations] : stations) {
    std::set<Window> windows;
    for (const auto &[time, counts] : observations) {
      for (const Window &window : windows_of(time, settings))
        windows.insert(window);
    }
    for (const Window &window : windows) {
      if (!settings.closes_all && window.end > *watermark)
        continue;
      outcome.rows.push_back(row_of(observations, window, settings));
      outcome.rows.back().station_id = input.stations[station];
    }
  }
  std::ranges::sort(outcome.rows, {}, [](const HourlyRow &row) {
    return std::tie(row.window.start, row.window.end, row.station_id);
  });
  return outcome;
}

Admission admit_from_files(const std::vector<Arrival> &arrivals,
                           Seconds delay) {
  Admission result;
  std::vector<Arrival> held; // ascending by time, then by arrival
  std::optional<Seconds> latest;
  std::set<std::uint32_t> seen; // stations

  const auto admit = [&](const Arrival &arrival) {
    result.admitted.push_back(arrival);
    latest =
        std::max(latest.value_or(arrival.observed_at), arrival.observed_at);
  };
  // Takes what `should_go` names out of the held ones, in their order.
  const auto release = [&](auto should_go) {
    std::vector<Arrival> kept;
    for (const Arrival &arrival : held) {
      should_go(arrival) ? admit(arrival) : kept.push_back(arrival);
    }
    held = std::move(kept);
  };

  for (const Arrival &arrival : arrivals) {
    seen.insert(arrival.station);
    if (latest && arrival.observed_at <= *latest + kDay) {
      const bool is_late = arrival.observed_at < *latest - delay;
      admit(arrival); // late ones are judged by evaluate()
      if (is_late)
        continue;
      release([&](const Arrival &waiting) {
        return waiting.station != arrival.station &&
               waiting.observed_at <= arrival.observed_at + delay;
      });
      continue;
    }
    std::optional<Seconds> confirmed_to;
    for (const Arrival &waiting : held) {
      if (std::abs(waiting.observed_at - arrival.observed_at) > kDay)
        continue;
      const bool is_other_station = waiting.station != arrival.station;
      const bool is_alone = seen.size() == 1 || !latest;
      if (is_other_station ||
          (is_alone && waiting.observed_at != arrival.observed_at)) {
        confirmed_to = std::max({confirmed_to.value_or(0), waiting.observed_at,
                                 arrival.observed_at});
      }
    }
    held.push_back(arrival);
    std::ranges::stable_sort(held, {}, &Arrival::observed_at);
    if (confirmed_to) {
      release([&](const Arrival &waiting) {
        return waiting.observed_at <= *confirmed_to + kDay;
      });
    }
  }
  if (!latest && !held.empty()) {
    latest = held.front().observed_at;
    release([&](const Arrival &waiting) {
      return waiting.observed_at <= *latest + kDay;
    });
  }
  result.refused = std::move(held);
  std::ranges::stable_sort(result.refused, {}, &Arrival::position);
  return result;
}

} // namespace bikeflow::reference
