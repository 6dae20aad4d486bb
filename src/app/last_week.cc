#include "app/last_week.h"

namespace bikeflow {
namespace {

constexpr Seconds kWeek = 7 * kDay;

}  // namespace

LastWeek::LastWeek(LakeHours& lake) : lake_(lake), thread_([this] { work(); }) {}

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
  if (known.start != start) {
    known = {start, std::nullopt};
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
    bool is_asked_again = false;
    if (then) {
      // A lake that cannot be read says so where rows are asked for.
      const auto sums = lake_.sums(of, {*then, *then + 1});
      is_asked_again = !sums;
      if (sums && !sums->empty()) {
        totals = {*then, sums->front().total_rental, sums->front().total_return};
      }
    }
    lock.lock();
    const auto known = known_.find(of.system);
    if (known == known_.end() || known->second.start != start) continue;
    if (is_asked_again) {
      known_.erase(known);
    } else {
      known->second.totals = totals;
    }
  }
}

}  // namespace bikeflow
