// How a run stands and what it has done, as plain numbers: what metrics are made of.
//
// A copy is taken each second or so, and nothing is counted for it on the way of a record.
//
// Threads: values; one owner.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "model/dead_letter.h"
#include "pipeline/job.h"

namespace bikeflow {

// A system's part of a partition.
struct PartNumbers {
  std::string system;
  std::int32_t partition = 0;
  TaskCounters counters{};               // since its state was loaded, or began
  std::int64_t gaps = 0;                 // ditto
  bool is_here = true;                   // what follows is of now
  Seconds watermark = 0, newest_at = 0;  // 0: none yet
  std::int64_t open_windows = 0;         // that hold an observation, or lie before one that does
};
PartNumbers part_numbers(const Partition& partition);

// Of checkpoints that were made here, from their bytes to where they count.
struct CheckpointNumbers {
  std::int64_t count = 0;
  std::int64_t took_ms = 0;  // all of them
  Seconds last_at = 0;       // 0: none yet

  void done(std::int64_t ms, Seconds at);
};

// A partition of the topic, or a feed: what has a state of its own.
struct JobNumbers {
  std::string source;  // the topic, or the feed's system
  std::int32_t partition = 0;
  ReasonCounts dead_letters{};  // since its state was loaded, or began
  CheckpointNumbers checkpoints{};
  bool is_here = true;                // what follows is of now
  std::optional<std::int64_t> lag{};  // records of the topic that are not read yet
  std::int64_t due_files = 0, due_bytes = 0;
  std::int64_t checkpoint_bytes = 0;  // of the newest
  bool is_paused = false, is_stopped = false;
};
JobNumbers job_numbers(const Job& job, const CheckpointNumbers& checkpoints);

struct FeedNumbers {
  std::string system;
  std::int64_t polls = 0, failures = 0, rounds_rejected = 0;  // since its state was loaded
  std::int64_t failures_in_a_row = 0;
  std::int64_t stations = 0, frozen = 0;  // of the last round that was believed
  Seconds succeeded_at = 0, data_at = 0;  // 0: never, unknown
};

struct StoreNumbers {
  std::int64_t done = 0, failed = 0;
  std::int64_t took_ms = 0;  // of both
};

struct RunNumbers {
  std::vector<PartNumbers> parts;
  std::vector<JobNumbers> jobs;
  std::vector<FeedNumbers> feeds;
  std::map<std::string, StoreNumbers> store;  // by operation: "put"
};

// Adds up what is counted from life to life: a partition or a feed that comes back begins at 0
// again, and a metric must never fall.
class RunTotals {
 public:
  void follow(const RunNumbers& now);
  // As of the last follow(), with what was counted since this began; of what is no more here only
  // that counts.
  [[nodiscard]] RunNumbers numbers() const;

 private:
  template <std::size_t N>
  struct Total {
    std::array<std::int64_t, N> last{}, sum{};
    void follow(const std::array<std::int64_t, N>& now) {
      for (std::size_t i = 0; i < N; ++i) {
        sum[i] += now[i] >= last[i] ? now[i] - last[i] : now[i];
        last[i] = now[i];
      }
    }
  };
  // Of its counters and the gaps; of its dead letters and of checkpoints how many and how long.
  static constexpr std::size_t kPartCounts = sizeof(TaskCounters) / sizeof(std::int64_t) + 1;
  static constexpr std::size_t kJobCounts = kReasonCount + 2;
  struct OfPart {
    PartNumbers now;
    Total<kPartCounts> total;
  };
  struct OfJob {
    JobNumbers now;
    Total<kJobCounts> total;
  };
  struct OfFeed {
    FeedNumbers now;
    Total<3> total;
  };
  using Key = std::pair<std::string, std::int32_t>;

  std::map<Key, OfPart> parts_;
  std::map<Key, OfJob> jobs_;
  std::map<std::string, OfFeed> feeds_;
  std::map<std::string, StoreNumbers> store_;
};

}  // namespace bikeflow
