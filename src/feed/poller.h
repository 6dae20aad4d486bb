// A live feed, polled: when, with which requests, and what of the answers is to be believed.
//
// Pure: requests come out and answers go in. What polls it carries out each request and reports its
// outcome; where there is no further request, the poll has ended and take_result() tells with what.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/now.h"
#include "feed/beat.h"
#include "feed/clock_watch.h"
#include "feed/feed_health.h"
#include "feed/round_guard.h"
#include "feed/source.h"

namespace bikeflow {

struct PollerSettings {
  std::string system;
  BeatSettings beat;
  Seconds delay = 10 * kMinute;    // a clock that jumps by more is not believed
  Seconds max_gap = 10 * kMinute;  // of the movements that are made of the rounds
};

// What came of a poll: at most one of the first three.
struct PollResult {
  struct Rejected {
    Round round;
    Rejection why;
  };
  std::optional<Round> believed;
  std::optional<Rejected> rejected;
  bool is_nothing_new = false;         // the feed says so
  std::optional<Seconds> not_asked_s;  // not asked, as the feed wants to be left alone for so long
  // For the log, without the system's name: a state that begins or ends, and each notice once.
  std::vector<std::string> warnings, notices;
};

// Threads: none; one owner.
class FeedPoller {
 public:
  FeedPoller(std::unique_ptr<FeedSource> source, const PollerSettings& settings, const Now& now);

  static constexpr std::int64_t kUnderWay = INT64_MAX;
  // When to begin(), by the monotonic clock; kUnderWay until the poll has ended.
  [[nodiscard]] std::int64_t due_ms() const { return is_under_way_ ? kUnderWay : beat_.due_ms(); }

  // `jitter`: from 0 up to 1, see Beat::ended().
  std::optional<HttpRequest> begin(const Now& now, double jitter);
  std::optional<HttpRequest> answered(HttpOutcome outcome, const Now& now);
  // Of the round that was believed last so many rows were late for their windows; take_result() has
  // what is to be said of that.
  void took(std::int64_t late_rows, const Now& now);
  PollResult take_result() { return std::exchange(result_, {}); }

  [[nodiscard]] const FeedHealth& health() const { return health_; }

  // What must outlive the process.
  [[nodiscard]] std::string save() const;
  // It goes on from there, as in another process; its beat and its clock stay. False where the
  // bytes are none of save(): then it knows nothing of the time before. Requires: no poll is under
  // way.
  bool load(std::string_view bytes);
  // How the feed did when `saved` was made by save(), for who only looks on. Nothing where it was
  // not.
  static std::optional<FeedHealth> health_in(std::string_view saved);

 private:
  std::optional<HttpRequest> go_on(FeedStep step, const Now& now);
  void ended(PollEnd end, const Now& now);
  void nothing_new(const PollEnd& end, const Now& now);
  void judge(PollEnd end, const Now& now);  // a round or a failure
  void say_if_too_slow(const PollEnd& end);
  void say_how_it_is(const FeedHealth& before, const Now& now);

  std::unique_ptr<FeedSource> source_;
  Seconds max_gap_;
  Beat beat_;
  ClockWatch clock_;
  RoundGuard guard_;
  FeedHealth health_;
  // Why the last round was not used: what has not changed since then is no success. Not stored: in
  // another life the source gives the same round again.
  struct Doubt {
    std::string reason, text;
  };
  std::optional<Doubt> doubt_;
  double jitter_ = 0;
  bool is_under_way_ = false;
  bool has_said_slow_ = false;
  int late_rounds_ = 0;  // in a row
  PollResult result_;
};

}  // namespace bikeflow
