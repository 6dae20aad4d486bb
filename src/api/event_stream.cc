#include "api/event_stream.h"

#include <charconv>

#include <fmt/format.h>

#include "api/live_json.h"

namespace bikeflow {

EventStream::Told EventStream::told_of(std::string_view last_event_id) const {
  if (!last_event_id.starts_with(life_)) return {};
  const std::string_view rest = last_event_id.substr(life_.size());
  std::uint64_t version = 0;
  if (!rest.starts_with('-')) return {};
  const auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), version);
  if (error != std::errc() || end != rest.data() + rest.size()) return {};
  if (version > sources_.version()) return {};
  return {version, 0};
}

std::string EventStream::event(std::string_view type, std::uint64_t version,
                               const std::string& data) const {
  return fmt::format("event: {}\nid: {}-{}\ndata: {}\n\n", type, life_, version, data);
}

std::string EventStream::step(std::uint64_t after, std::uint64_t& version) const {
  const LiveChanges changes = sources_.changes(after);
  version = changes.version;
  const Seconds now = sources_.time();
  if (after == 0) return event("snapshot", version, stations_json("", now, changes.stations));
  // A reader that loses the connection between two of them asks again for all: so each but the last
  // has the id from before.
  std::string events;
  const auto add = [&](std::string_view type, const std::string& data) {
    events += event(type, after, data);
  };
  if (!changes.movements.empty()) add("movements", movements_json(changes.movements));
  if (!changes.seen_again.empty()) add("seen", seen_json(now, changes));
  events += event("stations", version, stations_json("", now, changes.stations));
  return events;
}

void EventStream::look_at_state(std::int64_t now_ms) {
  const std::uint64_t version = sources_.version();
  const bool is_changed = version != state_version_ && now_ms - changed_ms_ >= kStateEveryMs;
  if (!is_changed && now_ms - state_ms_ < kStateAtLeastMs) return;
  if (is_changed) changed_ms_ = now_ms;
  state_ = sources_.state_json();
  state_version_ = version;
  state_ms_ = now_ms;
  ++state_number_;
}

std::string EventStream::take(Told& told, std::int64_t now_ms) {
  look_at_state(now_ms);
  std::string events;
  if (sources_.version() != told.version) {
    if (told.version != from_ || sources_.version() != to_) {
      from_ = told.version;
      made_ = step(told.version, to_);
    }
    events = made_;
    told.version = to_;
  }
  if (told.state != state_number_) {
    told.state = state_number_;
    events += event("state", told.version, state_);
  }
  return events;
}

}  // namespace bikeflow
