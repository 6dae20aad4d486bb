// A live feed's way into a lake in a simulated world with faults: every seed is a feed that is
// polled, and a program that is killed and fails over and over, and misses what the feed showed
// meanwhile. In the end, what was committed must be in the lake, no more and no less, once.
//
//   ./dev sim --seeds 100000   more of them
//   ./dev sim --seed 4711      one again
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/overloaded.h"
#include "lake/parquet.h"
#include "pipeline/checkpoint_name.h"
#include "pipeline/feed_task.h"
#include "sim/conduct.h"
#include "sim/disk.h"
#include "test/reference.h"
#include "test/sim_judge.h"
#include "test/sim_seeds.h"

namespace bikeflow::sim {
namespace {

constexpr std::uint64_t kDefaultSeeds = 300;
constexpr std::uint32_t kFeedStations = 3;

// What each generator is for: drawing more for one changes no other.
enum Purpose : std::uint64_t { kFeed = 1, kFaultsOf, kProgram };

// What one poll finds, for whoever polls then.
struct Poll {
  enum class What : std::uint8_t { kBelieved, kRejected, kNothingNew };
  What what = What::kBelieved;
  Now at;
  Round round;
};

std::vector<Poll> generate_polls(Rng rng) {
  const Seconds every = rng.chance(0.5) ? 5 * kMinute : kMinute;
  const bool is_often_silent = rng.chance(0.5);
  const std::int64_t count = rng.between(20, 150);
  std::vector<Poll> polls;
  Seconds wall = 1'723'334'400;  // 2024-08-11 09:00 in Seoul
  const Seconds began = wall;
  std::vector<std::int64_t> bikes(kFeedStations, 5);
  Poll::What what = Poll::What::kBelieved;
  for (std::int64_t i = 0; i < count; ++i) {
    wall += rng.chance(0.03) ? rng.between(0, 3 * kHour) : every;
    // A feed that is silent, or in trouble, is so for a while.
    if (!rng.chance(0.9)) {
      what = rng.chance(is_often_silent ? 0.6 : 0.1) ? Poll::What::kNothingNew
             : rng.chance(0.3)                       ? Poll::What::kRejected
                                                     : Poll::What::kBelieved;
    }
    Poll poll{what, {wall, (wall - began) * 1000}, {}};
    poll.round.observed_at = wall - rng.between(0, 30);
    if (rng.chance(0.05)) poll.round.observed_at -= rng.between(0, 3 * kHour);
    if (rng.chance(0.02)) poll.round.observed_at += kHour;
    for (std::uint32_t s = 0; s < kFeedStations; ++s) {
      if (rng.chance(0.1)) continue;
      bikes[s] = std::clamp<std::int64_t>(bikes[s] + rng.between(-2, 2), 0, 20);
      poll.round.stations.push_back({.id = fmt::format("ST-{}", s),
                                     .name = {},
                                     .place = {},
                                     .counts = {static_cast<std::int16_t>(bikes[s]), 20}});
    }
    if (rng.chance(0.1)) {
      poll.round.refused.push_back({{Reason::kBadBikes, "no number", {}}, "{}"});
    }
    polls.push_back(std::move(poll));
  }
  return polls;
}

FeedTaskSettings settings_of_task() {
  return {.system = "seoul",
          .zone = *Zone::load("Asia/Seoul"),
          .task = {},
          .lake = {},
          .lake_id = "5eed5eed5eed5eed5eed5eed5eed5eed",
          .poll_every = 5 * kMinute};
}

// What has become true: the reference computes from it what the lake must hold.
struct Committed {
  reference::Input input;
  std::map<std::int64_t, Reason> letters;  // by offset, those of the reference aside
  std::int64_t next_offset = 0;
};

// The program around the product's FeedTask: polls, commits each, and is restored from the disk.
class FeedMachine {
 public:
  FeedMachine(std::vector<Poll> polls, Conduct& conduct, const Faults& faults, Rng rng)
      : polls_(std::move(polls)), conduct_(conduct), rng_(rng), disk_(faults) {
    for (std::uint32_t s = 0; s < kFeedStations; ++s) {
      history_.input.stations.push_back(fmt::format("ST-{}", s));
    }
    empty_ = history_;
  }

  Result<void> run() {
    Faults& faults = disk_.faults();
    for (int life = 1;; ++life) {
      ++faults.counts().lives;
      if (life > faults.most_lives()) faults.stop();
      if (life > faults.most_lives() + 1) return fail("a run without faults did not end");
      const Result<Done> done = live();
      if (!done) return std::unexpected(done.error());
      if (*done == Done::kYes) return {};
      if (faults.cuts_power()) disk_.cut_power();
      next_poll_ += rng_.below(3);  // what the feed showed while nobody looked
    }
  }

  [[nodiscard]] const Disk& disk() const { return disk_; }
  [[nodiscard]] const Committed& committed() const { return history_; }
  [[nodiscard]] std::int64_t idle_closes() const { return idle_closes_; }

