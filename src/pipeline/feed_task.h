// One live feed's way into the lake, without Kafka: rounds come in, and what is to be committed
// stands in its job, one commit for each poll.
//
// Pure: no thread, no clock, no file.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/now.h"
#include "base/result.h"
#include "feed/round.h"
#include "live/live_stations.h"
#include "pipeline/job.h"

namespace bikeflow {

struct FeedTaskSettings {
  std::string system;  // also the source in files, and the job's name
  Zone zone;
  TaskSettings task;  // windows.hour_phase is taken from the zone
  LakeRule lake;
  std::string lake_id;
  Seconds poll_every = 30;
  Seconds idle_close = 5 * kMinute;       // at least three polls are taken
  std::uint32_t most_stations = 200'000;  // ever: each has a state for good
  bool has_live_view = false;
};

// Threads: none; one owner.
class FeedTask {
 public:
  // Goes on with the job that was restored, or anew without one. An Error where that was made with
  // other settings that change rows.
  static Result<FeedTask> open(FeedTaskSettings settings, std::optional<Job> restored);

  // A round that is believed. One without stations says that there is nothing newer of any. A new
  // station of a system that has as many as it may is kept as a dead letter, in the topic's form.
  void observe(const Round& round, const Now& now);
  // A round that is not: each of its stations is kept as a dead letter, in the topic's form.
  void reject(const Round& round, const Refusal& why, const Now& now);
  // The feed answered that there is nothing newer. Said again and again, that closes hours.
  void nothing_new(const Now& now);
  // Closes what is open, as at the end of an input: what comes later from before is late.
  void close_windows(const Now& now);
  // No more will come in this life of the process: what waits is published with the last commit.
  void finish() { must_publish_ = true; }

  // What outlives the process besides: kept with the next commit.
  void remember(std::string memory) { job_.feed()->memory = std::move(memory); }
  [[nodiscard]] std::string_view memory() const { return job_.feed()->memory; }

  // Whether late rows and dead letters are to be files with the commit that follows. They wait for
  // an hour's end, as a feed with one bad station would else make a file with each poll.
  [[nodiscard]] Waiting waiting() const;
  // After the commit.
  void committed() { must_publish_ = false; }

  // Whether its next hour should long have been closed, by its data or by the clock.
  [[nodiscard]] bool is_overdue(Seconds wall) const;

  [[nodiscard]] Job& job() { return job_; }
  [[nodiscard]] const Task& task() const { return partition_->task(); }
  // Nothing where no live view is wanted.
  [[nodiscard]] std::optional<LiveStations>& live() { return live_; }

 private:
  FeedTask(FeedTaskSettings settings, Job job);

  void tell_live(const Round& round, const Batch& batch, const Now& now);
  void refuse_new(const std::vector<const SeenStation*>& stations, Seconds observed_at,
                  const Now& now);
  void add_dead_letters(std::vector<DeadLetter> letters);
  void take_files();
  [[nodiscard]] bool is_idle(const Now& now);
  [[nodiscard]] Seconds least_polls() const;
  [[nodiscard]] Seconds idle_after() const;
  void heard(const Now& now);

  FeedTaskSettings settings_;
  Job job_;
  Partition* partition_;  // the job's only one
  std::optional<LiveStations> live_;
  bool must_publish_ = false;
  // When the feed last said anything, and how long that was after the time before.
  std::optional<Now> heard_;
  Seconds interval_s_ = 0;
  std::optional<Now> silent_since_;  // since when it has said that there is nothing newer
};

}  // namespace bikeflow
