#include "io/feed_polls.h"

#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "io/clock.h"

namespace bikeflow {
namespace {

constexpr std::int64_t kLongestWaitMs = 1'000;
constexpr std::size_t kNamedFailing = 5;  // in one line of the log
constexpr std::int64_t kSpreadMs = 60'000;
// Below are the numbers of the feeds.
constexpr HttpId kFinderIds = HttpId{1} << 32;

// Each feed holds some descriptors, and the usual soft limit is 1024.
void allow_many_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Result<std::unique_ptr<FeedPolls>> FeedPolls::open(FeedPollsSettings settings, RandomSource random,
                                                   RunVoice voice) {
  allow_many_files();
  std::unique_ptr<FeedPolls> polls(
      new FeedPolls(std::move(settings), std::move(random), std::move(voice)));
  auto http = HttpClient::create(polls->settings_.http);
  if (!http) return std::unexpected(http.error());
  polls->http_ = *std::move(http);
  polls->finder_ = std::make_unique<FeedFinder>(*polls->http_, kFinderIds, polls->voice_);
  polls->began_ = {wall_now(), monotonic_ms()};
  return polls;
}

void FeedPolls::add(std::string system, Seconds every, std::unique_ptr<FeedSource> source,
                    std::optional<std::string_view> memory) {
  // One feed alone begins at once.
  const std::int64_t spread_ms = std::min(every * 1000, kSpreadMs);
  FeedPoller poller(std::move(source),
                    {.system = system,
                     .beat = {.every_ms = every * 1000,
                              .spread_ms = feeds_.empty() || settings_.once ? 0 : spread_ms},
                     .delay = settings_.delay,
                     .max_gap = settings_.max_gap},
                    now());
  std::string beginning = poller.save();
  feeds_.push_back(
      std::make_unique<Feed>(Feed{std::move(system), std::move(poller), std::move(beginning)}));
  if (memory) release(feeds_.size() - 1, memory);
}

void FeedPolls::release(std::size_t number, std::optional<std::string_view> memory) {
  Feed& feed = *feeds_[number];
  feed.is_held = false;
  if (feed.poller.load(memory.value_or(feed.beginning))) return;
  voice_.warning(fmt::format(
      "{}: what an earlier version kept of the feed itself is not understood: it is learned anew",
      feed.system));
}

Result<void> FeedPolls::find(std::size_t number, GbfsSettings settings, GbfsGiven given) {
  return finder_->add(number, std::move(settings), std::move(given));
}

Now FeedPolls::now() const {
  const Now real{wall_now(), monotonic_ms()};
  if (settings_.skipped_ms == nullptr) return real;
  const std::int64_t passed_ms = real.monotonic_ms - began_.monotonic_ms + *settings_.skipped_ms;
  return {began_.wall + passed_ms / 1000, began_.monotonic_ms + passed_ms};
}

Result<void> FeedPolls::step(const Ended& ended) {
  if (is_clock_set()) {
    if (auto done = begin_due(ended); !done) return done;
    finder_->step(now());
    wait();
  } else {
    http_->wait(kLongestWaitMs);
  }
  for (HttpDone& done : http_->take_done()) {
    if (finder_->is_mine(done.id)) {
      finder_->answered(std::move(done), now());
      continue;
    }
    if (auto next = feeds_[done.id]->poller.answered(std::move(done.outcome), now())) {
      http_->go_on(done.id, *std::move(next));
    } else if (auto gone = end_poll(done.id, ended); !gone) {
      return gone;
    }
  }
  return {};
}

// A machine without a clock of its own begins in 1970, until it has asked another one.
bool FeedPolls::is_clock_set() {
  const Seconds wall = now().wall;
  const bool is_set = wall >= kEarliestTime;
  if (is_set == !has_said_clock_) return is_set;
  has_said_clock_ = !is_set;
  if (is_set) {
    voice_.info(fmt::format("the clock is set, to {}: feeds are polled", format_utc(wall)));
  } else {
    voice_.warning(fmt::format("this machine's clock says {}: nothing is polled until it is set",
                               format_utc(wall)));
  }
  return is_set;
}

void FeedPolls::wait() {
  if (settings_.skipped_ms == nullptr || http_->under_way() > 0) {
    http_->wait(wait_ms());
  } else {
    *settings_.skipped_ms += wait_ms();
  }
}

void FeedPolls::cancel() {
  for (std::size_t i = 0; i < feeds_.size(); ++i) http_->cancel(i);
}

bool FeedPolls::is_done() const {
  return settings_.once && finder_->has_tried_all() &&
         std::ranges::all_of(feeds_,
                             [](const auto& feed) { return feed->is_held || feed->was_polled; });
}

std::int64_t FeedPolls::due_ms(const Feed& feed) const {
  const bool is_over = feed.is_held || (settings_.once && feed.was_polled);
  const std::int64_t poll_ms = feed.poller.due_ms();
  if (is_over || poll_ms == FeedPoller::kUnderWay) return FeedPoller::kUnderWay;
  return feed.ask_ms.value_or(poll_ms);
}

std::int64_t FeedPolls::wait_ms() const {
  std::int64_t least_ms = finder_->next_due_ms();
  for (const auto& feed : feeds_) {
    least_ms = std::min(least_ms, due_ms(*feed));
  }
  const std::int64_t left_ms = std::max<std::int64_t>(least_ms - now().monotonic_ms, 0);
  return std::min(left_ms, kLongestWaitMs);
}

Result<void> FeedPolls::begin_due(const Ended& ended) {
  const Now at = now();
  for (std::size_t i = 0; i < feeds_.size(); ++i) {
    Feed& feed = *feeds_[i];
    if (due_ms(feed) > at.monotonic_ms) continue;
    const double jitter = static_cast<double>(random_() >> 11) * 0x1p-53;
    if (auto first = feed.poller.begin(at, jitter)) {
      http_->start(i, *std::move(first));
    } else if (auto done = end_poll(i, ended); !done) {
      return done;
    }
  }
  return {};
}

Result<void> FeedPolls::end_poll(std::size_t number, const Ended& ended) {
  Feed& feed = *feeds_[number];
  PollResult result = feed.poller.take_result();
  say(feed, result);
  if (settings_.once && result.not_asked_s && waits_to_ask(feed, *result.not_asked_s)) return {};
  feed.was_polled = true;
  if (!result.not_asked_s) ++counts_.polls;
  if (result.rejected) ++counts_.rejected;
  counts_.failures += feed.poller.health().failures_in_a_row > 0 ? 1 : 0;
  return ended(number, std::move(result));
}

void FeedPolls::took(std::size_t number, std::int64_t late_rows) {
  Feed& feed = *feeds_[number];
  feed.poller.took(late_rows, now());
  say(feed, feed.poller.take_result());
}

void FeedPolls::say(const Feed& feed, const PollResult& result) const {
  for (const std::string& text : result.warnings) {
    voice_.warning(fmt::format("{}: {}", feed.system, text));
  }
  for (const std::string& text : result.notices) {
    voice_.info(fmt::format("{}: {}", feed.system, text));
  }
}

// Who asks for each feed to be polled once expects to have what it says now.
bool FeedPolls::waits_to_ask(Feed& feed, Seconds wait_s) {
  const std::string left = format_duration(wait_s);
  if (feed.ask_ms || wait_s > kMostWait) {
    feed.not_asked = fmt::format(
        "not_asked: the feed wants to be left alone for another {}; run again after that", left);
    return false;
  }
  voice_.info(fmt::format("{}: the feed wants to be left alone for another {}: asked after that",
                          feed.system, left));
  feed.ask_ms = now().monotonic_ms + wait_s * 1000;
  return true;
}

FeedPollsSummary FeedPolls::summary() const {
  FeedPollsSummary summary = counts_;
  std::vector<std::string>& failing = summary.failing;
  for (const auto& feed : feeds_) {
    if (!feed->not_asked.empty()) {
      failing.push_back(fmt::format("{}: {}", feed->system, feed->not_asked));
      continue;
    }
    if (!feed->is_failing()) continue;
    const FeedHealth& health = feed->poller.health();
    failing.push_back(fmt::format("{}: {}: {}", feed->system, health.reason, health.text));
  }
  for (const MissingFeed& missing : finder_->missing()) {
    failing.push_back(fmt::format("{}: {}", missing.why.reason, missing.why.text));
  }
  return summary;
}

std::string FeedPolls::line() const {
  if (feeds_.size() == 1) {
    return fmt::format("{}: {}", feeds_[0]->system, feeds_[0]->poller.health().line(now().wall));
  }
  std::vector<std::string> failing;
  for (const auto& feed : feeds_) {
    if (!feed->is_failing()) continue;
    failing.push_back(fmt::format("{} ({})", feed->system, feed->poller.health().reason));
  }
  std::string text = fmt::format("{} feeds, {} of them failing", feeds_.size(), failing.size());
  const std::size_t more = failing.size() - std::min(failing.size(), kNamedFailing);
  failing.resize(failing.size() - more);
  if (!failing.empty()) text += fmt::format(": {}", fmt::join(failing, ", "));
  if (more > 0) text += fmt::format(" and {} more", more);
  return text;
}

}  // namespace bikeflow
