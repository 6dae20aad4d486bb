#include "io/process_numbers.h"

#include <gtest/gtest.h>

#include <vector>

#include "io/clock.h"

namespace bikeflow {
namespace {

TEST(ProcessNumbers, FollowWhatTheProcessDoes) {
  const ProcessNumbers before = process_numbers();
  EXPECT_GT(before.resident_bytes, 1 << 20);
  EXPECT_GT(before.open_files, 2);
  EXPECT_LE(before.started_at, wall_now() + 1);
  EXPECT_GT(before.started_at, wall_now() - kDay);

  std::vector<char> memory(64 << 20, 'x');
  const std::int64_t begin = monotonic_ms();
  while (process_numbers().cpu_seconds < before.cpu_seconds + 0.05) {
    ASSERT_LT(monotonic_ms() - begin, 60'000);
    memory[static_cast<std::size_t>(begin) % memory.size()] ^= 1;
  }
  const ProcessNumbers after = process_numbers();
  EXPECT_GT(after.resident_bytes, before.resident_bytes + (32 << 20));
  EXPECT_EQ(after.started_at, before.started_at);
}

}  // namespace
}  // namespace bikeflow
