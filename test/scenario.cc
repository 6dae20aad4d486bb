#include "test/scenario.h"

#include <algorithm>
#include <array>
#include <ostream>
#include <utility>

namespace bikeflow {
namespace {

constexpr Seconds kBegin = 1'723'381'200 - 90;  // shortly before 2024-08-11T13:00:00Z

Seconds wait_of(const Poll& poll, const reference::Settings& settings) {
  const std::array<Seconds, 6> base = {0,   1, settings.delay, settings.max_gap, settings.length,
                                       kDay};
  return std::max<Seconds>(0, base[static_cast<std::size_t>(poll.wait)] + poll.more_seconds);
}

rc::Gen<Poll> any_poll(const Wildness& wildness) {
  using rc::gen::element;
  using rc::gen::inRange;
  using rc::gen::just;
  using rc::gen::set;
  using rc::gen::weightedElement;
  using Wait = Poll::Wait;
  using Again = Poll::Again;
  return rc::gen::build<Poll>(
      set(&Poll::wait, weightedElement<Wait>({{6, Wait::kSame},
                                              {12, Wait::kSeconds},
                                              {3, Wait::kDelay},
                                              {4, Wait::kGap},
                                              {2, Wait::kWindow},
                                              {wildness.has_far_ahead ? 1 : 0, Wait::kOneDay}})),
      set(&Poll::more_seconds,
          rc::gen::weightedOneOf<int>({{5, inRange(-1, 2)}, {3, inRange(0, 40)}})),
      set(&Poll::station,
          rc::gen::weightedOneOf<std::uint32_t>(
              {{3, just<std::uint32_t>(0)}, {2, inRange<std::uint32_t>(0, kStations)}})),
      set(&Poll::is_as_before, weightedElement<bool>({{2, true}, {1, false}})),
      set(&Poll::bikes, inRange(0, 5)), set(&Poll::racks, element(-1, 0, 2, 3)),
      set(&Poll::lag_percent, rc::gen::weightedOneOf<int>(
                                  {{2, just(0)}, {3, inRange(0, wildness.most_lag_percent + 1)}})),
      set(&Poll::again,
          weightedElement<Again>({{8, Again::kNo}, {1, Again::kDuplicate}, {1, Again::kConflict}})),
      set(&Poll::second_lag_percent, inRange(0, wildness.most_lag_percent + 1)),
      set(&Poll::is_far_ahead,
          wildness.has_far_ahead ? weightedElement<bool>({{20, false}, {1, true}}) : just(false)));
}

// Length and slide, in seconds; mostly short ones, so that few observations fill many windows.
rc::Gen<std::pair<int, int>> any_windows() {
  return rc::gen::weightedElement<std::pair<int, int>>({{4, {300, 300}},
                                                        {2, {300, 60}},
                                                        {1, {600, 200}},
                                                        {2, {3600, 3600}},
                                                        {1, {3600, 1800}},
                                                        {1, {3600, 300}}});
}

}  // namespace

rc::Gen<Scenario> any_scenario(const Wildness& wildness) {
  auto numbers = rc::gen::tuple(
      any_windows(), rc::gen::element(1, 2, 7, 60, 63, 64, 65, 300, 600),  // delay
      rc::gen::element(1, 5, 60, 120, 600, 900), rc::gen::element(0, 0, 1800, 2700, 777),
      rc::gen::scale(2.0, rc::gen::container<std::vector<Poll>>(any_poll(wildness))));
  return rc::gen::map(std::move(numbers), [wildness](auto drawn) {
    auto& [windows, delay, max_gap, phase, polls] = drawn;
    Scenario scenario;
    scenario.settings.length = windows.first;
    scenario.settings.slide = windows.second;
    scenario.settings.delay = delay;
    scenario.settings.max_gap = max_gap;
    scenario.settings.hour_phase = phase;
    scenario.settings.is_file = wildness.has_far_ahead;
    scenario.polls = std::move(polls);
    return scenario;
  });
}

reference::Input arrivals_of(const Scenario& scenario, int lag_shift) {
  struct Sent {
    Seconds arrives;
    reference::Arrival arrival;
  };
  const auto lag = [&](int percent, std::size_t number) {
    if (lag_shift != 0) {
      percent = (percent + lag_shift * (7 + static_cast<int>(number % 13))) % 101;
    }
    return scenario.settings.delay * percent / 100;
  };

  std::vector<Sent> sent;
  std::array<Counts, kStations> last;
  Seconds time = kBegin;
  for (std::size_t number = 0; number < scenario.polls.size(); ++number) {
    const Poll& poll = scenario.polls[number];
    time += wait_of(poll, scenario.settings);
    Counts& counts = last[poll.station];
    if (!poll.is_as_before) {
      counts = {static_cast<std::int16_t>(poll.bikes), static_cast<std::int16_t>(poll.racks)};
    }
    reference::Arrival arrival;
    arrival.observed_at = time + (poll.is_far_ahead ? 100 * kDay : 0);
    arrival.station = poll.station;
    arrival.counts = counts;
    sent.push_back({time + lag(poll.lag_percent, number), arrival});
    if (poll.again == Poll::Again::kNo) continue;
    if (poll.again == Poll::Again::kConflict) {
      arrival.counts = {static_cast<std::int16_t>(poll.racks + 1),
                        static_cast<std::int16_t>(poll.bikes - 1)};
    }
    sent.push_back({time + lag(poll.second_lag_percent, number + 5), arrival});
  }
  std::ranges::stable_sort(sent, {}, &Sent::arrives);

  // As the feeds name them: the order of their ids is not the order of their numbers.
  reference::Input input{
      .stations = {"ST-4", "ST-10", "A", "ST-5"}, .arrivals = {}, .clock = {}, .closes = {}};
  for (Sent& one : sent) {
    one.arrival.position = {3, 1000 + std::ssize(input.arrivals)};
    input.arrivals.push_back(one.arrival);
  }
  return input;
}

TaskSettings task_settings(const reference::Settings& settings) {
  TaskSettings out;
  out.windows = {settings.length, settings.slide, settings.hour_phase};
  out.delay = settings.delay;
  out.max_gap = settings.max_gap;
  out.is_recorded = settings.is_file;
  return out;
}

Batch batch_of(const reference::Input& input, std::size_t begin, std::size_t end, Names& names) {
  Batch batch;
  batch.first = begin < input.arrivals.size() ? input.arrivals[begin].position : Position{3, 0};
  std::string raw;
  for (std::size_t i = begin; i < end; ++i) {
    const reference::Arrival& arrival = input.arrivals[i];
    const std::string& name = input.stations[arrival.station];
    if (names.find(name) == Names::kNone) batch.new_stations.push_back(name);
    Record record;
    record.observed_at = arrival.observed_at;
    record.counts = arrival.counts;
    record.station = names.intern(name);
    record.offset = static_cast<std::uint32_t>(arrival.position.offset - batch.first.offset);
    record.raw_begin = static_cast<std::uint32_t>(raw.size());
    raw += "record " + std::to_string(arrival.position.offset);
    record.raw_size = static_cast<std::uint32_t>(raw.size()) - record.raw_begin;
    batch.records.push_back(record);
  }
  batch.raw = std::make_shared<const std::string>(std::move(raw));
  return batch;
}

void Published::take_from(Task& task) {
  for (ClosedWindow& window : task.take_closed()) {
    rows.insert(rows.end(), window.rows.begin(), window.rows.end());
    closed.push_back(std::move(window));
  }
  std::ranges::move(task.take_late(), std::back_inserter(late));
  std::ranges::move(task.take_refused(), std::back_inserter(refused));
}

std::ostream& operator<<(std::ostream& out, const Poll& poll) {
  constexpr std::array kWaits = {"same", "1", "delay", "gap", "window", "day"};
  out << "\n  wait " << kWaits[static_cast<std::size_t>(poll.wait)] << '+' << poll.more_seconds
      << " station " << poll.station;
  if (!poll.is_as_before) out << " counts " << poll.bikes << '/' << poll.racks;
  out << " lag " << poll.lag_percent << '%';
  if (poll.again != Poll::Again::kNo) {
    out << (poll.again == Poll::Again::kDuplicate ? " duplicate" : " conflict") << " lag "
        << poll.second_lag_percent << '%';
  }
  return out << (poll.is_far_ahead ? " far ahead" : "");
}

std::ostream& operator<<(std::ostream& out, const Scenario& scenario) {
  const auto& [length, slide, delay, max_gap, phase, is_file, closes_all] = scenario.settings;
  out << "length " << length << " slide " << slide << " delay " << delay << " max_gap " << max_gap
      << " phase " << phase << (is_file ? " file" : "") << (closes_all ? "" : " keep open");
  for (const Poll& poll : scenario.polls) out << poll;
  return out;
}

}  // namespace bikeflow
