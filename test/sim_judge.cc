#include "test/sim_judge.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/hash.h"
#include "lake/metadata_keys.h"
#include "lake/parquet.h"
#include "lake/paths.h"
#include "lake/row_hash.h"
#include "pipeline/checkpoint_name.h"
#include "test/reference.h"

namespace bikeflow::sim {
namespace {

constexpr std::size_t kMostViolations = 5;

struct ExpectedLetter {
  Reason reason = Reason::kNotJson;
  std::string source;
  std::string record;
  Seconds read_at = 0;
};

// What the lake must hold.
struct Truth {
  struct OfSystem {
    reference::Input input;
    reference::Outcome outcome;
  };
  std::vector<OfSystem> systems;
  std::map<Position, ExpectedLetter> letters;
  std::map<Position, std::string> sources;  // the input's name, of every record
};

reference::Settings reference_settings(const Input& input, const System& system) {
  reference::Settings settings;
  settings.length = input.task.windows.length;
  settings.slide = input.task.windows.slide;
  settings.delay = input.task.delay;
  settings.max_gap = input.task.max_gap;
  settings.hour_phase = system.zone.hour_phase();
  settings.is_file = input.is_of_files();
  settings.closes_all = input.closes_windows;
  return settings;
}

// The parts of the input that count, in their order: all, but for polls that nobody kept.
std::vector<std::size_t> parts_of(const Input& input, const Evidence& evidence) {
  if (input.source == Source::kFeed) return *evidence.polls;
  std::vector<std::size_t> parts(input.parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) parts[i] = i;
  return parts;
}

// Whether a record of a log aged out before it was read.
bool is_lost(const Evidence& evidence, std::size_t offset) {
  return evidence.clocks != nullptr && offset < evidence.clocks->size() &&
         (*evidence.clocks)[offset] == LogHistory::kLost;
}

Truth truth_of(const Input& input, const Evidence& evidence) {
  Truth truth;
  truth.systems.resize(input.systems.size());
  for (std::size_t i = 0; i < input.systems.size(); ++i) {
    truth.systems[i].input.stations = input.systems[i].stations;
  }
  std::map<Position, ExpectedLetter> as_letters;  // every record, if it should become one
  Position next{evidence.partition, 0};
  auto close = evidence.closes->begin();
  const auto close_before = [&](std::size_t poll) {
    for (; close != evidence.closes->end() && close->before_poll <= poll; ++close) {
      reference::Input& of_system = truth.systems[close->system].input;
      of_system.closes.push_back({of_system.arrivals.size(), close->end});
    }
  };
  const std::vector<std::size_t> parts = parts_of(input, evidence);
  const bool is_log = evidence.clocks != nullptr;
  for (std::size_t number = 0; number < parts.size(); ++number) {
    if (!is_log) close_before(number);
    const Part& part = input.parts[parts[number]];
    if (input.is_of_files()) next = {static_cast<std::int32_t>(number), 0};
    for (const Entry& entry : part.entries) {
      const Position position = next;
      const auto offset = static_cast<std::size_t>(position.offset);
      if (is_log) close_before(offset);
      ++next.offset;
      if (is_lost(evidence, offset)) continue;
      truth.sources[position] = part.name;
      const ExpectedLetter letter{entry.unreadable.value_or(Reason::kNotJson), part.name,
                                  raw_of(input, entry), part.read_at};
      if (entry.unreadable) {
        truth.letters[position] = letter;
        continue;
      }
      as_letters[position] = letter;
      reference::Input& of_system = truth.systems[entry.system].input;
      of_system.arrivals.push_back({entry.observed_at, position, entry.station, entry.counts});
      of_system.clock.push_back(
          is_log && offset < evidence.clocks->size() ? (*evidence.clocks)[offset] : part.read_at);
    }
  }
  close_before(SIZE_MAX);

  for (std::size_t i = 0; i < input.systems.size(); ++i) {
    Truth::OfSystem& system = truth.systems[i];
    system.outcome = reference::evaluate(system.input, reference_settings(input, input.systems[i]));
    const auto expect = [&](const std::vector<Position>& positions, Reason reason) {
      for (const Position& position : positions) {
        truth.letters[position] = as_letters[position];
        truth.letters[position].reason = reason;
      }
    };
    expect(system.outcome.future, Reason::kFuture);
    expect(system.outcome.too_far, Reason::kTimeJump);
    for (LateRow& late : system.outcome.late) late.source = truth.sources[late.position];
  }
  return truth;
}

bool is_marker(const std::string& path) { return name_of(path) == kSuccessName; }
bool is_hourly(const std::string& path) {
  return path.starts_with(std::string(kHourlyFolder) + "/");
}

std::string text_of(const HourlyRow& r) {
  return fmt::format(
      "[{} {}) {}: rental {} return {} unobserved {} open {} close {} min {} max {} observed {} "
      "empty {} full {} largest {}/{}",
      format_utc(r.window.start), format_utc(r.window.end), r.station_id, r.total_rental,
      r.total_return, r.unobserved_change, r.bikes_open, r.bikes_close, r.bikes_min, r.bikes_max,
      r.observed_seconds, r.empty_seconds, r.full_seconds, r.largest_rental, r.largest_return);
}
std::string text_of(const LateRow& r) {
  return fmt::format("{} at {} counts {}/{} watermark {} from {} {}/{}", r.station_id,
                     format_utc(r.observed_at), r.counts.bikes, r.counts.racks,
                     format_utc(r.watermark), r.source, r.position.partition, r.position.offset);
}

struct HourlyFile {
  std::string path;
  Window window;
  std::vector<HourlyRow> rows;
  std::map<std::string, std::string, std::less<>> metadata;
};

class Judge {
 public:
  Judge(const Input& input, const Evidence& evidence)
      : input_(input),
        evidence_(evidence),
        lake_(*evidence.lake),
        truth_(truth_of(input, evidence)) {}

