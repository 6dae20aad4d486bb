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
  if (auto done = begin_due(ended); !done) return done;
  finder_->step(now());
  wait();
  for (HttpDone& done : http_->take_done()) {
    if (finder_->is_mine(done.id)) {
      finder_->answered(std::move(done), now());
      continue;
    }
    auto request = feeds_[done.id]->poller.answered(std::move(done.outcome), now());
    if (auto gone = go_on(done.id, std::move(request), ended); !gone) return gone;
  }
  return {};
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

std::int64_t FeedPolls::wait_ms() const {
  std::int64_t due_ms = finder_->next_due_ms();
  for (const auto& feed : feeds_) {
    if (feed->is_held || (settings_.once && feed->was_polled)) continue;
    due_ms = std::min(due_ms, feed->poller.due_ms());
  }
  const std::int64_t left_ms = std::max<std::int64_t>(due_ms - now().monotonic_ms, 0);
  return std::min(left_ms, kLongestWaitMs);
}

Result<void> FeedPolls::begin_due(const Ended& ended) {
  const Now at = now();
  for (std::size_t i = 0; i < feeds_.size(); ++i) {
    Feed& feed = *feeds_[i];
    if (feed.is_held || (settings_.once && feed.was_polled)) continue;
    if (feed.poller.due_ms() > at.monotonic_ms) continue;
    const double jitter = static_cast<double>(random_() >> 11) * 0x1p-53;
    if (auto done = go_on(i, feed.poller.begin(at, jitter), ended); !done) return done;
  }
  return {};
}

Result<void> FeedPolls::go_on(std::size_t number, std::optional<HttpRequest> request,
                              const Ended& ended) {
  if (request) {
    http_->start(number, *std::move(request));
    return {};
  }
  Feed& feed = *feeds_[number];
  feed.was_polled = true;
  ++polls_;
  PollResult result = feed.poller.take_result();
  for (const std::string& text : result.warnings) {
    voice_.warning(fmt::format("{}: {}", feed.system, text));
  }
  for (const std::string& text : result.notices) {
    voice_.info(fmt::format("{}: {}", feed.system, text));
  }
  failures_ += feed.poller.health().failures_in_a_row > 0 ? 1 : 0;
  return ended(number, std::move(result));
}

std::vector<std::string> FeedPolls::failing() const {
  std::vector<std::string> failing;
  for (const auto& feed : feeds_) {
    if (!feed->is_failing()) continue;
    const FeedHealth& health = feed->poller.health();
    failing.push_back(fmt::format("{}: {}: {}", feed->system, health.reason, health.text));
  }
  return failing;
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
