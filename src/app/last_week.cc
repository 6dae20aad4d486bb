#include "app/last_week.h"

#include "io/clock.h"

namespace bikeflow {
namespace {

constexpr Seconds kWeek = 7 * kDay;

}  // namespace

LastWeek::LastWeek(LakeHours& lake, std::int64_t rest_ms)
    : lake_(lake), rest_ms_(rest_ms), thread_([this] { work(); }) {}

LastWeek::~LastWeek() {
  {
    const std::scoped_lock lock(mutex_);
    is_ending_ = true;
  }
  wanted_.notify_all();
  thread_.join();
}

std::optional<HourTotals> LastWeek::of(const LakeHoursOf& of, Seconds start) {
  const std::scoped_lock lock(mutex_);
  Known& known = known_[of.system];
  const bool is_asked_again = known.ask_again_ms && monotonic_ms() >= *known.ask_again_ms;
  if (known.start != start || is_asked_again) {
    known = {start, std::nullopt, std::nullopt};
    asked_.emplace_back(of, start);
    wanted_.notify_all();
  }
  return known.totals;
}

void LastWeek::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wanted_.wait(lock, [&] { return is_ending_ || !asked_.empty(); });
    if (is_ending_) return;
    const auto [of, start] = std::move(asked_.front());
    asked_.pop_front();
    lock.unlock();
    // Civil time: a clock change between the two moves the hour.
    const Seconds local = start + of.zone.offset_at(start) - kWeek;
    const std::optional<Seconds> then = of.zone.from_local(local, start - kWeek);
    std::optional<HourTotals> totals;
    std::optional<std::int64_t> ask_again_ms;
    if (then) {
      // A lake that cannot be read says so where rows are asked for.
      const auto sums = lake_.sums(of, {*then, *then + 1});
      if (!sums) ask_again_ms = monotonic_ms() + rest_ms_;
      if (sums && !sums->empty()) {
        totals = {*then, sums->front().total_rental, sums->front().total_return};
      }
    }
    lock.lock();
    const auto known = known_.find(of.system);
    if (known == known_.end() || known->second.start != start) continue;
    known->second.totals = totals;
    known->second.ask_again_ms = ask_again_ms;
  }
}

}  // namespace bikeflow
