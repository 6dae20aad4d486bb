#include "feed/beat.h"

#include <algorithm>

#include "base/check.h"
#include "base/hash.h"

namespace bikeflow {
namespace {

// What a feed may ask for; more is taken for a mistake of its.
constexpr Seconds kMostWait = 7 * kDay;

std::int64_t phase_of(std::string_view system, std::int64_t spread_ms) {
  if (spread_ms <= 0) return 0;
  return static_cast<std::int64_t>(hash64(system) % static_cast<std::uint64_t>(spread_ms));
}

}  // namespace

Beat::Beat(const BeatSettings& settings, std::string_view system, std::int64_t start_ms)
    : every_ms_(settings.every_ms),
      beat_ms_(start_ms + phase_of(system, settings.spread_ms)),
      due_ms_(beat_ms_) {
  CHECK(every_ms_ > 0);
}

void Beat::ended(const PollEnd& end, std::int64_t now_ms, double jitter) {
  CHECK(jitter >= 0 && jitter < 1);
  const std::int64_t wait_ms = wait_ms_after(end);
  const std::int64_t earliest_ms = std::max(now_ms + wait_ms, beat_ms_ + 1);
  std::int64_t beats = (earliest_ms - beat_ms_ + every_ms_ - 1) / every_ms_;
  const bool is_asked = wait_ms > 0 && !std::holds_alternative<PollFailure>(end.what);
  const std::int64_t behind_ms = earliest_ms - (beat_ms_ + (beats - 1) * every_ms_);
  if (is_asked && beats > 1 && behind_ms <= every_ms_ / 4) {
    --beats;
  } else if (is_asked && beats == 2 && wait_ms <= every_ms_) {
    beat_ms_ = earliest_ms - every_ms_;
    beats = 1;
  }
  beat_ms_ += beats * every_ms_;
  due_ms_ = earliest_ms;
  if (beat_ms_ < earliest_ms) return;
  const auto most_jitter_ms = static_cast<double>(std::min<std::int64_t>(every_ms_ / 20, 1000));
  due_ms_ = beat_ms_ + static_cast<std::int64_t>(jitter * most_jitter_ms);
}

std::int64_t Beat::wait_ms_after(const PollEnd& end) {
  const std::int64_t asked_ms = std::clamp<Seconds>(end.wait_s, 0, kMostWait) * 1000;
  const auto* const failure = std::get_if<PollFailure>(&end.what);
  if (failure == nullptr) {
    failures_ = 0;
    return asked_ms;
  }
  if (failure->is_permanent) return std::max(asked_ms, kPermanentMs);
  const std::int64_t backoff_ms = std::int64_t{1000} << std::min(failures_, 6);
  ++failures_;
  return std::max(asked_ms, std::min(backoff_ms, kMostBackoffMs));
}

}  // namespace bikeflow
