// When a feed is asked next: a steady beat of the monotonic clock.
//
// Beats are `every_ms` apart, for ever, whatever the polls take: what drifts would not divide an
// hour evenly. Each system has its own phase, from its id, so that a thousand feeds are not asked
// at once. A beat that passes while a poll is still on its way is left out.
//
// Threads: none; one owner.
#pragma once

#include <cstdint>
#include <string_view>

#include "feed/source.h"

namespace bikeflow {

struct BeatSettings {
  std::int64_t every_ms = 30'000;  // at least 1
  // The first beat of the feeds lies within so long after the start; 0 where there is only one.
  std::int64_t spread_ms = 30'000;
};

class Beat {
 public:
  static constexpr std::int64_t kMostBackoffMs = 60'000;  // after transient failures
  static constexpr std::int64_t kPermanentMs = 600'000;   // after those that someone must mend

  Beat(const BeatSettings& settings, std::string_view system, std::int64_t start_ms);

  // The next poll is due at this time.
  [[nodiscard]] std::int64_t due_ms() const { return due_ms_; }

  // A poll has ended so: the next beat that is not over, nor before what the feed asked for.
  // A failure that may pass doubles the least wait from 1 s to a minute; one that will not waits
  // ten minutes. What a feed asks for counts from its answer, which came behind the beat: where it
  // ends within a quarter of `every_ms` behind a beat, the poll of that beat is so late, and not
  // left out; where a feed that asks for no more than `every_ms` has come to be later than that,
  // poll after poll, the beat is moved. `jitter`, from 0 up to 1, puts a poll on a beat so much of
  // a twentieth of `every_ms` (at most a second) behind; one that is late is late enough.
  void ended(const PollEnd& end, std::int64_t now_ms, double jitter);

 private:
  [[nodiscard]] std::int64_t wait_ms_after(const PollEnd& end);

  std::int64_t every_ms_;
  std::int64_t beat_ms_;  // of due_ms_, which may lie behind it
  std::int64_t due_ms_;
  int failures_ = 0;  // in a row, that may pass
};

}  // namespace bikeflow
