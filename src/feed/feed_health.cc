#include "feed/feed_health.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/overloaded.h"

namespace bikeflow {
namespace {

constexpr std::uint8_t kFormat = 3;
constexpr std::size_t kMostTextBytes = 2000;  // stored

std::string age(Seconds of, Seconds now) { return format_duration(std::max<Seconds>(now - of, 0)); }

}  // namespace

void FeedHealth::poll_ended(const PollEnd& end, const std::optional<Rejection>& rejection,
                            const RoundGuard& guard, Seconds now) {
  ++polls;
  rounds = guard.counts();
  std::visit(Overloaded{
                 [&](const Round& round) {
                   if (rejection) {
                     failed(std::string(reason_word(rejection->reason)), rejection->text, false,
                            now);
                     return;
                   }
                   stations = guard.stations();
                   frozen = guard.frozen();
                   succeeded(round.observed_at, now);
                 },
                 [&](const Unchanged& unchanged) { succeeded(unchanged.observed_at, now); },
                 [&](const PollFailure& failure) {
                   failed(failure.reason, failure.text, failure.is_permanent, now);
                 },
             },
             end.what);
}

void FeedHealth::round_held(std::string held_reason, std::string held_text, Seconds now) {
  ++polls;
  failed(std::move(held_reason), std::move(held_text), false, now);
}

void FeedHealth::succeeded(Seconds of, Seconds now) {
  succeeded_at = now;
  if (of != 0) data_at = of;
  failures_in_a_row = 0;
  failing_since = 0;
  reason.clear();
  text.clear();
  is_permanent = false;
}

void FeedHealth::failed(std::string failed_reason, std::string failed_text, bool for_good,
                        Seconds now) {
  ++failures;
  if (failures_in_a_row++ == 0) failing_since = now;
  reason = std::move(failed_reason);
  text = std::move(failed_text);
  is_permanent = for_good;
}

void FeedHealth::took(std::int64_t late_rows, Seconds now) {
  if (late_rows == 0 || late == 0) late_since = late_rows == 0 ? 0 : now;
  late = late_rows == 0 ? 0 : late + late_rows;
}

std::optional<Seconds> FeedHealth::data_age_s(Seconds now) const {
  if (data_at == 0) return std::nullopt;
  return std::max<Seconds>(now - data_at, 0);
}

std::string FeedHealth::line(Seconds now) const {
  std::string line;
  if (failures_in_a_row > 0) {
    line = fmt::format("failing for {} ({} {}): {}: {}{}; ", age(failing_since, now),
                       failures_in_a_row, failures_in_a_row == 1 ? "poll" : "polls", reason, text,
                       is_permanent ? " (it will not mend itself)" : "");
  }
  if (const auto data_age = data_age_s(now)) {
    line += fmt::format("{} stations, {} old", stations, format_duration(*data_age));
  } else {
    line += "no data yet";
  }
  if (frozen > 0) line += fmt::format(", {} frozen", frozen);
  if (rounds_rejected() > 0) line += fmt::format(", {} rounds rejected", rounds_rejected());
  if (rounds.duplicates > 0) line += fmt::format(", {} duplicates", rounds.duplicates);
  if (late > 0) {
    line +=
        fmt::format(", {} rows late since {}: is the clock right?", late, format_utc(late_since));
  }
  if (!budget.empty()) line += ", " + budget;
  return line;
}

// Format: its number (u8); the times (i64); the numbers (varint); reason and text; is_permanent
// (u8); budget. In the order of the calls below.
void FeedHealth::save(Writer& out) const {
  out.u8(kFormat);
  for (const Seconds time : {succeeded_at, data_at, failing_since, late_since}) out.i64(time);
  for (const std::int64_t number :
       {failures_in_a_row, polls, failures, stations, frozen, rounds.believed, rounds.too_small,
        rounds.fell_to_zero, rounds.of_strangers, rounds.believed_again, rounds.duplicates, late}) {
    out.varint(static_cast<std::uint64_t>(number));
  }
  out.string(reason);
  out.string(std::string_view(text).substr(0, kMostTextBytes));
  out.u8(is_permanent ? 1 : 0);
  out.string(budget);
}

bool FeedHealth::load(Reader& in) {
  FeedHealth read;
  if (in.u8() != kFormat) in.set_failed();
  for (Seconds* time : {&read.succeeded_at, &read.data_at, &read.failing_since, &read.late_since}) {
    *time = in.i64();
    if (*time < -kLatestTime || *time > kLatestTime) in.set_failed();
  }
  for (std::int64_t* number : {&read.failures_in_a_row, &read.polls, &read.failures, &read.stations,
                               &read.frozen, &read.rounds.believed, &read.rounds.too_small,
                               &read.rounds.fell_to_zero, &read.rounds.of_strangers,
                               &read.rounds.believed_again, &read.rounds.duplicates, &read.late}) {
    const std::uint64_t value = in.varint();
    if (value > std::uint64_t{GuardCounts::kMost}) in.set_failed();
    *number = static_cast<std::int64_t>(value);
  }
  read.reason = in.string();
  read.text = in.string();
  read.is_permanent = in.u8() != 0;
  read.budget = in.string();
  if (!in.ok()) return false;
  *this = std::move(read);
  return true;
}

}  // namespace bikeflow
