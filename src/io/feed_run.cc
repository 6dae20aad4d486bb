#include "io/feed_run.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "io/clock.h"
#include "io/interrupt.h"
#include "io/process_lock.h"
#include "io/report_times.h"
#include "lake/paths.h"
#include "live/open_hour.h"
#include "pipeline/live_of.h"

namespace bikeflow {
namespace {

constexpr std::int64_t kTellNumbersMs = 1'000;
constexpr std::size_t kMostOverdue = 3;  // named in a line

}  // namespace

Result<std::unique_ptr<FeedRun>> FeedRun::open(FeedRunSettings settings,
                                               std::vector<FeedSpec> feeds, RandomSource random,
                                               RunVoice voice) {
  std::unique_ptr<FeedRun> run(
      new FeedRun(std::move(settings), std::move(random), std::move(voice)));
  const std::string internal = fmt::format("{}/{}", run->settings_.lake, kInternalFolder);
  if (auto made = make_folders(internal); !made) return std::unexpected(made.error());
  auto lock = lock_folder(internal);
  if (!lock) return std::unexpected(lock.error());
  run->lock_ = *std::move(lock);
  run->settings_.polls.delay = run->settings_.task.delay;
  run->settings_.polls.max_gap = run->settings_.task.max_gap;
  auto polls = FeedPolls::open(run->settings_.polls, run->random_, run->voice_);
  if (!polls) return std::unexpected(polls.error());
  run->polls_ = *std::move(polls);
  for (FeedSpec& spec : feeds) {
    if (auto added = run->add(std::move(spec)); !added) return std::unexpected(added.error());
  }
  if (auto any = run->expect_any(); !any) return std::unexpected(any.error());
  run->say_troubles();
  return run;
}

// An Error is one of the settings.
Result<void> FeedRun::add(FeedSpec spec) {
  if (spec.system.empty()) return seek(std::move(spec), std::nullopt);
  const std::size_t number = places_.size();
  polls_->add(spec.system, spec.every, std::move(spec.source), std::nullopt);
  polls_->hold(number);
  places_.push_back({std::move(spec), nullptr});
  open_place(number);
  return {};
}

// From its last commit, or anew.
void FeedRun::open_place(std::size_t number) {
  Place& place = places_[number];
  auto opened = restore(place, number);
  // A feed need not be asked to find out that its answer cannot be stored.
  if (opened && place.feed != nullptr && troubles_.is_troubled(number)) opened = commit(number);
  if (!opened) return drop(number, StorageTroubles::Step::kOpen, opened.error());
  troubles_.opened(number, polls_->now());
  if (place.feed == nullptr) return;  // it is sought
  was_any_open_ = true;
  tell_live(number);
}

Result<void> FeedRun::restore(Place& place, std::size_t number) {
  FeedSpec& spec = place.spec;
  // Which feeds a lake has may change from run to run; the lock keeps a second process out.
  auto lake = LakeSession::open(settings_.lake, spec.system, {LakeWriter::Kind::kRun, "live feeds"},
                                random_, settings_.syncs);
  if (!lake) return std::unexpected(lake.error());
  auto job = lake->restore();
  if (!job) return std::unexpected(job.error());
  const bool is_restored = job->has_value();
  if (!is_restored) {
    const auto file = lake->find_file_of(spec.system);
    if (!file) return std::unexpected(file.error());
    if (*file) {
      return fail(
          "{}: its state is gone ({}), but the lake has {} of it: begun anew, it would use the "
          "names of files a second time. Put the state back from a backup, or give the feed "
          "another id; bikeflow state discard --job {} removes all that it wrote",
          spec.system, state_folder(settings_.lake, spec.system), **file, spec.system);
    }
  }
  if (is_restored && !spec.zone) spec.zone = (*job)->partitions().at(0)->settings().zone;
  if (!spec.zone) {
    FeedSpec asked{
        .system = spec.system, .name = spec.name, .zone = {}, .source = nullptr, .gbfs = spec.gbfs};
    return seek(std::move(asked), number);
  }
  auto task = FeedTask::open({.system = spec.system,
                              .zone = *spec.zone,
                              .task = settings_.task,
                              .lake = settings_.layout,
                              .lake_id = lake->lake_id(),
                              .poll_every = spec.every,
                              .idle_close = settings_.idle_close,
                              .has_live_view = settings_.live != nullptr},
                             *std::move(job));
  if (!task) return std::unexpected(task.error());
  if (settings_.live != nullptr) {
    settings_.live->introduce(spec.system,
                              live_about_of(spec.name, *spec.zone, task->task().settings()));
  }
  polls_->release(number, is_restored ? std::optional(task->memory()) : std::nullopt);
  place.feed = std::make_unique<Feed>(Feed{spec.system, *std::move(task), *std::move(lake)});
  place.feed->first_health = polls_->poller(number).health();
  return {};
}

void FeedRun::drop(std::size_t number, StorageTroubles::Step step, const Error& why) {
  polls_->hold(number);
  places_[number].feed.reset();
  if (settings_.live != nullptr) {
    const std::string& system = places_[number].spec.system;
    // What is restored may have forgotten stations, and number them otherwise.
    settings_.live->lost({0, system});
    LiveFeed feed = live_feed_of(polls_->poller(number).health());
    ++feed.failures_in_a_row;
    feed.reason = "not_stored";
    feed.text = why.message;
    settings_.live->tell_feed(system, std::move(feed));
  }
  troubles_.failed(number, places_[number].spec.system, step, why.message, polls_->now());
}

// Where nothing ever worked nothing mends itself: whoever started it should know at once.
Result<void> FeedRun::expect_any() const {
  const std::vector<std::string> failing = troubles_.failing();
  if (was_any_open_ || failing.empty() || polls_->is_seeking()) return {};
  if (failing.size() == 1) return fail("{}", failing.front());
  return fail("none of {} feeds can be opened; the first of them: {}", failing.size(),
              failing.front());
}

// It is asked for what is not known of it, and has a place when it has said so.
Result<void> FeedRun::seek(FeedSpec spec, std::optional<std::size_t> number) {
  const auto sought = polls_->find(sought_.size(), spec.gbfs.value(), {spec.system, spec.zone});
  if (!sought) return sought;
  sought_.push_back({std::move(spec), number});
  return {};
}

Result<void> FeedRun::add_found() {
  for (FoundFeed& found : polls_->take_found()) {
    auto& [spec, number] = sought_[found.number];
    spec.system = std::move(found.about.system_id);
    spec.zone = std::move(found.about.timezone);
    const bool is_taken = !number && std::ranges::any_of(places_, [&](const Place& place) {
      return place.spec.system == spec.system;
    });
    if (is_taken) {
      voice_.warning(
          fmt::format("{}: two feeds say that they are of this system; the first is "
                      "polled",
                      spec.system));
      continue;
    }
    if (spec.name.empty()) spec.name = found.about.name;
    voice_.info(fmt::format("{}: {}, times of {}", spec.system,
                            spec.name.empty() ? "without a name" : spec.name, spec.zone->name()));
    if (number) {
      places_[*number].spec.zone = spec.zone;
      places_[*number].spec.name = spec.name;
      open_place(*number);
    } else if (auto added = add(std::move(spec)); !added) {
      return added;
    }
  }
  return expect_any();
}

Result<FeedRunSummary> FeedRun::run() {
  reported_ms_ = monotonic_ms() - kReportMs + kFirstReportMs;
  service_.ready();
  const auto ended = [&](std::size_t number, const PollResult& result) -> Result<void> {
    poll_ended(number, result);
    return {};
  };
  while (!is_interrupted() && !polls_->is_done()) {
    if (auto done = polls_->step(ended); !done) return std::unexpected(done.error());
    if (auto done = add_found(); !done) return std::unexpected(done.error());
    for (const std::size_t number : troubles_.due(polls_->now())) open_place(number);
    say_troubles();
    if (monotonic_ms() - told_numbers_ms_ >= kTellNumbersMs) tell_numbers();
    report();
    service_.alive(monotonic_ms());
  }
  service_.stopping();
  if (is_interrupted()) voice_.info("ending: a last checkpoint of each feed");
  finish();
  summary_.polls = polls_->summary();
  for (std::string& text : troubles_.failing()) summary_.polls.failing.push_back(std::move(text));
  return std::move(summary_);
}

void FeedRun::poll_ended(std::size_t number, const PollResult& result) {
  Feed& feed = *places_[number].feed;
  const Now at = polls_->now();
  if (result.believed) {
    const std::int64_t late = feed.task.task().counters().late;
    feed.task.observe(*result.believed, at);
    polls_->took(number, feed.task.task().counters().late - late);
  } else if (result.rejected) {
    const Rejection& why = result.rejected->why;
    feed.task.reject(result.rejected->round, {why.reason, why.text, std::nullopt}, at);
  } else if (result.is_nothing_new) {
    feed.task.nothing_new(at);
  }
  if (auto done = commit(number); !done) {
    return drop(number, StorageTroubles::Step::kCommit, done.error());
  }
  troubles_.committed(number, at);
  if (result.believed) summary_.observations += std::ssize(result.believed->stations);
  tell_live(number);
}

Result<void> FeedRun::commit(std::size_t number) {
  Feed& feed = *places_[number].feed;
  feed.task.remember(polls_->poller(number).save());
  const auto of_others = feed.lake.files_of_others(feed.task.job());
  if (!of_others) return std::unexpected(of_others.error());
  for (const std::string& file : *of_others) {
    voice_.warning(fmt::format(
        "{}: {} is of the same hour: what both have seen is in the lake twice (bikeflow state "
        "discard removes what a backfill wrote)",
        feed.system, file));
  }
  const std::int64_t begun_ms = monotonic_ms();
  const auto done = feed.lake.commit(feed.task.job(), feed.task.waiting());
  const std::int64_t took_ms = monotonic_ms() - begun_ms;
  commits_.took_ms += took_ms;
  ++(done ? commits_.done : commits_.failed);
  if (!done) return done;
  places_[number].checkpoints.done(took_ms, wall_now());
  feed.task.committed();
  return {};
}

void FeedRun::finish() {
  polls_->cancel();
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (places_[i].feed == nullptr) continue;
    FeedTask& task = places_[i].feed->task;
    if (settings_.close_windows) task.close_windows(polls_->now());
    if (task.job().due().empty() && task.job().waiting() == 0) continue;
    task.finish();
    if (auto done = commit(i); !done) drop(i, StorageTroubles::Step::kCommit, done.error());
  }
}