  Verdict run();

 private:
  template <class... Args>
  void accuse(fmt::format_string<Args...> format, Args&&... args) {
    if (verdict_.violations.size() < kMostViolations) {
      verdict_.violations.push_back(fmt::format(format, std::forward<Args>(args)...));
    }
  }
  void read_lake();
  void read_hourly(const std::string& path, const std::string& bytes);
  void look_at_rows(std::size_t system);
  void look_at_chain(std::size_t system);
  template <class Row>
  void compare(std::string_view what, const std::vector<Row>& found,
               const std::vector<Row>& expected);
  void look_at_dead_letters();
  void look_at_sights();
  void look_at_state();
  void look_at_markers(std::size_t system, const Task* task);
  void look_at_counters(std::size_t system, const Task& task);
  void count();

  const Input& input_;
  const Evidence& evidence_;
  const Disk::Lake& lake_;
  Truth truth_;
  std::vector<std::vector<HourlyFile>> hourly_{input_.systems.size()};  // by window
  std::vector<std::vector<LateRow>> late_{input_.systems.size()};       // by position
  std::vector<DeadLetter> letters_;
  std::map<std::string, std::set<std::string>> folders_;  // of hours: the files in each
  std::int64_t files_ = 0;
  Verdict verdict_;
};

void Judge::read_hourly(const std::string& path, const std::string& bytes) {
  Result<RowFile<HourlyRow>> read = decode_hourly(bytes);
  if (!read) return accuse("{}: {}", path, read.error().message);
  HourlyFile file{path, {}, std::move(read->rows), {}};
  for (auto& [key, value] : read->metadata) file.metadata[key] = value;
  if (file.rows.empty()) return accuse("{}: without a row", path);
  file.window = file.rows.front().window;
  const auto system = std::ranges::find(
      input_.systems, file.metadata[std::string(metadata::kSystem)], &System::name);
  if (system == input_.systems.end()) return accuse("{}: of no known system", path);
  const std::string expected_path =
      hourly_path(input_.rule, system->zone, system->name,
                  input_.is_of_files() ? "backfill" : "feed", evidence_.partition, file.window);
  if (path != expected_path) accuse("{}: its rows belong to {}", path, expected_path);
  for (const HourlyRow& row : file.rows) {
    if (row.window != file.window) accuse("{}: rows of several windows", path);
    if (row.bikes_open + row.total_return - row.total_rental + row.unobserved_change !=
        row.bikes_close) {
      accuse("{}: does not balance: {}", path, text_of(row));
    }
  }
  folders_[std::string(folder_of(path))].insert(path);
  hourly_[static_cast<std::size_t>(system - input_.systems.begin())].push_back(std::move(file));
}

void Judge::read_lake() {
  for (const auto& [path, bytes] : lake_) {
    if (is_marker(path)) {
      if (!bytes.empty()) accuse("{}: is not empty", path);
      continue;
    }
    ++files_;
    if (is_hourly(path)) {
      read_hourly(path, bytes);
    } else if (path.starts_with(std::string(kLateFolder) + "/")) {
      const auto read = decode_late(bytes);
      if (!read) {
        accuse("{}: {}", path, read.error().message);
        continue;
      }
      const std::string system = system_of_path(path).value_or(input_.systems.front().name);
      const auto at = std::ranges::find(input_.systems, system, &System::name);
      if (at == input_.systems.end()) {
        accuse("{}: of no known system", path);
        continue;
      }
      auto& late = late_[static_cast<std::size_t>(at - input_.systems.begin())];
      late.insert(late.end(), read->rows.begin(), read->rows.end());
    } else {
      const auto read = decode_dead_letters(bytes);
      if (!read) {
        accuse("{}: {}", path, read.error().message);
        continue;
      }
      letters_.insert(letters_.end(), read->rows.begin(), read->rows.end());
    }
  }
  for (auto& files : hourly_) std::ranges::sort(files, {}, &HourlyFile::window);
}

template <class Row>
void Judge::compare(std::string_view what, const std::vector<Row>& found,
                    const std::vector<Row>& expected) {
  const auto [a, b] = std::ranges::mismatch(found, expected);
  if (a == found.end() && b == expected.end()) return;
  accuse("{}: {} rows, expected {}; the first difference:\n    found    {}\n    expected {}", what,
         found.size(), expected.size(), a == found.end() ? "nothing" : text_of(*a),
         b == expected.end() ? "nothing" : text_of(*b));
}

void Judge::look_at_rows(std::size_t system) {
  const std::string& name = input_.systems[system].name;
  std::vector<HourlyRow> rows;
  for (const HourlyFile& file : hourly_[system]) {
    rows.insert(rows.end(), file.rows.begin(), file.rows.end());
  }
  compare(name + " hourly", rows, truth_.systems[system].outcome.rows);
  if (input_.task.windows.slide == input_.task.windows.length) {
    std::map<std::string, std::int32_t> closed_with;
    for (const HourlyRow& row : rows) {
      const auto [before, is_first] = closed_with.try_emplace(row.station_id, row.bikes_open);
      if (before->second != row.bikes_open)
        accuse("{}: does not go on from {}: {}", name, before->second, text_of(row));
      before->second = row.bikes_close;
    }
  }
  std::ranges::sort(late_[system], {}, &LateRow::position);
  std::vector<LateRow> expected = truth_.systems[system].outcome.late;
  std::ranges::sort(expected, {}, &LateRow::position);
  compare(name + " late", late_[system], expected);
}

// Each file says what it holds, and which was before it.
void Judge::look_at_chain(std::size_t system) {
  std::string before_name;
  std::string before_hash;
  for (const HourlyFile& file : hourly_[system]) {
    const auto expect = [&](std::string_view key, const std::string& expected) {
      const auto found = file.metadata.find(key);
      if (found == file.metadata.end() || found->second != expected) {
        accuse("{}: metadata {} is '{}', expected '{}'", file.path, key,
               found == file.metadata.end() ? "absent" : found->second, expected);
      }
    };
    const std::string hash = format_hex(hash_rows(file.rows));
    expect(metadata::kRows, fmt::format("{}", file.rows.size()));
    expect(metadata::kRowHash, hash);
    expect(metadata::kPreviousName, before_name);
    expect(metadata::kPreviousRowHash, before_hash);
    before_name = file.path;
    before_hash = hash;
  }
}

void Judge::look_at_dead_letters() {
  std::set<Position> seen;
  for (const DeadLetter& letter : letters_) {
    const Position& at = letter.position;
    if (!seen.insert(at).second) accuse("dead letter {}/{} twice", at.partition, at.offset);
    const auto found = truth_.letters.find(at);
    if (found == truth_.letters.end()) {
      accuse("dead letter {}/{} ({}) that should be none", at.partition, at.offset,
             reason_word(letter.refusal.reason));
      continue;
    }
    const ExpectedLetter& expected = found->second;
    // Files have no time of their own: the wall clock goes on from start to start.
    const bool is_in_time = input_.is_of_files() ? letter.received_at >= expected.read_at
                                                 : letter.received_at == expected.read_at;
    if (letter.refusal.reason != expected.reason || letter.source != expected.source ||
        letter.record != expected.record || !is_in_time) {
      accuse("dead letter {}/{}: {} '{}' of {} at {}, expected {} '{}' of {} at {}", at.partition,
             at.offset, reason_word(letter.refusal.reason), letter.record, letter.source,
             format_utc(letter.received_at), reason_word(expected.reason), expected.record,
             expected.source, format_utc(expected.read_at));
    }
  }
  if (seen.size() < truth_.letters.size()) {
    accuse("{} dead letters, expected {}", seen.size(), truth_.letters.size());
  }
}

// What was seen once is there in the end, in the same bytes; and an hour that is said to be
// complete is and stays so.
void Judge::look_at_sights() {
  std::set<std::string> seen, gone;
  std::map<std::string, const Sight*> undone;  // the last time that an operator removed it
  for (const Sight& sight : *evidence_.sights) {
    if (sight.what == Sight::What::kRemoved) undone[sight.path] = &sight;
  }
  for (const Sight& sight : *evidence_.sights) {
    if (!lake_.contains(sight.path)) gone.insert(sight.path);
    const std::string folder(folder_of(sight.path));
    const std::string marker = fmt::format("{}/{}", folder, kSuccessName);
    switch (sight.what) {
      case Sight::What::kCame:
        seen.insert(sight.path);
        if (!is_marker(sight.path) || evidence_.partition >= sight.partitions) break;
        // What is written anew may be in other files.
        if (undone.contains(sight.path) && &sight < undone[sight.path]) break;
        for (const std::string& path : folders_[folder]) {
          if (!seen.contains(path)) accuse("{}: came before {}", sight.path, path);
        }
        if (folders_[folder].empty()) accuse("{}: no file there", sight.path);
        break;
      case Sight::What::kRemoved:
        gone.erase(sight.path);
        [[fallthrough]];
      case Sight::What::kWent:
        seen.erase(sight.path);
        if (sight.path != marker && seen.contains(marker)) {
          accuse("{}: went from a complete hour", sight.path);
        }
        break;
      case Sight::What::kChanged:
        accuse("{}: changed its bytes", sight.path);
        break;
    }
  }
  for (const std::string& path : gone) accuse("{}: was seen and is gone", path);
}

// Every hour that nothing can be added to any more has its marker.
void Judge::look_at_markers(std::size_t system, const Task* task) {
  if (task == nullptr || !task->has_started()) return;
  const Seconds closed_to =
      std::min(task->next_window().start, evidence_.closed_by_all - input_.task.windows.length);
  for (std::size_t i = 0; i < hourly_[system].size(); ++i) {
    const HourlyFile& file = hourly_[system][i];
    const std::string folder(folder_of(file.path));
    if (file.window.start + 3 * kHour <= closed_to &&
        !lake_.contains(folder + "/" + std::string(kSuccessName))) {
      accuse("{}: no {} though the hour is complete", folder, kSuccessName);
    }
  }
}

void Judge::look_at_counters(std::size_t system, const Task& task) {
  const reference::Outcome& expected = truth_.systems[system].outcome;
  const TaskCounters& counters = task.counters();
  const auto expect = [&](std::string_view what, std::int64_t found, std::int64_t wanted) {
    if (found != wanted) {
      accuse("{}: counted {} {}, expected {}", input_.systems[system].name, found, what, wanted);
    }
  };
  expect("records", counters.records, std::ssize(truth_.systems[system].input.arrivals));
  expect("accepted", counters.accepted, expected.accepted);
  expect("late", counters.late, std::ssize(expected.late));
  expect("repeated", counters.duplicates + counters.conflicts, expected.repeated);
  expect("refused", counters.refused, std::ssize(expected.future) + std::ssize(expected.too_far));
  expect("rows", counters.rows, std::ssize(expected.rows));
  expect("windows", counters.windows, std::ssize(hourly_[system]));
}

void Judge::look_at_state() {
  const Result<Job>& job = *evidence_.job;
  if (!job) return accuse("{}", job.error().message);
  if (!job->due().empty()) accuse("{} files are still due", job->due().size());
  if (job->files() != files_) accuse("{} files counted, {} in the lake", job->files(), files_);
  std::vector<std::int64_t> letters(kReasonCount);
  for (const auto& [position, letter] : truth_.letters) {
    ++letters[static_cast<std::size_t>(letter.reason)];
  }
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    if (job->dead_letters(reason) != letters[i]) {
      accuse("{} dead letters '{}' counted, expected {}", job->dead_letters(reason),
             reason_word(reason), letters[i]);
    }
  }
  for (std::size_t i = 0; i < input_.systems.size(); ++i) {
    const auto found = std::ranges::find_if(job->partitions(), [&](const auto& each) {
      return each->settings().system == input_.systems[i].name;
    });
    const Partition* const partition = found == job->partitions().end() ? nullptr : found->get();
    if (partition != nullptr) {
      look_at_counters(i, partition->task());
    } else if (!truth_.systems[i].input.arrivals.empty()) {
      accuse("{}: no partition", input_.systems[i].name);
    }
    look_at_markers(i, partition == nullptr ? nullptr : &partition->task());
  }
}

void Judge::count() {
  Met& met = verdict_.met;
  met.files = files_;
  met.markers = std::ssize(lake_) - files_;
  met.dead_letters = std::ssize(truth_.letters);
  met.idle_closes = std::ssize(*evidence_.closes);
  met.lost_polls = std::ssize(input_.parts) - std::ssize(parts_of(input_, evidence_));
  if (evidence_.clocks != nullptr) {
    met.aged_out = std::ranges::count(*evidence_.clocks, LogHistory::kLost);
  }
  for (const Truth::OfSystem& system : truth_.systems) {
    met.rows += std::ssize(system.outcome.rows);
    met.late += std::ssize(system.outcome.late);
    met.future += std::ssize(system.outcome.future);
    met.time_jumps += std::ssize(system.outcome.too_far);
    met.repeated += system.outcome.repeated;
    for (const HourlyRow& row : system.outcome.rows) met.unobserved += row.unobserved_change != 0;
  }
  // Two windows of one length that begin at least that apart, in one directory of one hour.
  for (const auto& files : hourly_) {
    std::map<std::string_view, Seconds> first;
    for (const HourlyFile& file : files) {
      const auto [at, is_new] = first.try_emplace(folder_of(file.path), file.window.start);
      met.shared_directories += !is_new && file.window.start - at->second >= kHour;
    }
  }
}

Verdict Judge::run() {
  read_lake();
  for (std::size_t i = 0; i < input_.systems.size(); ++i) {
    look_at_rows(i);
    look_at_chain(i);
  }
  look_at_dead_letters();
  look_at_sights();
  look_at_state();
  count();
  return std::move(verdict_);
}

}  // namespace

Verdict judge(const Input& input, const Evidence& evidence) { return Judge(input, evidence).run(); }

}  // namespace bikeflow::sim
