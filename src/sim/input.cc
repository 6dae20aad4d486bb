#include "sim/input.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/hash.h"

namespace bikeflow::sim {
namespace {

constexpr Seconds kYear2024 = 1'704'067'200;

// With daylight saving in spring and in autumn, by one, half and (Troll) two hours, and
// (Casablanca) back for a month; without; with quarters and halves of an hour.
constexpr std::array kZones = {
    "Asia/Seoul",     "Europe/Berlin",       "America/New_York", "UTC",
    "Asia/Kolkata",   "Australia/Lord_Howe", "America/St_Johns", "Australia/Adelaide",
    "Asia/Kathmandu", "Europe/London",       "Antarctica/Troll", "Africa/Casablanca"};

struct Windows {
  Seconds length, slide;
};
constexpr std::array<Windows, 10> kWindows = {{{3600, 3600},
                                               {3600, 3600},
                                               {3600, 3600},
                                               {3600, 1800},
                                               {3600, 900},
                                               {1800, 1800},
                                               {900, 900},
                                               {900, 300},
                                               {300, 300},
                                               {300, 60}}};

constexpr std::array kReaderReasons = {
    Reason::kNotUtf8,     Reason::kNotJson,        Reason::kTooLarge,
    Reason::kTooDeep,     Reason::kBadCsv,         Reason::kBadBikes,
    Reason::kMissingTime, Reason::kMissingStation, Reason::kNoSuchLocalTime};

// Those that one message can be made for, in little room and without a zone.
constexpr std::array kTopicReasons = {Reason::kNotUtf8,        Reason::kNotJson,
                                      Reason::kTooDeep,        Reason::kBadBikes,
                                      Reason::kMissingStation, Reason::kMissingTime};

template <class Values>
auto one_of(Rng& rng, const Values& values) {
  return values[rng.below(static_cast<std::uint32_t>(std::size(values)))];
}

// The times in 2024 from which another offset is in force.
std::vector<Seconds> clock_changes(const Zone& zone) {
  std::vector<Seconds> changes;
  for (Seconds day = kYear2024; day < kYear2024 + 365 * kDay; day += kDay) {
    if (zone.offset_at(day) == zone.offset_at(day + kDay)) continue;
    Seconds before = day;
    Seconds after = day + kDay;
    while (after - before > 1) {
      const Seconds middle = before + (after - before) / 2;
      (zone.offset_at(middle) == zone.offset_at(day) ? before : after) = middle;
    }
    changes.push_back(after);
  }
  return changes;
}

// An entry on its way to the reader.
struct Sent {
  Seconds arrives;
  Entry entry;
};

// How one input differs from another.
struct Character {
  Seconds begin = 0, span = 0, interval = 0;
  double missing = 0, lagging = 0, too_late = 0, repeated = 0, conflicting = 0, unreadable = 0;
  double future = 0, lone_jump = 0, lasting = 0;  // lasting: the count stays as it is
};

class Generator {
 public:
  Generator(Rng rng, bool is_topic) : rng_(rng), is_topic_(is_topic) {}
  Input run();

 private:
  void draw_systems();
  void draw_settings();
  void draw_character();
  Seconds silence();
  void observe(std::uint32_t system, std::uint32_t station, Seconds at);
  void send(Entry entry, Seconds at);
  void spoil(Entry& entry, Seconds at);
  void into_files();
  void into_polls();

  struct StationState {
    Counts counts;
    Seconds silent_until = 0;
  };

