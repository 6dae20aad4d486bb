#include "feed/poller.h"

#include <utility>

#include <fmt/format.h>

namespace bikeflow {
namespace {

constexpr int kLateRounds = 2;  // in a row: then it is said

}  // namespace

FeedPoller::FeedPoller(std::unique_ptr<FeedSource> source, const PollerSettings& settings,
                       const Now& now)
    : source_(std::move(source)),
      max_gap_(settings.max_gap),
      beat_(settings.beat, settings.system, now.monotonic_ms),
      clock_(settings.delay),
      guard_(settings.max_gap) {}

std::optional<HttpRequest> FeedPoller::begin(const Now& now, double jitter) {
  is_under_way_ = true;
  jitter_ = jitter;
  return go_on(source_->begin(now.wall), now);
}

std::optional<HttpRequest> FeedPoller::answered(HttpOutcome outcome, const Now& now) {
  return go_on(source_->answered(std::move(outcome), now.wall), now);
}

std::optional<HttpRequest> FeedPoller::go_on(FeedStep step, const Now& now) {
  if (auto* request = std::get_if<HttpRequest>(&step)) return std::move(*request);
  ended(std::get<PollEnd>(std::move(step)), now);
  return std::nullopt;
}

void FeedPoller::ended(PollEnd end, const Now& now) {
  is_under_way_ = false;
  beat_.ended(end, now.monotonic_ms, jitter_);
  result_.notices = std::move(end.notices);
  say_if_too_slow(end);
  const FeedHealth before = health_;
  auto clock = clock_.poll_ended(now.wall, now.monotonic_ms);
  if (!clock.report.empty()) result_.warnings.push_back(clock.report);
  if (clock.is_held) {
    if (std::holds_alternative<Round>(end.what)) doubt_ = {"clock_jump", clock.report};
    health_.round_held("clock_jump", std::move(clock.report), now.wall);
  } else if (const auto* unchanged = std::get_if<Unchanged>(&end.what)) {
    if (unchanged->is_asked) {
      nothing_new(end, now);
    } else {
      result_.not_asked_s = end.wait_s;
    }
  } else {
    judge(std::move(end), now);
  }
  health_.budget = source_->budget(now.wall);
  say_how_it_is(before, now);
}

// Over a gap no movement is seen, so there would be none at all.
void FeedPoller::say_if_too_slow(const PollEnd& end) {
  const bool is_slow = !std::holds_alternative<PollFailure>(end.what) && end.wait_s >= max_gap_;
  if (!is_slow || has_said_slow_) return;
  has_said_slow_ = true;
  result_.notices.push_back(
      fmt::format("the feed asks not to be polled for {}, and over a gap of more than {} no rental "
                  "and no return "
                  "is seen, only an unobserved change; a longer max_gap in [window] shows them",
                  format_duration(end.wait_s), format_duration(max_gap_)));
}

void FeedPoller::nothing_new(const PollEnd& end, const Now& now) {
  result_.is_nothing_new = true;
  if (doubt_) {
    health_.round_held(doubt_->reason, doubt_->text, now.wall);
  } else {
    health_.poll_ended(end, std::nullopt, guard_, now.wall);
  }
}

// One round alone may be a feed's, of whose servers one is behind.
void FeedPoller::took(std::int64_t late_rows, const Now& now) {
  const FeedHealth before = health_;
  health_.took(late_rows, now.wall);
  if (late_rows > 0 && ++late_rounds_ == kLateRounds) {
    result_.warnings.push_back(fmt::format(
        "{} rows since {} are of windows that are closed: they are kept as late, and "
        "no rental and no return is seen; is this machine's clock right, or the feed's?",
        health_.late, format_utc(health_.late_since)));
  }
  if (late_rows > 0) return;
  if (std::exchange(late_rounds_, 0) >= kLateRounds) {
    result_.notices.push_back(fmt::format("rounds are in time again; {} rows since {} were late",
                                          before.late, format_utc(before.late_since)));
  }
}

void FeedPoller::judge(PollEnd end, const Now& now) {
  auto* const round = std::get_if<Round>(&end.what);
  std::optional<Rejection> rejection;
  if (round != nullptr) rejection = guard_.judge(*round);
  health_.poll_ended(end, rejection, guard_, now.wall);
  if (rejection) {
    doubt_ = {std::string(reason_word(rejection->reason)), rejection->text};
    result_.rejected = {std::move(*round), *std::move(rejection)};
  } else if (round != nullptr) {
    doubt_.reset();
    result_.believed = std::move(*round);
  }
}

// A failure is said when it begins and when its reason changes; not with each poll.
void FeedPoller::say_how_it_is(const FeedHealth& before, const Now& now) {
  const bool was_failing = before.failures_in_a_row > 0;
  const bool is_failing = health_.failures_in_a_row > 0;
  if (is_failing && (!was_failing || before.reason != health_.reason)) {
    result_.warnings.push_back(fmt::format("{}: {}", health_.reason, health_.text));
  } else if (was_failing && !is_failing) {
    result_.notices.push_back(fmt::format("answers again after {} ({} polls): {}",
                                          format_duration(now.wall - before.failing_since),
                                          before.failures_in_a_row, health_.line(now.wall)));
  }
}

// Format: what the source, the guard and the health save, a string each.
std::string FeedPoller::save() const {
  Writer out;
  const auto add = [&](const auto& part) {
    Writer bytes;
    part.save(bytes);
    out.string(bytes.bytes());
  };
  add(*source_);
  add(guard_);
  add(health_);
  return out.take();
}

bool FeedPoller::load(std::string_view bytes) {
  Reader in(bytes);
  const auto read = [&](auto& part) {
    Reader of_part(in.string());
    return in.ok() && part.load(of_part) && of_part.at_end();
  };
  doubt_.reset();
  // What one of them cannot use the others still can.
  const bool has_source = read(*source_);
  const bool has_guard = read(guard_);
  return read(health_) && has_guard && has_source && in.at_end();
}

std::optional<FeedHealth> FeedPoller::health_in(std::string_view saved) {
  Reader in(saved);
  (void)in.string();  // the source's
  (void)in.string();  // the guard's
  Reader of_health(in.string());
  FeedHealth health;
  const bool is_read = in.ok() && in.at_end() && health.load(of_health) && of_health.at_end();
  return is_read ? std::optional(std::move(health)) : std::nullopt;
}

}  // namespace bikeflow
