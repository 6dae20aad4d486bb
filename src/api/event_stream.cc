#include "api/event_stream.h"

#include <algorithm>
#include <charconv>
#include <utility>

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

std::string EventStream::changes_since(std::uint64_t from, std::uint64_t& to) const {
  const LiveChanges changes = sources_.changes(from);
  to = changes.version;
  const Seconds now = sources_.time();
  if (from == 0) return event("snapshot", to, stations_json("", now, changes.stations));
  // A reader that loses the connection between two of them asks again for all: so each but the last
  // has the id from before.
  std::string events;
  const auto add = [&](std::string_view type, const std::string& data) {
    events += event(type, from, data);
  };
  if (!changes.movements.empty()) add("movements", movements_json(changes.movements));
  if (!changes.seen_again.empty()) add("seen", seen_json(now, changes));
  events += event("stations", to, stations_json("", now, changes.stations));
  return events;
}

const EventStream::Step& EventStream::step(std::uint64_t from, std::uint64_t state,
                                           std::int64_t now_ms) {
  const auto found = std::ranges::find_if(
      steps_, [&](const Step& each) { return each.from == from && each.state == state; });
  if (found != steps_.end()) return *found;
  Step step{.from = from, .to = from, .state = state, .made_ms = now_ms, .events = {}};
  std::string events;
  if (sources_.version() != from) events = changes_since(from, step.to);
  if (state != 0) events += event("state", step.to, state_);
  step.events = std::make_shared<const std::string>(std::move(events));
  return steps_.emplace_back(std::move(step));
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

std::shared_ptr<const std::string> EventStream::take(Told& told, std::int64_t now_ms) {
  // Also where nobody wants another, or a text would stay as long as nothing happens.
  std::erase_if(steps_, [&](const Step& each) { return now_ms - each.made_ms >= kSharedMs; });
  look_at_state(now_ms);
  const bool wants_state = told.state != state_number_;
  if (!wants_state && sources_.version() == told.version) return nullptr;
  const Step& next = step(told.version, wants_state ? state_number_ : 0, now_ms);
  told.version = next.to;
  if (wants_state) told.state = next.state;
  return next.events;
}

}  // namespace bikeflow