  Rng rng_;
  bool is_topic_;
  Input input_;
  Character is_;
  std::vector<std::vector<StationState>> states_;  // by system and station
  std::vector<Seconds> held_back_until_;           // by system: all before it arrives then, at once
  std::vector<Sent> sent_;
};

void Generator::draw_systems() {
  const std::uint32_t count = 1 + (rng_.chance(0.4) ? 1 + rng_.below(2) : 0);
  for (std::uint32_t i = 0; i < count; ++i) {
    Result<Zone> zone = Zone::load(one_of(rng_, kZones));
    CHECK(zone.has_value());
    System system{fmt::format("city-{}", i), *std::move(zone), {}};
    const std::uint32_t stations = 1 + rng_.below(count == 1 ? 6 : 4);
    // The order of the names is not the order of their numbers.
    for (std::uint32_t j = 0; j < stations; ++j) {
      system.stations.push_back(fmt::format("ST-{}", (j * 7 + 5) % 11));
    }
    states_.emplace_back(stations);
    held_back_until_.push_back(0);
    input_.systems.push_back(std::move(system));
  }
}

void Generator::draw_settings() {
  constexpr std::array kSources = {Source::kFiles, Source::kFiles, Source::kLog, Source::kFeed};
  input_.source = is_topic_ ? Source::kTopic : one_of(rng_, kSources);
  input_.closes_windows = rng_.chance(0.7);
  if (input_.systems.size() == 1 && rng_.chance(0.3)) input_.rule.layout = Layout::kPlain;
  if (rng_.chance(0.2)) input_.rule.path_time = PathTime::kEnd;
  const Windows windows = one_of(rng_, kWindows);
  input_.task.windows.length = windows.length;
  input_.task.windows.slide = windows.slide;
  input_.task.is_recorded = input_.is_of_files();
}

void Generator::draw_character() {
  std::size_t stations = 0;
  for (const System& system : input_.systems) stations += system.stations.size();
  const Seconds panes = rng_.between(3, 24);
  const std::int64_t polls =
      std::max<std::int64_t>(4, rng_.between(40, 400) / static_cast<std::int64_t>(stations));
  is_.span = panes * input_.task.windows.slide;
  is_.interval = std::max<Seconds>(1, is_.span / polls);

  const Zone& zone = input_.systems.front().zone;
  const std::vector<Seconds> changes = clock_changes(zone);
  is_.begin = kYear2024 + rng_.between(0, 300 * kDay);
  if (!changes.empty() && rng_.chance(0.6)) {
    const Seconds before = rng_.between(0, is_.span);  // drawn first by every compiler
    is_.begin = one_of(rng_, changes) - before;
  }

  constexpr std::array kParts = {0.4, 1.0, 2.0, 5.0, 12.0};
  const auto some = [&](Seconds of) {
    const auto wanted = static_cast<Seconds>(static_cast<double>(of) * one_of(rng_, kParts));
    return std::clamp<Seconds>(wanted, 1, 6 * kHour);
  };
  input_.task.delay = some(is_.interval);
  input_.task.max_gap = some(is_.interval);

  const auto at_most = [&](double most) { return rng_.chance(0.3) ? 0 : rng_.uniform(0, most); };
  is_.missing = at_most(0.2);
  is_.lagging = at_most(0.5);
  is_.too_late = at_most(0.1);
  is_.repeated = at_most(0.1);
  is_.conflicting = at_most(0.08);
  is_.unreadable = at_most(0.06);
  is_.future = at_most(0.02);
  is_.lone_jump = input_.is_of_files() ? at_most(0.02) : 0;
  is_.lasting = rng_.uniform(0.2, 0.9);
  for (Seconds& until : held_back_until_) {
    if (rng_.chance(0.15)) until = is_.begin + rng_.between(0, is_.span);
  }
}

// How long nothing is heard of anybody, now and then.
Seconds Generator::silence() {
  if (rng_.chance(0.97)) return 0;
  if (input_.is_of_files() && rng_.chance(0.3)) return rng_.between(25 * kHour, 9 * kDay);
  return rng_.between(1, 4 * input_.task.windows.length + 2 * input_.task.delay);
}

void Generator::send(Entry entry, Seconds at) {
  Seconds lag = 0;
  if (rng_.chance(is_.too_late)) {
    lag = input_.task.delay + rng_.between(0, 3 * (input_.task.delay + is_.interval));
  } else if (rng_.chance(is_.lagging)) {
    lag = rng_.between(0, input_.task.delay);
  }
  sent_.push_back({std::max(at + lag, held_back_until_[entry.system]), entry});
}

// What makes a record one that no station would send.
void Generator::spoil(Entry& entry, Seconds at) {
  if (rng_.chance(is_.unreadable)) {
    entry.unreadable = is_topic_ ? one_of(rng_, kTopicReasons) : one_of(rng_, kReaderReasons);
  } else if (rng_.chance(is_.future)) {
    // Around the five minutes that are allowed, or far beyond them.
    entry.observed_at = rng_.chance(0.5) ? at + rng_.between(298, 303) + is_.interval
                                         : at + 20 * 365 * kDay + rng_.between(0, kDay);
  } else if (rng_.chance(is_.lone_jump)) {
    entry.observed_at = at + kDay + rng_.between(-is_.interval, 200 * kDay);
  }
}

void Generator::observe(std::uint32_t system, std::uint32_t station, Seconds at) {
  StationState& state = states_[system][station];
  if (state.silent_until == 0) {  // the first time
    state.silent_until = 1;
    state.counts = {static_cast<std::int16_t>(rng_.below(8)),
                    static_cast<std::int16_t>(rng_.chance(0.2) ? -1 : rng_.between(0, 9))};
  }
  if (at < state.silent_until) return;
  if (rng_.chance(0.01)) state.silent_until = at + rng_.between(1, 3 * input_.task.max_gap);
  if (!rng_.chance(is_.lasting)) {
    const std::int64_t moved = state.counts.bikes + rng_.between(-3, 3);
    state.counts.bikes = static_cast<std::int16_t>(std::max<std::int64_t>(0, moved));
  }
  if (rng_.chance(is_.missing)) return;

  Entry entry{system, station, at, state.counts, std::nullopt};
  spoil(entry, at);
  send(entry, at);
  if (rng_.chance(is_.repeated)) send(entry, at);
  if (rng_.chance(is_.conflicting)) {
    entry.counts.bikes = static_cast<std::int16_t>(rng_.below(8));
    if (rng_.chance(0.5)) entry.counts.racks = static_cast<std::int16_t>(rng_.below(9));
    send(entry, at);
  }
}

void Generator::into_files() {
  const std::size_t files = 1 + rng_.below(3);
  // Long after everything but what is meant to be in the future.
  const Seconds read_at = is_.begin + 2 * 365 * kDay;
  for (std::size_t i = 0; i < files; ++i) {
    input_.parts.push_back({fmt::format("day-{}.csv", i), read_at, {}, 0});
  }
  std::vector<std::size_t> ends(files, sent_.size());
  for (std::size_t i = 0; i + 1 < files; ++i) {
    ends[i] = rng_.below(static_cast<std::uint32_t>(sent_.size() + 1));
  }
  std::ranges::sort(ends);
  std::size_t file = 0;
  for (std::size_t i = 0; i < sent_.size(); ++i) {
    while (i >= ends[file]) ++file;
    input_.parts[file].entries.push_back(sent_[i].entry);
  }
}

void Generator::into_polls() {
  for (const Sent& one : sent_) {
    const Seconds after = one.arrives - is_.begin;
    const Seconds read_at = is_.begin + (after + is_.interval - 1) / is_.interval * is_.interval;
    if (input_.parts.empty() || input_.parts.back().read_at != read_at) {
      input_.parts.push_back({"feed", read_at, {}, 0});
    }
    input_.parts.back().entries.push_back(one.entry);
  }
}

Input Generator::run() {
  draw_systems();
  draw_settings();
  draw_character();
  Seconds silent_for = 0;
  for (Seconds t = 0; t < is_.span; t += is_.interval) {
    silent_for += silence();
    for (std::uint32_t system = 0; system < states_.size(); ++system) {
      for (std::uint32_t station = 0; station < states_[system].size(); ++station) {
        // Stations of a feed without a time of its own differ by some seconds.
        const Seconds jitter = rng_.chance(0.3) ? rng_.between(0, is_.interval - 1) : 0;
        observe(system, station, is_.begin + silent_for + t + jitter);
      }
    }
  }
  std::ranges::stable_sort(sent_, {}, &Sent::arrives);
  if (input_.is_of_files()) {
    into_files();
  } else {
    into_polls();
  }
  std::int64_t records = 0;
  for (Part& part : input_.parts) {
    part.first_record = records;
    records += static_cast<std::int64_t>(part.entries.size());
  }
  return std::move(input_);
}

}  // namespace

TaskSettings Input::task_of(const System& system) const {
  TaskSettings settings = task;
  settings.windows.hour_phase = system.zone.hour_phase();
  return settings;
}

Input generate(Rng rng) { return Generator(rng, false).run(); }
Input generate_topic(Rng rng) { return Generator(rng, true).run(); }

std::int32_t partition_of(const Input& input, const Entry& entry, std::int32_t partitions) {
  const System& system = input.systems[entry.system];
  const std::string key = system.name + system.stations[entry.station];
  return static_cast<std::int32_t>(hash64(key) % static_cast<std::uint64_t>(partitions));
}

Input of_partition(const Input& input, std::int32_t partition, const PartitionCounts& counts) {
  Input part = input;
  std::int64_t records = 0;
  for (std::size_t i = 0; i < part.parts.size(); ++i) {
    Part& each = part.parts[i];
    std::erase_if(each.entries, [&](const Entry& entry) {
      return partition_of(input, entry, counts[i]) != partition;
    });
    each.first_record = records;
    records += static_cast<std::int64_t>(each.entries.size());
  }
  return part;
}

namespace {

std::string message_of(const System& system, const Entry& entry) {
  const std::string_view station = system.stations[entry.station];
  const auto fields = [&](std::string_view bikes) {
    std::string text = fmt::format(R"("system":"{}","bikes":{})", system.name, bikes);
    if (entry.counts.racks != Counts::kNoRacks) {
      text += fmt::format(R"(,"racks":"{}")", entry.counts.racks);
    }
    return text;
  };
  const std::string id = fmt::format(R"("station_id":"{}",)", station);
  const std::string time = fmt::format(R"(,"observed_at":{})", entry.observed_at);
  const std::string bikes = fmt::format("{}", entry.counts.bikes);
  if (!entry.unreadable) return "{" + id + fields(bikes) + time + "}";
  switch (*entry.unreadable) {
    case Reason::kNotUtf8:
      return "{" + id + "\"x\":\"\xff\"," + fields(bikes) + time + "}";
    case Reason::kTooDeep:
      return "{" + id + "\"x\":" + std::string(40, '[') + std::string(40, ']') + "," +
             fields(bikes) + time + "}";
    case Reason::kBadBikes:
      return "{" + id + fields("-1") + time + "}";
    case Reason::kMissingStation:
      return "{" + fields(bikes) + time + "}";
    case Reason::kMissingTime:
      return "{" + id + fields(bikes) + "}";
    default:
      return "{" + id + fields(bikes) + time;  // not_json
  }
}

}  // namespace

std::string raw_of(const Input& input, const Entry& entry) {
  const System& system = input.systems[entry.system];
  if (input.source == Source::kTopic) return message_of(system, entry);
  return fmt::format("{},{},{},{},{}", system.name, system.stations[entry.station],
                     entry.observed_at, entry.counts.bikes, entry.counts.racks);
}

}  // namespace bikeflow::sim
