#include "io/bounded_queue.h"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

TEST(BoundedQueue, KeepsTheOrder) {
  BoundedQueue<int> queue("test", 3);
  EXPECT_TRUE(queue.push(1));
  EXPECT_TRUE(queue.push(2));
  EXPECT_EQ(queue.size(), 2);
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), 2);
}

TEST(BoundedQueue, WhoDoesNotWaitIsToldThatItIsFull) {
  BoundedQueue<int> queue("test", 1);
  EXPECT_TRUE(queue.try_push(1));
  EXPECT_FALSE(queue.try_push(2));
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_TRUE(queue.try_push(3));
  EXPECT_EQ(queue.pop(), 3);
  queue.close();
  EXPECT_FALSE(queue.try_push(4));
}

TEST(BoundedQueue, NeverHoldsMoreThanItsBoundAndLosesNothing) {
  constexpr int kItems = 20'000;
  BoundedQueue<int> queue("test", 4);
  std::atomic<std::size_t> most = 0;
  std::atomic<long> sum = 0;
  std::atomic<int> popped = 0;
  {
    std::vector<std::jthread> consumers;
    consumers.reserve(3);
    for (int i = 0; i < 3; ++i) {
      consumers.emplace_back([&] {
        while (auto item = queue.pop()) {
          sum += *item;
          ++popped;
        }
      });
    }
    for (int i = 0; i < kItems; ++i) {
      ASSERT_TRUE(queue.push(i));
      most = std::max(most.load(), queue.size());
    }
    queue.close();
  }
  EXPECT_EQ(popped, kItems);
  EXPECT_EQ(sum, long{kItems} * (kItems - 1) / 2);
  EXPECT_LE(most, queue.bound());
}

TEST(BoundedQueue, AFullQueueWaitsForRoom) {
  BoundedQueue<int> queue("test", 1);
  ASSERT_TRUE(queue.push(1));
  std::atomic<bool> is_pushed = false;
  const std::jthread producer([&] {
    queue.push(2);
    is_pushed = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(is_pushed);
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), 2);
}

TEST(BoundedQueue, CloseWakesBothSidesAndKeepsWhatIsThere) {
  BoundedQueue<int> queue("test", 1);
  ASSERT_TRUE(queue.push(1));
  bool is_taken = true;
  {
    const std::jthread producer([&] { is_taken = queue.push(2); });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    queue.close();
  }
  EXPECT_FALSE(is_taken);
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), std::nullopt);
  BoundedQueue<int> empty("test", 1);
  {
    const std::jthread consumer([&] { EXPECT_EQ(empty.pop(), std::nullopt); });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    empty.close();
  }
}

}  // namespace
}  // namespace bikeflow