 private:
  // One life of the program. kYes: it has ended in good order, when the feed had no more to show.
  Result<Done> live() {
    history_ = empty_;
    std::optional<Job> job;
    if (const auto name = conduct_.choose_checkpoint(disk_)) {
      const auto found = disk_.checkpoints().find(*name);
      if (found == disk_.checkpoints().end()) return fail("the checkpoint {} is not there", *name);
      Result<Job> restored = Job::restore(found->second);
      if (!restored) return with_context(*name, restored.error());
      job = *std::move(restored);
      history_ = ledger_.at(*name);
      conduct_.look_over(*job);
      if (conduct_.publishes_due_at_start()) {
        const Done done = execute(job->publish_due(), *job);
        if (done != Done::kYes) return done;
      }
      job->published();
    }
    Result<FeedTask> task = FeedTask::open(settings_of_task(), std::move(job));
    if (!task) return std::unexpected(task.error());
    while (next_poll_ < polls_.size()) {
      take(polls_[next_poll_++], *task);
      if (disk_.faults().kills_reading()) return Done::kKilled;
      if (const auto done = commit(*task); !done || *done != Done::kYes) return done;
    }
    const Now end{polls_.back().at.wall + kDay, 0};
    task->close_windows(end);
    task->finish();
    return commit(*task);
  }

  void take(const Poll& poll, FeedTask& task) {
    const auto letter = [&](Reason reason) { history_.letters[history_.next_offset++] = reason; };
    switch (poll.what) {
      case Poll::What::kBelieved:
        for (const SeenStation& station : poll.round.stations) {
          history_.input.arrivals.push_back({poll.round.observed_at,
                                             {0, history_.next_offset++},
                                             static_cast<std::uint32_t>(station.id.back() - '0'),
                                             station.counts});
          history_.input.clock.push_back(poll.at.wall);
        }
        task.observe(poll.round, poll.at);
        break;
      case Poll::What::kRejected:
        for (std::size_t i = 0; i < poll.round.stations.size(); ++i) letter(Reason::kRoundTooSmall);
        if (poll.round.stations.empty()) letter(Reason::kRoundTooSmall);  // not without a trace
        task.reject(poll.round, {Reason::kRoundTooSmall, "", {}}, poll.at);
        break;
      case Poll::What::kNothingNew: {
        const Seconds before = task.task().watermark().value();
        task.nothing_new(poll.at);
        const Seconds after = task.task().watermark().value();
        if (after != before) {
          history_.input.closes.push_back({history_.input.arrivals.size(), after});
          ++idle_closes_;
        }
        return;
      }
    }
    for (const RefusedStation& refused : poll.round.refused) letter(refused.refusal.reason);
  }

  Result<Done> commit(FeedTask& task) {
    Job& job = task.job();
    std::string name = checkpoint_name(job.sequence() + 1, rng_.next());
    ledger_[name] = history_;
    Result<std::vector<Effect>> effects = job.commit(std::move(name), task.waiting());
    if (!effects) return std::unexpected(effects.error());
    const Done done = execute(*std::move(effects), job);
    if (done != Done::kYes) return done;
    job.published();
    task.committed();
    return Done::kYes;
  }

  Done execute(std::vector<Effect> effects, const Job& job) {
    conduct_.arrange(effects);
    for (const Effect& effect : effects) {
      const Done done = std::visit(
          Overloaded{
              [&](const WriteCheckpoint& e) { return conduct_.write_checkpoint(disk_, e); },
              [&](const SetCurrent& e) { return conduct_.set_current(disk_, e); },
              [&](const PutFiles& e) { return conduct_.put(disk_, e); },
              [&](const RemoveOldCheckpoints&) {
                return conduct_.remove_old(disk_, job.checkpoint_name());
              },
          },
          effect);
      if (done != Done::kYes) return done;
    }
    return Done::kYes;
  }

