#include "io/feed_run.h"

#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "io/clock.h"
#include "io/interrupt.h"
#include "io/process_lock.h"
#include "lake/paths.h"

namespace bikeflow {
namespace {

constexpr std::int64_t kReportMs = 60'000;
constexpr std::int64_t kLongestWaitMs = 1'000;
constexpr std::size_t kNamedFailing = 5;  // in one line of the log
constexpr std::int64_t kSpreadMs = 60'000;

// Each feed holds some descriptors, and the usual soft limit is 1024.
void allow_many_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Result<std::unique_ptr<FeedRun>> FeedRun::open(FeedRunSettings settings,
                                               std::vector<FeedSpec> feeds, RandomSource random,
                                               RunVoice voice) {
  allow_many_files();
  std::unique_ptr<FeedRun> run(
      new FeedRun(std::move(settings), std::move(random), std::move(voice)));
  const std::string internal = fmt::format("{}/{}", run->settings_.lake, kInternalFolder);
  if (auto made = make_folders(internal); !made) return std::unexpected(made.error());
  auto lock = lock_folder(internal);
  if (!lock) return std::unexpected(lock.error());
  run->lock_ = *std::move(lock);
  auto http = HttpClient::create(run->settings_.http);
  if (!http) return std::unexpected(http.error());
  run->http_ = *std::move(http);
  run->began_ = {wall_now(), monotonic_ms()};
  for (FeedSpec& spec : feeds) {
    if (auto added = run->add(std::move(spec)); !added) return std::unexpected(added.error());
  }
  return run;
}

Result<void> FeedRun::add(FeedSpec spec) {
  // Which feeds a lake has may change from run to run; the lock keeps a second process out.
  auto lake = LakeSession::open(settings_.lake, spec.system, {LakeWriter::Kind::kRun, "live feeds"},
                                random_, settings_.syncs);
  if (!lake) return std::unexpected(lake.error());
  auto job = lake->restore();
  if (!job) return std::unexpected(job.error());
  const bool is_restored = job->has_value();
  if (is_restored && !spec.zone) spec.zone = (*job)->partitions().at(0)->settings().zone;
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
  // One feed alone begins at once.
  const std::int64_t spread_ms = std::min(spec.every * 1000, kSpreadMs);
  FeedPoller poller(std::move(spec.source),
                    {.system = spec.system,
                     .beat = {.every_ms = spec.every * 1000,
                              .spread_ms = feeds_.empty() || settings_.once ? 0 : spread_ms},
                     .delay = settings_.task.delay},
                    now());
  if (is_restored && !poller.load(task->memory())) {
    voice_.warning(fmt::format(
        "{}: what an earlier version kept of the feed itself is not understood: it is learned anew",
        spec.system));
  }
  feeds_.push_back(std::make_unique<Feed>(
      Feed{spec.system, std::move(poller), *std::move(task), *std::move(lake)}));
  tell_live(*feeds_.back());
  return {};
}

Now FeedRun::now() const {
  const Now real{wall_now(), monotonic_ms()};
  if (settings_.clock_speed == 1) return real;
  const std::int64_t passed_ms = (real.monotonic_ms - began_.monotonic_ms) * settings_.clock_speed;
  return {began_.wall + passed_ms / 1000, began_.monotonic_ms + passed_ms};
}

Result<FeedRunSummary> FeedRun::run() {
  reported_ms_ = monotonic_ms();
  while (!is_interrupted() && !is_done()) {
    if (auto done = begin_due(); !done) return std::unexpected(done.error());
    http_->wait(wait_ms());
    if (auto done = take_answers(); !done) return std::unexpected(done.error());
    report();
  }
  if (is_interrupted()) voice_.info("ending: a last checkpoint of each feed");
  if (auto done = finish(); !done) return std::unexpected(done.error());
  for (const auto& feed : feeds_) {
    const FeedHealth& health = feed->poller.health();
    if (health.failures_in_a_row == 0) continue;
    summary_.failing.push_back(fmt::format("{}: {}: {}", feed->system, health.reason, health.text));
  }
  return std::move(summary_);
}

bool FeedRun::is_done() const {
  return settings_.once &&
         std::ranges::all_of(feeds_, [](const auto& feed) { return feed->was_polled; });
}

std::int64_t FeedRun::wait_ms() const {
  std::int64_t due_ms = FeedPoller::kUnderWay;
  for (const auto& feed : feeds_) {
    if (settings_.once && feed->was_polled) continue;
    due_ms = std::min(due_ms, feed->poller.due_ms());
  }
  const std::int64_t left_ms = std::max<std::int64_t>(due_ms - now().monotonic_ms, 0);
  // Rounded up: not again and again within the last millisecond.
  return std::min((left_ms + settings_.clock_speed - 1) / settings_.clock_speed, kLongestWaitMs);
}

Result<void> FeedRun::begin_due() {
  const Now at = now();
  for (std::size_t i = 0; i < feeds_.size(); ++i) {
    Feed& feed = *feeds_[i];
    if (feed.poller.due_ms() > at.monotonic_ms || (settings_.once && feed.was_polled)) continue;
    const double jitter = static_cast<double>(random_() >> 11) * 0x1p-53;
    if (auto done = go_on(i, feed.poller.begin(at, jitter)); !done) return done;
  }
  return {};
}

Result<void> FeedRun::take_answers() {
  for (HttpDone& done : http_->take_done()) {
    auto request = feeds_[done.id]->poller.answered(std::move(done.outcome), now());
    if (auto gone = go_on(done.id, std::move(request)); !gone) return gone;
  }
  return {};
}

Result<void> FeedRun::go_on(std::size_t number, std::optional<HttpRequest> request) {
  if (!request) return poll_ended(*feeds_[number]);
  http_->start(number, *std::move(request));
  return {};
}

Result<void> FeedRun::poll_ended(Feed& feed) {
  feed.was_polled = true;
  const Now at = now();
  ++summary_.polls;
  PollResult result = feed.poller.take_result();
  for (const std::string& text : result.warnings) {
    voice_.warning(fmt::format("{}: {}", feed.system, text));
  }
  for (const std::string& text : result.notices) {
    voice_.info(fmt::format("{}: {}", feed.system, text));
  }
  summary_.failures += feed.poller.health().failures_in_a_row > 0 ? 1 : 0;
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
  if (auto done = commit(feed); !done) return done;
  tell_live(feed);
  return {};
}

Result<void> FeedRun::commit(Feed& feed) {
  feed.task.remember(feed.poller.save());
  if (auto done = feed.lake.commit(feed.task.job(), feed.task.waiting()); !done) return done;
  feed.task.committed();
  return {};
}

Result<void> FeedRun::finish() {
  for (std::size_t i = 0; i < feeds_.size(); ++i) {
    http_->cancel(i);
    Feed& feed = *feeds_[i];
    if (settings_.close_windows) feed.task.close_windows(now());
    const bool is_there_more = !feed.task.job().due().empty() || feed.task.job().waiting() > 0;
    if (!is_there_more) continue;
    feed.task.finish();
    if (auto done = commit(feed); !done) return done;
  }
  return {};
}

void FeedRun::tell_live(Feed& feed) {
  if (settings_.live == nullptr || !feed.task.live()->has_changes()) return;
  changes_.clear();
  feed.task.live()->take_changes(changes_);
  settings_.live->tell({0, feed.system}, feed.task.task().names(), changes_);
}

void FeedRun::report() {
  const std::int64_t now_ms = monotonic_ms();
  if (now_ms - reported_ms_ < kReportMs) return;
  reported_ms_ = now_ms;
  const Seconds wall = now().wall;
  if (feeds_.size() == 1) {
    voice_.info(fmt::format("{}: {}", feeds_[0]->system, feeds_[0]->poller.health().line(wall)));
    return;
  }
  std::vector<std::string> failing;
  for (const auto& feed : feeds_) {
    const FeedHealth& health = feed->poller.health();
    if (health.failures_in_a_row > 0) {
      failing.push_back(fmt::format("{} ({})", feed->system, health.reason));
    }
  }
  std::string text = fmt::format("{} feeds, {} of them failing", feeds_.size(), failing.size());
  const std::size_t more = failing.size() - std::min(failing.size(), kNamedFailing);
  failing.resize(failing.size() - more);
  if (!failing.empty()) text += fmt::format(": {}", fmt::join(failing, ", "));
  if (more > 0) text += fmt::format(" and {} more", more);
  voice_.info(text);
}

}  // namespace bikeflow
