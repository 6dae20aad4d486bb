// The stream of events of a system (server-sent events, as the HTML standard has them): what a
// reader is told next, given what it was told last.
//
// Nothing is kept for a reader: an event's id says how far it has been told, and whoever asks with
// it again, after any time, gets what is different since then. Many readers ask for the same step,
// so that is made once, also where there is something newer before the last of them has asked.
//
// Threads: none; one owner.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "live/live_view.h"

namespace bikeflow {

// What the events are made of, as it is when asked.
struct EventSources {
  std::function<std::uint64_t()> version;
  std::function<LiveChanges(std::uint64_t after)> changes;
  std::function<std::string()> state_json;
  std::function<Seconds()> time;  // now
};

class EventStream {
 public:
  // `life` is another one for each life of the process: versions begin anew with it. Letters and
  // digits.
  EventStream(std::string life, EventSources sources)
      : life_(std::move(life)), sources_(std::move(sources)) {}

  // How far a reader has been told.
  struct Told {
    std::uint64_t version = 0;  // 0: nothing
    std::uint64_t state = 0;    // which of state_json
  };
  // Of the id of the last event that it got; of another life, or none, it is nothing.
  [[nodiscard]] Told told_of(std::string_view last_event_id) const;

  // The events that are due for a reader, null where none are. Readers share them.
  std::shared_ptr<const std::string> take(Told& told, std::int64_t now_ms);

  // The state is told when something has changed, at most so often, and after the longest time
  // anyway.
  static constexpr std::int64_t kStateEveryMs = 250;
  static constexpr std::int64_t kStateAtLeastMs = 5'000;
  // A step is for all who ask from where it begins for so long; they get the rest with the next.
  static constexpr std::int64_t kSharedMs = 100;

 private:
  struct Step {
    std::uint64_t from = 0, to = 0;
    std::uint64_t state = 0;  // which of state_json is told too; 0: none
    std::int64_t made_ms = 0;
    std::shared_ptr<const std::string> events;
  };
  [[nodiscard]] std::string event(std::string_view type, std::uint64_t version,
                                  const std::string& data) const;
  void look_at_state(std::int64_t now_ms);
  [[nodiscard]] std::string changes_since(std::uint64_t from, std::uint64_t& to) const;
  const Step& step(std::uint64_t from, std::uint64_t state, std::int64_t now_ms);

  std::string life_;
  EventSources sources_;
  // Several, for of those who are behind each may be elsewhere.
  std::deque<Step> steps_;
  // The state that was made last.
  std::uint64_t state_number_ = 0, state_version_ = 0;
  std::int64_t state_ms_ = INT64_MIN / 2, changed_ms_ = INT64_MIN / 2;  // when; for a change
  std::string state_;
};

}  // namespace bikeflow
