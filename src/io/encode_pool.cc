#include "io/encode_pool.h"

#include <mutex>
#include <utility>

namespace bikeflow {

EncodePool::EncodePool(std::size_t threads) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

EncodePool::~EncodePool() { orders_.close(); }

void EncodePool::submit(FileRequest request) {
  {
    const std::scoped_lock lock(mutex_);
    files_.emplace_back();
  }
  orders_.push({submitted_++, std::move(request)});
}

void EncodePool::work() {
  while (auto order = orders_.pop()) {
    Result<std::string> bytes = encode_hourly(order->request.rows, order->request.metadata);
    const std::scoped_lock lock(mutex_);
    if (bytes) {
      done_bytes_ += bytes->size();
      files_[order->number] = {std::move(order->request.path), std::move(*bytes)};
    } else if (failure_) {
      failure_ = with_context(order->request.path, bytes.error());
    }
    if (++done_ == files_.size()) all_done_.notify_one();
  }
}

Result<std::vector<DueFile>> EncodePool::take() {
  std::unique_lock lock(mutex_);
  all_done_.wait(lock, [this] { return done_ == files_.size(); });
  if (!failure_) return std::unexpected(failure_.error());
  done_ = submitted_ = done_bytes_ = 0;
  return std::exchange(files_, {});
}

std::size_t EncodePool::done_bytes() const {
  const std::scoped_lock lock(mutex_);
  return done_bytes_;
}

}  // namespace bikeflow
