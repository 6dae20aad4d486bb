#include "pipeline/run_numbers.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace bikeflow {
namespace {

using TaskArray = std::array<std::int64_t, sizeof(TaskCounters) / sizeof(std::int64_t)>;

template <std::size_t N, std::size_t M>
std::array<std::int64_t, N> with(const std::array<std::int64_t, M>& first,
                                 std::initializer_list<std::int64_t> rest) {
  std::array<std::int64_t, N> all{};
  std::copy(rest.begin(), rest.end(), std::ranges::copy(first, all.begin()).out);
  return all;
}

}  // namespace

PartNumbers part_numbers(const Partition& partition) {
  const Task& task = partition.task();
  PartNumbers numbers{.system = partition.settings().system,
                      .partition = partition.settings().number};
  auto counters = std::bit_cast<TaskArray>(task.counters());
  const auto loaded = std::bit_cast<TaskArray>(task.loaded_counters());
  for (std::size_t i = 0; i < counters.size(); ++i) counters[i] -= loaded[i];
  numbers.counters = std::bit_cast<TaskCounters>(counters);
  numbers.gaps = task.gaps();
  if (!task.has_started()) return numbers;
  numbers.watermark = task.watermark().value();
  numbers.newest_at = task.watermark().latest();
  const Seconds ahead = numbers.newest_at - task.next_window().start;
  if (ahead >= 0) numbers.open_windows = ahead / task.settings().windows.slide + 1;
  return numbers;
}

JobNumbers job_numbers(const Job& job, const CheckpointNumbers& checkpoints) {
  JobNumbers numbers{.source = job.settings().source,
                     .partition = job.settings().number,
                     .dead_letters = job.dead_letter_counts(),
                     .checkpoints = checkpoints,
                     .due_files = std::ssize(job.due()),
                     .due_bytes = static_cast<std::int64_t>(job.due_bytes()),
                     .checkpoint_bytes = static_cast<std::int64_t>(job.checkpoint_bytes())};
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    numbers.dead_letters[i] -= job.restored_dead_letter_counts()[i];
  }
  return numbers;
}

void CheckpointNumbers::done(std::int64_t ms, Seconds at) {
  ++count;
  took_ms += ms;
  last_at = at;
}

void RunTotals::follow(const RunNumbers& now) {
  for (auto& [key, part] : parts_) part.now.is_here = false;
  for (auto& [key, job] : jobs_) job.now.is_here = false;
  for (const PartNumbers& part : now.parts) {
    OfPart& known = parts_[{part.system, part.partition}];
    known.now = part;
    known.total.follow(with<kPartCounts>(std::bit_cast<TaskArray>(part.counters), {part.gaps}));
  }
  for (const JobNumbers& job : now.jobs) {
    OfJob& known = jobs_[{job.source, job.partition}];
    known.now = job;
    known.total.follow(
        with<kJobCounts>(job.dead_letters, {job.checkpoints.count, job.checkpoints.took_ms}));
  }
  for (const FeedNumbers& feed : now.feeds) {
    OfFeed& known = feeds_[feed.system];
    known.now = feed;
    known.total.follow({feed.polls, feed.failures, feed.rounds_rejected});
  }
  store_ = now.store;
}

RunNumbers RunTotals::numbers() const {
  RunNumbers all{.parts = {}, .jobs = {}, .feeds = {}, .store = store_};
  for (const auto& [key, known] : parts_) {
    PartNumbers& part = all.parts.emplace_back(known.now);
    TaskArray counters{};
    std::copy_n(known.total.sum.begin(), counters.size(), counters.begin());
    part.counters = std::bit_cast<TaskCounters>(counters);
    part.gaps = known.total.sum.back();
  }
  for (const auto& [key, known] : jobs_) {
    JobNumbers& job = all.jobs.emplace_back(known.now);
    std::copy_n(known.total.sum.begin(), kReasonCount, job.dead_letters.begin());
    job.checkpoints.count = known.total.sum[kReasonCount];
    job.checkpoints.took_ms = known.total.sum[kReasonCount + 1];
  }
  for (const auto& [system, known] : feeds_) {
    FeedNumbers& feed = all.feeds.emplace_back(known.now);
    feed.polls = known.total.sum[0];
    feed.failures = known.total.sum[1];
    feed.rounds_rejected = known.total.sum[2];
  }
  return all;
}

}  // namespace bikeflow
