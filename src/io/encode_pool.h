// Encodes files of rows on threads of its own: what costs most after decoding, and needs no order.
//
// Threads: one submits and takes; the pool's own do the work.
#pragma once

#include <cstddef>
#include <thread>
#include <vector>

#include "base/result.h"
#include "io/bounded_queue.h"
#include "pipeline/job.h"

namespace bikeflow {

class EncodePool {
 public:
  explicit EncodePool(std::size_t threads);
  ~EncodePool();
  EncodePool(const EncodePool&) = delete;
  EncodePool& operator=(const EncodePool&) = delete;

  // Waits where kWaiting files are ahead of it.
  void submit(FileRequest request);

  // Waits for all that were submitted since; in the order in which they were.
  Result<std::vector<DueFile>> take();

  // Bytes that are done and not yet taken.
  [[nodiscard]] std::size_t done_bytes() const;

 private:
  static constexpr std::size_t kWaiting = 64;

  struct Order {
    std::size_t number = 0;
    FileRequest request;
  };
  void work();

  BoundedQueue<Order> orders_{"files to encode", kWaiting};
  mutable std::mutex mutex_;
  std::condition_variable all_done_;
  std::vector<DueFile> files_;  // by number
  std::size_t submitted_ = 0;
  std::size_t done_ = 0;
  std::size_t done_bytes_ = 0;
  Result<void> failure_;
  std::vector<std::jthread> threads_;
};

}  // namespace bikeflow
