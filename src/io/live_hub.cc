#include "io/live_hub.h"

#include <chrono>

namespace bikeflow {

void LiveHub::tell_listeners() {
  changed_.notify_all();
  const std::scoped_lock lock(listener_mutex_);
  if (listener_) listener_();
}

void LiveHub::introduce(const std::string& system, LiveSystemAbout about) {
  change_all([&](LiveView& view) { view.introduce(system, std::move(about)); });
}

void LiveHub::tell(const LivePart& part, const Names& names, const LiveNews& news) {
  change_all([&](LiveView& view) { view.tell(part, names, news); });
}

void LiveHub::tell_progress(const LivePart& part, LiveProgress progress) {
  change_all([&](LiveView& view) { view.tell_progress(part, std::move(progress)); });
}

void LiveHub::tell_feed(const std::string& system, LiveFeed feed) {
  change_all([&](LiveView& view) { view.tell_feed(system, std::move(feed)); });
}

void LiveHub::lost(const LivePart& part) {
  change_all([&](LiveView& view) { view.lost(part); });
}

void LiveHub::lost_all() {
  change_all([](LiveView& view) { view.lost_all(); });
}

std::uint64_t LiveHub::wait(std::uint64_t after, int timeout_ms) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                    [&] { return view_.version() > after; });
  return view_.version();
}

void LiveHub::on_change(std::function<void()> changed) {
  const std::scoped_lock lock(listener_mutex_);
  listener_ = std::move(changed);
}

}  // namespace bikeflow