  std::vector<Poll> polls_;
  Conduct& conduct_;
  Rng rng_;
  Disk disk_;
  std::size_t next_poll_ = 0;  // that the feed will show
  Committed history_, empty_;  // of the running process, or of CURRENT
  std::map<std::string, Committed> ledger_;
  std::int64_t idle_closes_ = 0;
};

struct Outcome {
  std::vector<std::string> violations;
  std::int64_t rows = 0, late = 0, letters = 0, idle_closes = 0;
  FaultCounts faults;
  std::uint64_t fingerprint = 0;
};

// Compares the lake, as anybody would read it, with what was committed.
void judge(const FeedMachine& machine, Outcome& outcome) {
  const auto accuse = [&]<class... Args>(fmt::format_string<Args...> text, Args&&... args) {
    outcome.violations.push_back(fmt::format(text, std::forward<Args>(args)...));
  };
  const Committed& committed = machine.committed();
  const TaskSettings task;
  const reference::Outcome expected = reference::evaluate(
      committed.input, {.delay = task.delay, .max_gap = task.max_gap, .hour_phase = 0});
  std::map<std::int64_t, Reason> letters = committed.letters;
  for (const Position& at : expected.future) letters[at.offset] = Reason::kFuture;

  std::vector<HourlyRow> rows;
  std::set<std::int64_t> late;
  for (const auto& [path, bytes] : machine.disk().lake()) {
    if (const auto hour = decode_hourly(bytes)) {
      rows.insert(rows.end(), hour->rows.begin(), hour->rows.end());
    } else if (const auto of_late = decode_late(bytes)) {
      for (const LateRow& row : of_late->rows) {
        if (!late.insert(row.position.offset).second) {
          accuse("late row {} twice", row.position.offset);
        }
      }
    } else if (const auto of_letters = decode_dead_letters(bytes)) {
      for (const DeadLetter& letter : of_letters->rows) {
        const auto found = letters.find(letter.position.offset);
        if (found == letters.end() || found->second != letter.refusal.reason) {
          accuse("dead letter {} ({}) twice, or it should be none", letter.position.offset,
                 reason_word(letter.refusal.reason));
          continue;
        }
        letters.erase(found);
        ++outcome.letters;
      }
    }
  }
  for (const auto& [offset, reason] : letters) accuse("dead letter {} is missing", offset);
  std::ranges::sort(rows, {}, [](const HourlyRow& row) {
    return std::tuple(row.window.start, row.window.end, row.station_id);
  });
  if (rows != expected.rows) accuse("{} rows, expected {}", rows.size(), expected.rows.size());
  std::set<std::int64_t> expected_late;
  for (const LateRow& row : expected.late) expected_late.insert(row.position.offset);
  if (late != expected_late) accuse("{} late rows, expected {}", late.size(), expected_late.size());
  for (const Sight& sight : machine.disk().sights()) {
    if (sight.what == Sight::What::kChanged) accuse("{}: was changed", sight.path);
  }
  outcome.rows = std::ssize(rows);
  outcome.late = std::ssize(late);
}

Outcome play(std::uint64_t seed, Conduct& conduct) {
  const Rng rng(seed);
  FeedMachine machine(generate_polls(rng.fork(kFeed)), conduct, Faults(rng.fork(kFaultsOf)),
                      rng.fork(kProgram));
  Outcome outcome;
  const Result<void> done = machine.run();
  outcome.faults = machine.disk().faults().counts();
  outcome.fingerprint = fingerprint(machine.disk());
  outcome.idle_closes = machine.idle_closes();
  if (!done) {
    outcome.violations.push_back("stuck: " + done.error().message);
  } else {
    judge(machine, outcome);
  }
  return outcome;
}

TEST(FeedSim, EverySeedEndsAsTheReferenceWantsIt) {
  const Seeds seeds = seeds_from_environment(kDefaultSeeds);
  Outcome met;
  play_all(seeds, [&](std::uint64_t seed) {
    Conduct honest;
    Outcome outcome = play(seed, honest);
    met.rows += outcome.rows;
    met.late += outcome.late;
    met.letters += outcome.letters;
    met.idle_closes += outcome.idle_closes;
    met.faults.add(outcome.faults);
    return std::move(outcome.violations);
  });
  if (HasFatalFailure()) return;
  fmt::print("{} seeds: {} rows, {} late, {} dead letters, {} idle closes\n{}", seeds.count,
             met.rows, met.late, met.letters, met.idle_closes, met.faults.text());
  if (seeds.count < kDefaultSeeds) return;
  for (const std::int64_t often : {met.rows, met.late, met.letters, met.idle_closes}) {
    EXPECT_GT(often, 100);
  }
}

TEST(FeedSim, ASeedIsTheSameTwice) {
  expect_the_same_twice([](std::uint64_t seed) {
    Conduct honest;
    return fmt::format("{:016x}", play(seed, honest).fingerprint);
  });
}

// Offsets begin anew with each life: names of files come again.
class OffsetForgotten final : public Conduct {
  void look_over(Job& job) override { job.feed()->next_offset = 0; }
};

// The simulation can fail: a program that does one thing otherwise is found out.
TEST(FeedSim, FindsAnOffsetThatIsForgotten) {
  expect_found("offset_forgotten", 300, [](std::uint64_t seed) {
    OffsetForgotten bug;
    return play(seed, bug).violations;
  });
}

// Of those that the simulation of recorded inputs finds too, the ones that a feed meets often.
class FeedSimFinds : public ::testing::TestWithParam<Planted<Conduct>> {};

TEST_P(FeedSimFinds, ThePlantedBug) {
  expect_found(GetParam().name, 300,
               [](std::uint64_t seed) { return play(seed, *GetParam().make()).violations; });
}

std::vector<Planted<Conduct>> met_often() {
  static constexpr std::array kNames = {"publish_before_current",   "current_before_checkpoint",
                                        "due_forgotten_at_start",   "watermark_forgotten",
                                        "failed_put_taken_as_done", "put_in_part",
                                        "highest_sequence",         "current_removed"};
  std::vector<Planted<Conduct>> bugs;
  for (const Planted<Conduct>& bug : planted_bugs()) {
    if (std::ranges::find(kNames, bug.name) != kNames.end()) bugs.push_back(bug);
  }
  return bugs;
}

INSTANTIATE_TEST_SUITE_P(Planted, FeedSimFinds, ::testing::ValuesIn(met_often()),
                         [](const auto& bug) { return std::string(bug.param.name); });

}  // namespace
}  // namespace bikeflow::sim
