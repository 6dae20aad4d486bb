// A queue between threads with a bound and a name for it: who is too fast waits.
//
// Threads: any number push and pop.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/check.h"

namespace bikeflow {

template <class T>
class BoundedQueue {
 public:
  // `name` says what waits here, in metrics and in what a stuck program tells.
  BoundedQueue(std::string name, std::size_t bound) : name_(std::move(name)), bound_(bound) {
    CHECK(bound > 0);
  }

  // Waits for room. False where the queue was closed; then the item is dropped.
  bool push(T item) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return closed_ || items_.size() < bound_; });
    if (closed_) return false;
    items_.push_back(std::move(item));
    lock.unlock();
    filled_.notify_one();
    return true;
  }

  // As push(), but false where there is no room.
  bool try_push(T item) {
    {
      const std::scoped_lock lock(mutex_);
      if (closed_ || items_.size() >= bound_) return false;
      items_.push_back(std::move(item));
    }
    filled_.notify_one();
    return true;
  }

  // Waits for an item. Nothing where the queue was closed and is empty.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [this] { return closed_ || !items_.empty(); });
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    lock.unlock();
    room_.notify_one();
    return item;
  }

  // Nothing is taken any more; what is in the queue can still be popped. Wakes all who wait.
  void close() {
    {
      const std::scoped_lock lock(mutex_);
      closed_ = true;
    }
    room_.notify_all();
    filled_.notify_all();
  }

  [[nodiscard]] std::size_t size() const {
    const std::scoped_lock lock(mutex_);
    return items_.size();
  }
  [[nodiscard]] std::size_t bound() const { return bound_; }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  const std::string name_;
  const std::size_t bound_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable filled_;
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace bikeflow
