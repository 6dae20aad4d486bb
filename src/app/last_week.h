// What the same hour of a week ago was, for the live view to stand beside: read from the lake on a
// thread of its own, because a lake may be far away and who asks must not wait.
//
// Threads: any.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "api/live_json.h"
#include "app/lake_hours.h"

namespace bikeflow {

class LastWeek {
 public:
  // A lake that cannot be read is left alone for so long: its troubles last, and each look may take
  // as long as its store's patience.
  static constexpr std::int64_t kRestMs = 60'000;

  // `lake` outlives this.
  explicit LastWeek(LakeHours& lake, std::int64_t rest_ms = kRestMs);
  ~LastWeek();

  // Of the same civil hour a week before `start`; nothing where the lake has none, cannot be read,
  // or is still being asked: then a later call may know.
  std::optional<HourTotals> of(const LakeHoursOf& of, Seconds start);

 private:
  void work();

  LakeHours& lake_;
  const std::int64_t rest_ms_;
  std::mutex mutex_;
  std::condition_variable wanted_;
  bool is_ending_ = false;
  std::deque<std::pair<LakeHoursOf, Seconds>> asked_;
  // Of each system the hour that was asked for last, and what is known of it.
  struct Known {
    Seconds start = 0;
    std::optional<HourTotals> totals;
    std::optional<std::int64_t> ask_again_ms;  // where the lake could not be read
  };
  std::map<std::string, Known> known_;
  std::thread thread_;
};

}  // namespace bikeflow
