// The point of truth of a pipeline without Kafka: a folder of checkpoints, one of which is current.
//
//   lock                    see process_lock.h
//   <sequence>-<random>     a checkpoint: written once, synced, never changed
//   CURRENT                 the name of the current checkpoint and a newline; replaced by rename
//
// A checkpoint that CURRENT never named does not exist, whole or torn. There is no moment at which
// neither the old nor the new checkpoint is current.
// Without syncs that holds for processes that die, and not for machines.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/file.h"
#include "io/store.h"

namespace bikeflow {

struct StoredCheckpoint {
  std::string name;
  std::string bytes;
};

class StateDir {
 public:
  // Creates the folder where it is missing and takes its lock until this object dies. Where another
  // process holds it, the Error names that process and the folder.
  static Result<StateDir> open(const std::string& folder, Syncs syncs = Syncs::kOn);

  // The current checkpoint without the lock, for a look: of a running pipeline too. Nothing where
  // there is none, or no such folder. `folder` is within the store.
  static Result<std::optional<StoredCheckpoint>> peek(Store& store, const std::string& folder);

  // Nothing before the first commit. A CURRENT that cannot be followed is an Error, never
  // "nothing": starting anew would write every row a second time. It is durable afterwards.
  [[nodiscard]] Result<std::optional<StoredCheckpoint>> load_current() const;

  // The checkpoint is durable afterwards, but not current. Requires: a checkpoint_name(). What
  // commit() needs is written beside it, so that the disk is waited for once.
  Result<void> write(std::string_view name, std::string_view bytes);

  // The checkpoint is current afterwards, and that is durable. After an Error either may be
  // current: only a new start can tell, by load_current(). Requires: write() of `name` succeeded.
  Result<void> commit(std::string_view name);

  // Deletes old checkpoints, see kKeptSequences. Requires: `current` was committed.
  Result<void> collect(std::string_view current);

  [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
  StateDir(std::string folder, File opened, File lock, Syncs syncs);
  [[nodiscard]] std::string shown(std::string_view name) const;
  [[nodiscard]] Result<void> sync(const File& file, std::string_view shown) const;
  Result<void> prepare(std::string_view name);

  std::string folder_;
  File opened_;
  File lock_;
  Syncs syncs_;
  File next_current_;  // has `next_`, written and not synced
  std::string next_{};
};

}  // namespace bikeflow
