// Recorded input through a job into a lake: decoded on some threads, encoded on others, committed
// every few seconds, and taken up again where a run before it stopped.
//
// Threads: one at a time calls it; it uses threads of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/zone.h"
#include "io/encode_pool.h"
#include "io/lake_session.h"
#include "io/record_stream.h"
#include "pipeline/job.h"

namespace bikeflow {

inline constexpr std::string_view kBackfillSource = "backfill";

// How often a backfill commits: what is due then is published as a group.
inline constexpr std::int64_t kBackfillCommitMs = 5000;
inline constexpr std::size_t kBackfillDueBytes = std::size_t{64} << 20;
// Late rows and dead letters wait in memory for the next commit.
inline constexpr std::size_t kBackfillWaitingRows = 100'000;

// So many records are judged before anything is published, and so many of a hundred may be late.
inline constexpr std::int64_t kJudgedRecords = 100'000;
inline constexpr std::int64_t kMostLatePercent = 1;

struct BackfillSettings {
  TaskSettings task;  // windows.hour_phase is taken from the system's zone
  std::function<Result<Zone>(std::string_view system)> zone_of;
  bool keep_open = false;  // windows that the watermark has not reached stay open
  std::vector<std::size_t>
      sorted_unit;  // the inputs that are sorted on disk and end together, if any
  std::size_t threads = 1;
  Seconds now = 0;
};

struct BackfillProgress {
  std::size_t inputs_done = 0;
  std::int64_t stored_bytes = 0;
  std::int64_t records = 0;  // of this run
};

// What this run has done.
struct BackfillSummary {
  std::int64_t records = 0;
  std::int64_t observations = 0;  // accepted
  std::int64_t duplicates = 0;
  std::int64_t conflicts = 0;
  std::int64_t late = 0;
  std::int64_t rows = 0;
  std::int64_t windows = 0;
  std::int64_t rentals = 0;
  std::int64_t returns = 0;
  ReasonCounts dead_letters{};
  std::int64_t systems = 0;   // that this run has read observations of
  std::int64_t stations = 0;  // of those systems, as far as they are known
  bool interrupted = false;   // by a signal; the next run goes on
};

class Backfill {
 public:
  // `lake` null: a dry run, which does everything but write. Requires: `job` has the inputs, and
  // was restored from `lake` where it has a state; all outlive this.
  Backfill(const BackfillSettings& settings, Job& job, LakeSession* lake);

  using Report = std::function<void(const BackfillProgress&)>;

  // Reads `stream` to its end. `report` is called now and then.
  Result<BackfillSummary> run(RecordStream& stream, const Report& report);

 private:
  Result<void> take(const InputChunk& chunk);
  Result<Partition*> partition(std::size_t number, const std::vector<std::string>& systems);
  void take_files(Partition& partition);
  Result<void> judge_lateness(bool at_end);
  [[nodiscard]] bool is_commit_due(std::int64_t now_ms) const;
  Result<void> commit();
  Result<void> end();
  [[nodiscard]] BackfillSummary totals() const;

  BackfillSettings settings_;
  Job& job_;
  LakeSession* lake_;
  EncodePool pool_;
  std::vector<std::string> systems_;    // by the stream's number
  std::vector<Partition*> partitions_;  // likewise
  BackfillSummary before_;              // what the job had done before this run
  std::int64_t read_ = 0;               // records of this run
  bool is_judged_ = false;
  std::int64_t last_commit_ms_ = 0;
};

}  // namespace bikeflow
