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

struct Sight {
  Seconds time;
  Counts counts;
  friend auto operator<=>(const Sight&, const Sight&) = default;
};
using History = std::vector<Sight>;  // one station's observations

// In order of time, each time once with its lowest counts. Returns how many went.
std::int64_t settle(History& history) {
  std::ranges::sort(history);
  const auto gone = std::ranges::unique(history, {}, &Sight::time);
  const std::int64_t count = std::ssize(gone);
  history.erase(gone.begin(), gone.end());
  return count;
}

// The seconds that [begin, end) and the window share.
std::int32_t overlap(Seconds begin, Seconds end, const Window& window) {
  return static_cast<std::int32_t>(
      std::max<Seconds>(0, std::min(end, window.end) - std::max(begin, window.start)));
}

// Every window that holds `time`.
std::vector<Window> windows_of(Seconds time, const Settings& settings) {
  const Seconds local = time + settings.hour_phase;
  const Seconds newest = local - local % settings.slide - settings.hour_phase;
  std::vector<Window> windows;
  for (Seconds start = newest; start + settings.length > time; start -= settings.slide) {
    windows.push_back({start, start + settings.length});
  }
  return windows;
}

// Requires: `window` holds at least one of the observations.
HourlyRow row_of(const History& history, const Window& window, const Settings& settings) {
  const auto inside = std::ranges::lower_bound(history, window.start, {}, &Sight::time);
  const auto after = std::ranges::lower_bound(history, window.end, {}, &Sight::time);
  const auto first = inside == history.begin() ? inside : std::prev(inside);

  HourlyRow row;
  row.window = window;
  row.bikes_open = first->counts.bikes;
  row.bikes_close = std::prev(after)->counts.bikes;
  row.bikes_min = row.bikes_max = row.bikes_open;
  for (auto it = first; it != after; ++it) {
    const auto& [time, counts] = *it;
    row.bikes_min = std::min<std::int32_t>(row.bikes_min, counts.bikes);
    row.bikes_max = std::max<std::int32_t>(row.bikes_max, counts.bikes);

    Seconds covered_to = time + settings.max_gap;
    if (std::next(it) != history.end()) {
      covered_to = std::min(covered_to, std::next(it)->time);
    }
    const std::int32_t seconds = overlap(time, covered_to, window);
    row.observed_seconds += seconds;
    if (counts.bikes == 0) row.empty_seconds += seconds;
    if (counts.racks > 0 && counts.bikes >= counts.racks) row.full_seconds += seconds;

    if (it == first)
      continue;  // before the window, or the first sight of the station: no
                 // movement
    const std::int32_t change = counts.bikes - std::prev(it)->counts.bikes;
    if (time - std::prev(it)->time > settings.max_gap) {
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

}  // namespace

Outcome evaluate(const Input& input, const Settings& settings) {
  const Admission admission = admit(input, settings);
  Outcome outcome;
  for (const Arrival* arrival : admission.future) outcome.future.push_back(arrival->position);
  for (const Arrival* arrival : admission.too_far) outcome.too_far.push_back(arrival->position);
  std::map<std::uint32_t, History> stations;
  std::optional<Seconds> watermark;
  const auto move_watermark = [&](Seconds to) { watermark = std::max(watermark.value_or(to), to); };
  auto close = input.closes.begin();
  const auto close_what_is_due = [&](std::size_t arrivals) {
    for (; close != input.closes.end() && close->after <= arrivals; ++close) {
      move_watermark(close->end);
    }
  };
  for (const Arrival* arrival : admission.admitted) {
    close_what_is_due(arrival - input.arrivals.data());  // dead letters are arrivals too
    const auto& [time, position, station, counts] = *arrival;
    if (watermark && time < *watermark) {
      outcome.late.push_back({input.stations[station], time, counts, *watermark, "", position});
      continue;
    }
    stations[station].push_back({time, counts});
    move_watermark(time - settings.delay);
    ++outcome.accepted;
  }
  close_what_is_due(input.arrivals.size());

  for (auto& [station, history] : stations) {
    outcome.repeated += settle(history);
    std::set<Window> windows;
    for (const Sight& sight : history) {
      for (const Window& window : windows_of(sight.time, settings)) windows.insert(window);
    }
    for (const Window& window : windows) {
      if (!settings.closes_all && window.end > *watermark) continue;
      outcome.rows.push_back(row_of(history, window, settings));
      outcome.rows.back().station_id = input.stations[station];
    }
  }
  std::ranges::sort(outcome.rows, {}, [](const HourlyRow& row) {
    return std::tie(row.window.start, row.window.end, row.station_id);
  });
  return outcome;
}

Admission admit(const Input& input, const Settings& settings) {
  Admission result;
  std::vector<const Arrival*> held;  // ascending by time, then by arrival
  std::optional<Seconds> latest;     // accepted
  std::set<std::uint32_t> seen;      // stations

  const auto admit_now = [&](const Arrival& arrival) {
    result.admitted.push_back(&arrival);
    latest = std::max(latest.value_or(arrival.observed_at), arrival.observed_at);
  };
  // Admits those held ones that `should_go` names, in their order.
  const auto release = [&](auto should_go) {
    std::vector<const Arrival*> kept;
    for (const Arrival* waiting : held) {
      should_go(*waiting) ? admit_now(*waiting) : kept.push_back(waiting);
    }
    held = std::move(kept);
  };

  for (std::size_t i = 0; i < input.arrivals.size(); ++i) {
    const Arrival& arrival = input.arrivals[i];
    const Seconds time = arrival.observed_at;
    seen.insert(arrival.station);
    if (!input.clock.empty() && time > input.clock[i] + 5 * kMinute) {
      result.future.push_back(&arrival);
      continue;
    }
    if (!settings.is_file) {
      admit_now(arrival);
      continue;
    }
    if (latest && time <= *latest + kDay) {
      const bool is_late = time < *latest - settings.delay;
      admit_now(arrival);  // a late one too: evaluate() judges that
      if (is_late) continue;
      release([&](const Arrival& waiting) {
        return waiting.station != arrival.station && waiting.observed_at <= time + settings.delay;
      });
      continue;
    }
    std::optional<Seconds> confirmed_to;
    for (const Arrival* waiting : held) {
      if (std::abs(waiting->observed_at - time) > kDay) continue;
      const bool is_other_station = waiting->station != arrival.station;
      const bool is_enough_alone = seen.size() == 1 || !latest;
      if (is_other_station || (is_enough_alone && waiting->observed_at != time)) {
        confirmed_to = std::max({confirmed_to.value_or(time), waiting->observed_at, time});
      }
    }
    held.push_back(&arrival);
    std::ranges::stable_sort(held, {}, &Arrival::observed_at);
    if (confirmed_to) {
      release([&](const Arrival& waiting) { return waiting.observed_at <= *confirmed_to + kDay; });
    }
  }
  if (!latest && !held.empty()) {
    latest = held.front()->observed_at;
    release([&](const Arrival& waiting) { return waiting.observed_at <= *latest + kDay; });
  }
  result.too_far = std::move(held);
  std::ranges::sort(result.too_far, {}, &Arrival::position);
  return result;
}

}  // namespace bikeflow::reference
