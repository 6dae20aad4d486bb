#include "sim/machine.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "base/overloaded.h"
#include "model/names.h"
#include "pipeline/checkpoint_name.h"

namespace bikeflow::sim {
namespace {

constexpr Seconds kNextStart = 10 * kMinute;  // of the wall clock that reads files

JobSettings job_settings(const Input& input) {
  return {.name = input.is_of_files() ? "backfill" : "feed",
          .source = input.is_of_files() ? "backfill" : "feed",
          .lake_id = "5eed5eed5eed5eed5eed5eed5eed5eed",
          .lake = input.rule};
}

bool is_yes(const Result<Done>& done) { return done && *done == Done::kYes; }

}  // namespace

// One life of the program.
class Process {
 public:
  explicit Process(Machine& machine)
      : machine_(machine), input_(machine.input_), job_(job_settings(input_)) {}

  // kYes: the input was read to its end, and everything is published.
  Result<Done> run();

 private:
  struct Cut {
    std::size_t part = 0, begin = 0, end = 0;
  };

  Result<Done> start();
  void list_inputs();
  [[nodiscard]] Result<Done> close_idle();
  [[nodiscard]] std::optional<Cut> next_cut();
  [[nodiscard]] std::optional<Cut> next_poll();
  Result<void> read(const Cut& cut);
  [[nodiscard]] Batch batch_of(const Cut& cut, std::uint32_t system, const Position& first);
  Result<void> end_input();
  Result<void> take_files(Partition& partition);
  Result<Done> commit();
  Result<Done> execute(std::vector<Effect> effects);
  Partition& partition_of(std::uint32_t system);

  [[nodiscard]] bool has_ended() const {
    return std::ranges::all_of(job_.inputs(), &InputState::is_done);
  }
  [[nodiscard]] Seconds now_at(std::size_t part) const {
    return input_.parts[part].read_at + (input_.is_of_files() ? kNextStart * machine_.lives_ : 0);
  }

