#include "io/feed_run.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "io/clock.h"
#include "io/interrupt.h"
#include "io/process_lock.h"
#include "lake/paths.h"
#include "pipeline/live_of.h"

namespace bikeflow {
namespace {

constexpr std::int64_t kReportMs = 60'000;

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
  auto polls = FeedPolls::open({.http = run->settings_.http,
                                .delay = run->settings_.task.delay,
                                .max_gap = run->settings_.task.max_gap,
                                .once = run->settings_.once,
                                .skipped_ms = run->settings_.skipped_ms},
                               run->random_, run->voice_);
  if (!polls) return std::unexpected(polls.error());
  run->polls_ = *std::move(polls);
  for (FeedSpec& spec : feeds) {
    if (auto added = run->add(std::move(spec)); !added) return std::unexpected(added.error());
  }
  return run;
}

Result<void> FeedRun::add(FeedSpec spec) {
  if (spec.system.empty()) return seek(std::move(spec));
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
  if (!spec.zone) return seek(std::move(spec));
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
    const TaskSettings& rule = task->task().settings();
    settings_.live->introduce(spec.system, {.name = spec.name,
                                            .timezone = spec.zone->name(),
                                            .max_gap = rule.max_gap,
                                            .window_length = rule.windows.length,
                                            .hour_phase = rule.windows.hour_phase});
  }
  polls_->add(spec.system, spec.every, std::move(spec.source),
              is_restored ? std::optional(task->memory()) : std::nullopt);
  feeds_.push_back(std::make_unique<Feed>(Feed{spec.system, *std::move(task), *std::move(lake)}));
  tell_live(feeds_.size() - 1);
  return {};
}

// It is asked for what is not known of it, and added when it has said so.
Result<void> FeedRun::seek(FeedSpec spec) {
  const auto sought = polls_->find(sought_.size(), spec.gbfs.value(), {spec.system, spec.zone});
  if (!sought) return sought;
  sought_.push_back(std::move(spec));
  return {};
}

Result<void> FeedRun::add_found() {
  for (FoundFeed& found : polls_->take_found()) {
    FeedSpec spec = std::move(sought_[found.number]);
    spec.system = std::move(found.about.system_id);
    spec.zone = std::move(found.about.timezone);
    const auto same = std::ranges::find(
        feeds_, spec.system, [](const auto& feed) -> const std::string& { return feed->system; });
    if (same != feeds_.end()) {
      voice_.warning(
          fmt::format("{}: two feeds say that they are of this system; the first is "
                      "polled",
                      spec.system));
      continue;
    }
    if (spec.name.empty()) spec.name = found.about.name;
    voice_.info(fmt::format("{}: {}, times of {}", spec.system,
                            spec.name.empty() ? "without a name" : spec.name, spec.zone->name()));
    if (auto added = add(std::move(spec)); !added) return added;
  }
  return {};
}

Result<FeedRunSummary> FeedRun::run() {
  reported_ms_ = monotonic_ms();
  service_.ready();
  const auto ended = [&](std::size_t number, const PollResult& result) {
    return poll_ended(number, result);
  };
  while (!is_interrupted() && !polls_->is_done()) {
    if (auto done = polls_->step(ended); !done) return std::unexpected(done.error());
    if (auto done = add_found(); !done) return std::unexpected(done.error());
    report();
    service_.alive(monotonic_ms());
  }
  service_.stopping();
  if (is_interrupted()) voice_.info("ending: a last checkpoint of each feed");
  if (auto done = finish(); !done) return std::unexpected(done.error());
  summary_.polls = polls_->polls();
  summary_.failures = polls_->failures();
  summary_.failing = polls_->failing();
  for (const MissingFeed& missing : polls_->missing()) {
    summary_.failing.push_back(fmt::format("{}: {}", missing.why.reason, missing.why.text));
  }
  return std::move(summary_);
}

Result<void> FeedRun::poll_ended(std::size_t number, const PollResult& result) {
  Feed& feed = *feeds_[number];
  const Now at = polls_->now();
  if (result.believed) {
    summary_.observations += std::ssize(result.believed->stations);
    feed.task.observe(*result.believed, at);
  } else if (result.rejected) {
    ++summary_.rejected;
    const Rejection& why = result.rejected->why;
    feed.task.reject(result.rejected->round, {why.reason, why.text, std::nullopt}, at);
  } else if (result.is_nothing_new) {
    feed.task.nothing_new(at);
  }
  if (auto done = commit(number); !done) return done;
  tell_live(number);
  return {};
}

Result<void> FeedRun::commit(std::size_t number) {
  Feed& feed = *feeds_[number];
  feed.task.remember(polls_->poller(number).save());
  const auto of_others = feed.lake.files_of_others(feed.task.job());
  if (!of_others) return std::unexpected(of_others.error());
  for (const std::string& file : *of_others) {
    voice_.warning(fmt::format(
        "{}: {} is of the same hour: what both have seen is in the lake twice (bikeflow state "
        "discard removes what a backfill wrote)",
        feed.system, file));
  }
  if (auto done = feed.lake.commit(feed.task.job(), feed.task.waiting()); !done) return done;
  feed.task.committed();
  return {};
}

Result<void> FeedRun::finish() {
  polls_->cancel();
  for (std::size_t i = 0; i < feeds_.size(); ++i) {
    Feed& feed = *feeds_[i];
    if (settings_.close_windows) feed.task.close_windows(polls_->now());
    const bool is_there_more = !feed.task.job().due().empty() || feed.task.job().waiting() > 0;
    if (!is_there_more) continue;
    feed.task.finish();
    if (auto done = commit(i); !done) return done;
  }
  return {};
}

void FeedRun::tell_live(std::size_t number) {
  if (settings_.live == nullptr) return;
  Feed& feed = *feeds_[number];
  const LivePart part{0, feed.system};
  if (feed.task.live()->has_news()) {
    settings_.live->tell(part, feed.task.task().names(), feed.task.live()->take_news());
  }
  settings_.live->tell_progress(part, live_progress_of(feed.task.task()));
  settings_.live->tell_feed(feed.system, live_feed_of(polls_->poller(number).health()));
}

void FeedRun::report() {
  const std::int64_t now_ms = monotonic_ms();
  if (now_ms - reported_ms_ < kReportMs) return;
  reported_ms_ = now_ms;
  const std::string line = polls_->line();
  service_.status(line);
  voice_.info(line);
}

}  // namespace bikeflow
