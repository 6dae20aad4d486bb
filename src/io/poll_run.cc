#include "io/poll_run.h"

#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/size.h"
#include "feed/topic_round.h"
#include "io/clock.h"
#include "io/interrupt.h"

namespace bikeflow {
namespace {

constexpr std::int64_t kReportMs = 60'000;
// For what waits at the end: whoever sent a signal expects us to be gone soon.
constexpr std::int64_t kLastMs = 3'000;
constexpr std::int64_t kLastInTroubleMs = 500;  // it would not help
constexpr std::int64_t kLastOfOnceMs = 30'000;  // without anything that got through
constexpr std::int64_t kPieceMs = 20;

std::string counted_rounds(std::int64_t count) {
  return count == 1 ? "1 round" : fmt::format("{} rounds", count);
}

}  // namespace

Result<std::unique_ptr<PollRun>> PollRun::open(PollRunSettings settings,
                                               std::vector<FeedSpec> feeds, RandomSource random,
                                               RunVoice voice) {
  std::unique_ptr<PollRun> run(new PollRun(std::move(settings), std::move(voice)));
  const PollRunSettings& with = run->settings_;
  auto spool = Spool::open(with.spool, with.spool_max_bytes);
  if (!spool) return with_context("[kafka] spool", spool.error());
  run->spool_ = *std::move(spool);
  const SpoolCounts found = run->spool_->counts();
  if (found.waiting > 0) {
    run->voice_.info(fmt::format("{} of an earlier process in {}: sent first",
                                 counted_rounds(found.waiting), with.spool));
  }
  auto polls = FeedPolls::open(
      {.http = with.http, .delay = with.delay, .max_gap = with.max_gap, .once = with.once},
      std::move(random), run->voice_);
  if (!polls) return std::unexpected(polls.error());
  run->polls_ = *std::move(polls);
  for (FeedSpec& feed : feeds) {
    CHECK(!feed.system.empty() && feed.zone);
    const auto memory = run->spool_->recall(feed.system);
    run->feeds_.push_back({feed.system, *std::move(feed.zone)});
    run->polls_->add(std::move(feed.system), feed.every, std::move(feed.source),
                     memory ? std::optional<std::string_view>(*memory) : std::nullopt);
  }
  auto sender = RoundSender::start(with.kafka, with.topic, *run->spool_, run->voice_);
  if (!sender) return std::unexpected(sender.error());
  run->sender_ = *std::move(sender);
  return run;
}

Result<PollRunSummary> PollRun::run() {
  reported_ms_ = monotonic_ms();
  const auto ended = [&](std::size_t number, const PollResult& result) -> Result<void> {
    poll_ended(number, result);
    return {};
  };
  while (!is_interrupted() && !polls_->is_done()) {
    if (auto done = polls_->step(ended); !done) return std::unexpected(done.error());
    report();
  }
  polls_->cancel();
  wait_for_sender();
  PollRunSummary summary;
  summary.trouble = sender_->trouble();
  summary.rounds = sender_->rounds();
  summary.records = sender_->records();
  sender_.reset();
  summary.spool = spool_->counts();
  summary.polls = polls_->polls();
  summary.rejected = rejected_;
  summary.failing = polls_->failing();
  return summary;
}

void PollRun::wait_for_sender() {
  std::int64_t sent_ms = monotonic_ms(), sent = sender_->rounds();
  std::optional<std::int64_t> interrupted_ms;
  while (spool_->counts().waiting > 0) {
    const std::int64_t now_ms = monotonic_ms();
    if (const std::int64_t rounds = sender_->rounds(); rounds != sent) {
      sent = rounds;
      sent_ms = now_ms;
    }
    if (is_interrupted() && !interrupted_ms) interrupted_ms = now_ms;
    const std::int64_t last_ms = sender_->trouble().empty() ? kLastMs : kLastInTroubleMs;
    if (now_ms - interrupted_ms.value_or(now_ms) >= last_ms || now_ms - sent_ms >= kLastOfOnceMs) {
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(kPieceMs));
  }
}

void PollRun::poll_ended(std::size_t number, const PollResult& result) {
  Feed& feed = feeds_[number];
  const Now at = polls_->now();
  Result<void> kept;
  if (result.rejected) ++rejected_;
  if (result.believed) {
    tell_refused(feed, *result.believed);
    const TopicRound round =
        topic_round(*result.believed, feed.zone, feed.system, feeds_.size() > 1, at.wall);
    if (!round.records.empty()) kept = spool_->add(round);
    sender_->wake();
  }
  if (auto remembered = spool_->remember(feed.system, polls_->poller(number).save());
      kept && !remembered) {
    kept = remembered;
  }
  kept ? disk_.worked(at) : disk_.failed(kept.error().message, at);
  if (auto news = disk_.take_news("they are sent from memory, and lost with the process", at)) {
    news->is_over ? voice_.info(news->text) : voice_.warning(news->text);
  }
  report_dropped();
}

// They are no observations, so they are not sent.
void PollRun::tell_refused(Feed& feed, const Round& round) {
  if (std::exchange(feed.refused, round.refused.size()) == round.refused.size()) return;
  if (round.refused.empty()) {
    voice_.info(fmt::format("{}: every row is a station again", feed.system));
    return;
  }
  const Refusal& first = round.refused.front().refusal;
  voice_.warning(
      fmt::format("{}: {} of {} rows are no stations and are not sent; the first: {}: {}",
                  feed.system, round.refused.size(), round.refused.size() + round.stations.size(),
                  reason_word(first.reason), first.detail));
}

void PollRun::report() {
  const std::int64_t now_ms = monotonic_ms();
  if (now_ms - reported_ms_ < kReportMs) return;
  reported_ms_ = now_ms;
  voice_.info(fmt::format("{}; {}", polls_->line(), sent_line()));
}

std::string PollRun::sent_line() const {
  const SpoolCounts spool = spool_->counts();
  std::string text =
      fmt::format("{} sent, {} records", counted_rounds(sender_->rounds()), sender_->records());
  if (spool.waiting > 0) {
    text += fmt::format(", {} waiting ({})", spool.waiting,
                        format_size(static_cast<std::int64_t>(spool.waiting_bytes)));
  }
  if (spool.dropped > 0) text += fmt::format(", {} dropped", spool.dropped);
  return text;
}

void PollRun::report_dropped() {
  const std::int64_t dropped = spool_->counts().dropped;
  const std::int64_t now_ms = monotonic_ms();
  if (dropped == told_dropped_ || (told_dropped_ > 0 && now_ms - told_dropped_ms_ < kReportMs)) {
    return;
  }
  voice_.error(fmt::format(
      "{} lost for want of room in {}, the oldest ones, {} since this process began: what changed "
      "meanwhile shows as one change; bring the broker back, or raise [kafka] spool_max ({} now)",
      counted_rounds(dropped - told_dropped_), settings_.spool, dropped,
      format_size(static_cast<std::int64_t>(settings_.spool_max_bytes))));
  told_dropped_ = dropped;
  told_dropped_ms_ = now_ms;
}

}  // namespace bikeflow