  Machine& machine_;
  const Input& input_;
  Job job_;
  std::vector<Names> names_{input_.systems.size()};  // the reader's, by system
};

Partition& Process::partition_of(std::uint32_t system) {
  const System& s = input_.systems[system];
  Partition* const found = job_.find(s.name);
  return found != nullptr ? *found : job_.add(s.name, s.zone, input_.task_of(s));
}

void Process::list_inputs() {
  const auto list = [&](const std::string& name, bool is_done) {
    InputState state;
    state.name = name;
    state.is_done = is_done;
    job_.inputs().push_back(std::move(state));
  };
  if (!input_.is_of_files()) {
    list("feed", false);
    // A feed's systems are known before anything is read; those of files, when they are met.
    for (std::uint32_t i = 0; i < input_.systems.size(); ++i) partition_of(i);
    return;
  }
  for (const Part& file : input_.parts) list(file.name, file.entries.empty());
}

Result<Done> Process::start() {
  machine_.history_ = {};
  const auto name = machine_.conduct_.choose_checkpoint(machine_.disk_);
  if (!name) {
    list_inputs();
    return Done::kYes;
  }
  const auto& checkpoints = machine_.disk_.checkpoints();
  const auto found = checkpoints.find(*name);
  if (found == checkpoints.end()) return fail("the checkpoint {} is not there", *name);
  Result<Job> restored = Job::restore(found->second);
  if (!restored) return with_context(*name, restored.error());
  job_ = *std::move(restored);
  machine_.history_ = machine_.ledger_.at(*name);
  machine_.conduct_.look_over(job_);
  if (machine_.conduct_.publishes_due_at_start()) {
    if (Result<Done> done = execute(job_.publish_due()); !is_yes(done)) return done;
  }
  job_.published();
  for (std::uint32_t i = 0; i < input_.systems.size(); ++i) {
    const Partition* const partition = job_.find(input_.systems[i].name);
    if (partition == nullptr) continue;
    const Names& names = partition->task().names();
    for (std::uint32_t j = 0; j < names.size(); ++j) names_[i].intern(names.at(j));
  }
  if (machine_.conduct_.skips_a_batch_at_start()) {
    if (const auto cut = next_cut()) {
      InputState& state = job_.inputs()[input_.is_of_files() ? cut->part : 0];
      state.records += static_cast<std::int64_t>(cut->end - cut->begin);
    }
  }
  return Done::kYes;
}

// Which hours are closed before the next poll: by the clock's whim, or as it was decided before.
Result<Done> Process::close_idle() {
  if (input_.is_of_files() || has_ended()) return Done::kYes;
  History& history = machine_.history_;
  const std::size_t before_poll = history.polls.size();
  const std::size_t closes_before = history.closes.size();
  const auto close = [&](const IdleClose& decided) {
    partition_of(decided.system).task().close_up_to(decided.end, ClosedBy::kIdle);
    history.closes.push_back(decided);
  };
  if (machine_.script_ != nullptr) {
    const std::vector<IdleClose>& closes = machine_.script_->closes;
    while (history.closes.size() < closes.size() &&
           closes[history.closes.size()].before_poll == before_poll) {
      close(closes[history.closes.size()]);
    }
  } else {
    const auto next = next_cut();
    const WindowRule& windows = input_.task.windows;
    const Seconds from = history.polls.empty() ? input_.parts.front().read_at - windows.length
                                               : input_.parts[history.polls.back()].read_at;
    const Seconds to = next ? input_.parts[next->part].read_at : from + 3 * windows.length;
    for (std::uint32_t i = 0; i < input_.systems.size(); ++i) {
      if (!machine_.rng_.chance(machine_.closes_idle_)) continue;
      const Seconds now = machine_.rng_.between(from, std::max(from, to));
      const Task& task = partition_of(i).task();
      const Seconds end = task.settings().windows.pane_start(now - input_.task.delay);
      if (end > task.watermark().value()) close({before_poll, i, end});
    }
  }
  if (history.closes.size() == closes_before) return Done::kYes;
  for (const auto& partition : job_.partitions()) {
    if (Result<void> taken = take_files(*partition); !taken) return std::unexpected(taken.error());
  }
  return machine_.rng_.chance(0.7) ? commit() : Done::kYes;
}

std::optional<Process::Cut> Process::next_poll() {
  std::size_t part = 0;
  if (input_.source == Source::kLog) {
    const std::int64_t position = job_.inputs().front().records;
    part = static_cast<std::size_t>(
        std::ranges::lower_bound(input_.parts, position, {}, &Part::first_record) -
        input_.parts.begin());
  } else if (machine_.script_ != nullptr) {
    const std::size_t number = machine_.history_.polls.size();
    if (number >= machine_.script_->polls.size()) return std::nullopt;
    part = machine_.script_->polls[number];
  } else {
    part = machine_.next_poll_;
  }
  if (part >= input_.parts.size()) return std::nullopt;
  return Cut{part, 0, input_.parts[part].entries.size()};
}

// What is to be read next; nothing at the end.
std::optional<Process::Cut> Process::next_cut() {
  if (!input_.is_of_files()) return next_poll();
  for (std::size_t i = 0; i < job_.inputs().size(); ++i) {
    if (job_.inputs()[i].is_done) continue;
    const auto begin = static_cast<std::size_t>(job_.inputs()[i].records);
    const auto wanted = static_cast<std::size_t>(machine_.rng_.between(1, machine_.most_read_));
    const std::size_t size = input_.parts[i].entries.size();
    if (begin < size) return Cut{i, begin, std::min(size, begin + wanted)};
  }
  return std::nullopt;
}

Batch Process::batch_of(const Cut& cut, std::uint32_t system, const Position& first) {
  Batch batch;
  batch.system = system;
  batch.first = first;
  std::string raw;
  for (std::size_t i = cut.begin; i < cut.end; ++i) {
    const Entry& entry = input_.parts[cut.part].entries[i];
    if (entry.system != system || entry.unreadable) continue;
    const std::string& station = input_.systems[system].stations[entry.station];
    if (names_[system].find(station) == Names::kNone) batch.new_stations.push_back(station);
    Record record;
    record.observed_at = entry.observed_at;
    record.counts = entry.counts;
    record.station = names_[system].intern(station);
    record.offset = static_cast<std::uint32_t>(i - cut.begin);
    record.raw_begin = static_cast<std::uint32_t>(raw.size());
    raw += raw_of(input_, entry);
    record.raw_size = static_cast<std::uint32_t>(raw.size()) - record.raw_begin;
    batch.records.push_back(record);
  }
  batch.raw = std::make_shared<const std::string>(std::move(raw));
  return batch;
}

Result<void> Process::read(const Cut& cut) {
  const Part& part = input_.parts[cut.part];
  InputState& state = job_.inputs()[input_.is_of_files() ? cut.part : 0];
  const Position first{input_.is_of_files() ? static_cast<std::int32_t>(cut.part) : 0,
                       state.records};
  std::vector<DeadLetter> letters;
  for (std::size_t i = cut.begin; i < cut.end; ++i) {
    const Entry& entry = part.entries[i];
    if (!entry.unreadable) continue;
    const Position position{first.partition,
                            first.offset + static_cast<std::int64_t>(i - cut.begin)};
    letters.push_back({part.name,
                       position,
                       now_at(cut.part),
                       {*entry.unreadable, "as it came", std::nullopt},
                       raw_of(input_, entry)});
  }
  job_.add_dead_letters(std::move(letters));
  for (std::uint32_t system = 0; system < input_.systems.size(); ++system) {
    const Batch batch = batch_of(cut, system, first);
    if (batch.records.empty()) continue;
    Partition& partition = partition_of(system);
    partition.task().observe(batch, part.name, now_at(cut.part));
    if (Result<void> taken = take_files(partition); !taken) return taken;
  }
  state.records += static_cast<std::int64_t>(cut.end - cut.begin);
  if (input_.is_of_files()) {
    state.is_done = cut.end == part.entries.size();
  } else {
    machine_.history_.polls.push_back(cut.part);
    machine_.next_poll_ = cut.part + 1;
  }
  return {};
}

Result<void> Process::take_files(Partition& partition) {
  for (const FileRequest& request : partition.take_files()) {
    Result<std::string> bytes = encode_hourly(request.rows, request.metadata);
    if (!bytes) return std::unexpected(bytes.error());
    job_.add_due({request.path, *std::move(bytes)});
  }
  return {};
}

Result<void> Process::end_input() {
  for (const auto& partition : job_.partitions()) {
    partition->task().end_input(now_at(input_.parts.size() - 1), input_.closes_windows);
    if (Result<void> taken = take_files(*partition); !taken) return taken;
  }
  for (InputState& state : job_.inputs()) state.is_done = true;
  return {};
}

Result<Done> Process::execute(std::vector<Effect> effects) {
  Conduct& conduct = machine_.conduct_;
  Disk& disk = machine_.disk_;
  conduct.arrange(effects);
  for (const Effect& effect : effects) {
    const Done done =
        std::visit(Overloaded{
                       [&](const WriteCheckpoint& e) { return conduct.write_checkpoint(disk, e); },
                       [&](const SetCurrent& e) { return conduct.set_current(disk, e); },
                       [&](const PutFiles& e) { return conduct.put(disk, e); },
                       [&](const RemoveOldCheckpoints&) {
                         return conduct.remove_old(disk, job_.checkpoint_name());
                       },
                   },
                   effect);
    if (done != Done::kYes) return done;
  }
  return Done::kYes;
}

Result<Done> Process::commit() {
  std::string name = checkpoint_name(job_.sequence() + 1, machine_.rng_.next());
  machine_.ledger_[name] = machine_.history_;
  Result<std::vector<Effect>> effects = job_.commit(std::move(name));
  if (!effects) return std::unexpected(effects.error());
  Result<Done> done = execute(*std::move(effects));
  if (is_yes(done)) job_.published();
  return done;
}

Result<Done> Process::run() {
  if (Result<Done> done = start(); !is_yes(done)) return done;
  for (;;) {
    if (Result<Done> done = close_idle(); !is_yes(done)) return done;
    const auto cut = next_cut();
    if (!cut) break;
    if (Result<void> done = read(*cut); !done) return std::unexpected(done.error());
    if (machine_.disk_.faults().kills_reading()) return Done::kKilled;
    if (!machine_.rng_.chance(machine_.commits_)) continue;
    if (Result<Done> done = commit(); !is_yes(done)) return done;
  }
  if (Result<void> done = end_input(); !done) return std::unexpected(done.error());
  if (Result<Done> done = commit(); !is_yes(done)) return done;
  return commit();  // drops what was due in the one before
}

Machine::Machine(const Input& input, Conduct& conduct, const Faults& faults, Rng rng)
    : input_(input), conduct_(conduct), rng_(rng), disk_(faults) {
  constexpr std::array kCommits = {0.05, 0.2, 0.5, 1.0};
  constexpr std::array kReads = {1, 5, 30, 200};
  commits_ = kCommits[rng_.below(4)];
  most_read_ = kReads[rng_.below(4)];
  closes_idle_ = rng_.chance(0.5) ? rng_.uniform(0, 0.3) : 0;
}

Result<void> Machine::run() {
  Faults& faults = disk_.faults();
  for (;;) {
    ++lives_;
    ++faults.counts().lives;
    if (lives_ > faults.most_lives()) faults.stop();
    if (lives_ > faults.most_lives() + 1) return fail("a run without faults did not end");
    Result<Done> done = Process(*this).run();
    if (!done) return std::unexpected(done.error());
    if (*done == Done::kYes) return {};
    if (faults.cuts_power()) disk_.cut_power();
    next_poll_ += rng_.below(3);  // what a feed showed while nobody looked
  }
}

}  // namespace bikeflow::sim
