// A job at work on a lake in a folder: the lock, what an earlier run left, and the commits.
//
// Threads: one at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/lake_id.h"
#include "io/local_store.h"
#include "io/random.h"
#include "io/state_dir.h"
#include "pipeline/job.h"

namespace bikeflow {

// Where a job's state is, below the lake's folder: "_bikeflow/state/backfill".
std::string state_folder(std::string_view lake, std::string_view job_name);

class LakeSession {
 public:
  // Creates the lake where there is none, takes the job's lock and registers the writer.
  static Result<LakeSession> open(const std::string& lake, std::string_view job_name,
                                  const LakeWriter& writer, RandomSource random,
                                  Syncs syncs = Syncs::kOn);

  [[nodiscard]] const std::string& lake_id() const { return lake_id_; }
  [[nodiscard]] Store& store() { return *store_; }
  [[nodiscard]] const StateDir& state() const { return state_; }

  // The job as its last commit left it, after everything that commit said is due has been
  // published. Nothing where there was no commit yet.
  Result<std::optional<Job>> restore();

  // A file of the source in the lake, or nothing. To be asked where there is no commit: a job that
  // began anew would use its names a second time.
  Result<std::optional<std::string>> find_file_of(std::string_view source);

  // Files in the lake of hours that are due in the job, and that another source has written.
  Result<std::vector<std::string>> files_of_others(const Job& job);

  // Commits the job and publishes what is due; of a backfill only where no other source has written
  // one of its hours, of which it is an error. After an Error the job must not be used any more:
  // the next restore() tells what has become of it.
  Result<void> commit(Job& job, Waiting waiting = Waiting::kPublish);

 private:
  LakeSession(std::unique_ptr<LocalStore> store, StateDir state, std::string lake_id,
              LakeWriter::Kind kind, RandomSource random)
      : store_(std::move(store)),
        state_(std::move(state)),
        lake_id_(std::move(lake_id)),
        kind_(kind),
        random_(std::move(random)) {}

  Result<void> execute(const std::vector<Effect>& effects);
  Result<void> refuse_hours_of_others(const Job& job);

  std::unique_ptr<LocalStore> store_;
  StateDir state_;
  std::string lake_id_;
  LakeWriter::Kind kind_;
  RandomSource random_;
};

}  // namespace bikeflow
