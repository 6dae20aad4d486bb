// The live view of all that a process reads, shared by its threads: that of the pipeline tells it
// what changed, and those who look on read it, and are told when there is something new.
//
// Threads: any.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <utility>

#include "live/live_view.h"

namespace bikeflow {

class LiveHub {
 public:
  // As of LiveView.
  void introduce(const std::string& system, LiveSystemAbout about);
  void tell(const LivePart& part, const Names& names, const LiveNews& news);
  void tell_progress(const LivePart& part, LiveProgress progress);
  void tell_feed(const std::string& system, LiveFeed feed);
  void lost(const LivePart& part);
  void lost_all();
  // Any number of these as one change, so that who listens is not told of a part of it: `change`
  // is called with the view.
  template <typename Change>
  void change_all(Change&& change) {
    bool is_changed = false;
    {
      const std::scoped_lock lock(mutex_);
      const std::uint64_t before = view_.version();
      std::forward<Change>(change)(view_);
      is_changed = view_.version() != before;
    }
    if (is_changed) tell_listeners();
  }

  // What `look` makes of the view. It keeps the pipeline waiting: no more than copies what it
  // needs.
  template <typename Look>
  auto read(Look&& look) const {
    const std::scoped_lock lock(mutex_);
    return std::forward<Look>(look)(view_);
  }

  // Returns the version, as soon as it is greater than `after`, or after the time.
  std::uint64_t wait(std::uint64_t after, int timeout_ms) const;

  // Called after each change, on the thread that told it: quick, and without reading the hub. Set
  // before anything is told; nothing is called any more once it was set to nothing.
  void on_change(std::function<void()> changed);

 private:
  void tell_listeners();

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  LiveView view_;
  std::mutex listener_mutex_;
  std::function<void()> listener_;
};

}  // namespace bikeflow