void FeedRun::say_troubles() {
  for (const StorageTroubles::News& news : troubles_.take_news()) {
    news.is_over ? voice_.info(news.text) : voice_.error(news.text);
  }
}

void FeedRun::tell_live(std::size_t number) {
  if (settings_.live == nullptr) return;
  Feed& feed = *places_[number].feed;
  const LivePart part{0, feed.system};
  settings_.live->change_all([&](LiveView& view) {
    if (feed.task.live()->has_news()) {
      view.tell(part, feed.task.task().names(), feed.task.live()->take_news());
    }
    view.tell_progress(part, live_progress_of(feed.task.task()));
    view.tell_feed(feed.system, live_feed_of(polls_->poller(number).health()));
  });
}

void FeedRun::tell_numbers() {
  if (settings_.board == nullptr) return;
  told_numbers_ms_ = monotonic_ms();
  RunNumbers numbers;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const Place& place = places_[i];
    const FeedHealth& health = polls_->poller(i).health();
    FeedNumbers& feed = numbers.feeds.emplace_back();
    feed.system = place.spec.system;
    feed.failures_in_a_row = health.failures_in_a_row;
    feed.stations = health.stations;
    feed.frozen = health.frozen;
    feed.succeeded_at = health.succeeded_at;
    feed.data_at = health.data_at;
    if (place.feed == nullptr) {
      numbers.jobs.push_back({.source = place.spec.system,
                              .checkpoints = place.checkpoints,
                              .is_stopped = troubles_.is_troubled(i)});
      continue;
    }
    const FeedHealth& first = place.feed->first_health;
    feed.polls = health.polls - first.polls;
    feed.failures = health.failures - first.failures;
    feed.rounds_rejected = health.rounds_rejected() - first.rounds_rejected();
    Job& job = place.feed->task.job();
    numbers.parts.push_back(part_numbers(*job.partitions().front()));
    numbers.jobs.push_back(job_numbers(job, place.checkpoints));
  }
  numbers.store["commit"] = commits_;
  settings_.board->tell(numbers);
}

// Of feeds whose hour should long have been closed: what it waits for.
std::string FeedRun::overdue() const {
  const Seconds wall = wall_now();
  std::string text;
  std::size_t count = 0;
  for (const Place& place : places_) {
    if (place.feed == nullptr || !place.feed->task.is_overdue(wall)) continue;
    if (++count > kMostOverdue) continue;
    const Partition& partition = *place.feed->task.job().partitions().front();
    const Window next = partition.task().next_window();
    const Zone& zone = partition.settings().zone;
    text += fmt::format("; {} {} open: {}", place.spec.system,
                        hour_words(next.start, next.end, zone, wall),
                        wait_words(partition.task().watermark().value(), next.end, zone, wall));
  }
  if (count > kMostOverdue) text += fmt::format("; and hours of {} more", count - kMostOverdue);
  return text;
}

void FeedRun::report() {
  const std::int64_t now_ms = monotonic_ms();
  if (now_ms - reported_ms_ < kReportMs) return;
  reported_ms_ = now_ms;
  std::string line = polls_->line();
  if (const std::string troubles = troubles_.line(); !troubles.empty()) line += "; " + troubles;
  line += overdue();
  service_.status(line);
  voice_.info(line);
}

}  // namespace bikeflow
