// How a feed does: what a health page, a metric and a line in the log are made of. A value, made of
// the facts of each poll.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "feed/round_guard.h"
#include "feed/source.h"

namespace bikeflow {

struct FeedHealth {
  Seconds succeeded_at = 0;  // when the feed last gave what is believed, changed or not; 0: never
  Seconds data_at = 0;       // the event time of that; 0: unknown
  // Of the failures since then, a rejected round included.
  std::int64_t failures_in_a_row = 0;
  Seconds failing_since = 0;  // the first of them
  std::string reason, text;   // the last; a word, and a sentence without secrets
  bool is_permanent = false;
  std::int64_t polls = 0, failures = 0;  // in all
  // Of the last believed round.
  std::int64_t stations = 0, frozen = 0;
  GuardCounts rounds;
  // Rows of the last believed rounds that came behind their windows, and since when; 0: none.
  std::int64_t late = 0;
  Seconds late_since = 0;
  std::string budget;  // "3 of 1000 calls left today", when the last poll ended

  friend bool operator==(const FeedHealth&, const FeedHealth&) = default;

  // A poll has ended, and the guard has judged its round, if it was one.
  void poll_ended(const PollEnd& end, const std::optional<Rejection>& rejection,
                  const RoundGuard& guard, Seconds now);
  // A poll's round was not used, for a reason of ours: "clock_jump".
  void round_held(std::string held_reason, std::string held_text, Seconds now);

  // Of the round that was believed last so many rows were late.
  void took(std::int64_t late_rows, Seconds now);

  [[nodiscard]] std::int64_t rounds_rejected() const {
    return rounds.too_small + rounds.fell_to_zero + rounds.of_strangers;
  }
  // How old what is known of the stations is; nothing where nothing is.
  [[nodiscard]] std::optional<Seconds> data_age_s(Seconds now) const;
  // "2738 stations, 12s old, 3 frozen", "failing for 5m (10 polls): timeout: ...; 2738 stations,
  // ..."
  [[nodiscard]] std::string line(Seconds now) const;

  void save(Writer& out) const;
  // False where the bytes are none of save(): then nothing is changed.
  bool load(Reader& in);

 private:
  void succeeded(Seconds of, Seconds now);
  void failed(std::string failed_reason, std::string failed_text, bool for_good, Seconds now);
};

}  // namespace bikeflow
