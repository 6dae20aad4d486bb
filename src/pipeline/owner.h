// One partition of the topic in the hands of one member of the group, from its assignment until it
// is taken away: finds out where its predecessor stopped, goes on from there, and publishes.
//
// The order of things, which is what makes the lake right (exactly once, for any reader):
//   1. records change the state in memory only;
//   2. a checkpoint is put into the store: the state, how far it was read, and byte for byte every
//      file that is due;
//   3. that offset is committed to the group, with the checkpoint's name as the commit's metadata.
//      The broker refuses a member of an old generation: this is the one point of truth;
//   4. what the committed checkpoint says is due is put into the lake;
//   5. the next checkpoint leaves out what the store has acknowledged.
// Where the commit is refused the state is dropped and nothing is published; where its outcome is
// not known the client goes as well. Reading goes on meanwhile: what comes after step 2 belongs to
// the next checkpoint.
//
// Pure: facts come in by the calls, requests go out by take_requests(). No thread, no clock; one
// owner.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/now.h"
#include "lake/state_order.h"
#include "live/live_stations.h"
#include "live/live_view.h"
#include "pipeline/hour_marker.h"
#include "pipeline/log_reader.h"
#include "pipeline/requests.h"
#include "pipeline/run_numbers.h"

namespace bikeflow {

struct OwnerSettings {
  std::string topic;    // the source in files
  std::string cluster;  // the broker's id of itself
  std::string lake_id;
  LakeRule lake;
  std::vector<LogSystem> systems;
  TaskSettings task;  // windows.hour_phase is taken from each system's zone
  Seconds checkpoint_every = 30;
  Seconds idle_close = 5 * kMinute;
  // Between two confirmations that all is read there may be so much: longer was an outage, and the
  // time is counted anew.
  Seconds confirmed_within = kMinute;
  // At least 1 each; reading pauses where so much is reached, by the last delivery exceeded.
  std::size_t due_max_bytes = std::size_t{256} << 20;
  std::size_t waiting_max = 100'000;  // late rows and dead letters that wait for a checkpoint
  std::size_t waiting_max_bytes = std::size_t{32} << 20;  // of the dead letters' records
  bool has_live_view = false;                             // see Owner::take_live_news()
  bool until_caught_up = false;  // end at the end of the log as it was at the start
  bool close_windows = false;    // and close what is open
};

// "_bikeflow/state/<topic>/<partition>": where a partition's checkpoints are, within the lake.
std::string state_folder_of(std::string_view topic, std::int32_t partition);

class Owner {
 public:
  enum class Phase : std::uint8_t {
    kRecovering,  // finding out where to go on
    kReading,
    kFinishing,  // a last checkpoint, and what it says is due
    kDone,
    kStopped,  // see why(); the others go on
    kDropped,  // what this owner knows must be dropped: a commit was refused, or the log jumped
    kUnsure,   // the outcome of a commit is not known: the client must go as well
  };

  // `next_request` is the process's. Requires: all that is referred to outlives this.
  Owner(const OwnerSettings& settings, std::int32_t partition, std::uint64_t& next_request,
        const std::function<std::uint64_t()>& random);

  // Once, at first.
  void begin();
  void messages(std::span<const LogMessage> messages, const Now& now);
  // The broker has confirmed that there is nothing at or after `high`.
  void at_end(std::int64_t high, const Now& now);
  // The offset that was to be read is not there.
  void out_of_range();
  // The record that was to be read cannot be: the partition stops.
  void unreadable(const std::string& why);
  void outcome(std::uint64_t number, Outcome outcome, const Now& now);
  // Often, and at least once a second.
  void tick(const Now& now);
  // Stop reading, checkpoint, publish; then the phase is kDone.
  void finish();
  // How many partitions the topic has: whose hours must be closed before one is complete.
  void set_partitions(std::int32_t partitions) { marker_.set_partitions(partitions); }

  std::vector<Request> take_requests();
  // Of each system with any, what is new in the live view since the last call, if one is wanted.
  using TellLive =
      std::function<void(const std::string& system, const Names& stations, const LiveNews& news)>;
  void take_live_news(const TellLive& tell);
  // Of each system, how far it has come. The lag is not known here.
  using TellProgress = std::function<void(const std::string& system, LiveProgress progress)>;
  void tell_progress(const TellProgress& tell) const;
  // Whether an outcome of this request would be of any use.
  [[nodiscard]] bool waits_for(std::uint64_t number) const {
    return number == control_ || puts_.contains(number) || marker_.waits_for(number);
  }

  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] std::int32_t partition() const { return partition_; }
  [[nodiscard]] const std::string& why() const { return why_; }  // of kStopped
  // Null while recovering.
  [[nodiscard]] const Job* job() const { return job_.get(); }
  [[nodiscard]] bool is_paused() const { return is_paused_; }
  // Those that were committed.
  [[nodiscard]] const CheckpointNumbers& checkpoints() const { return checkpoints_; }
  // Everything read is committed and everything due is published.
  [[nodiscard]] bool is_at_rest() const {
    return step_ == Step::kNothing && puts_.empty() && !is_changed_ && marker_.is_idle();
  }

 private:
  // What the one request in hand is for, `control_`.
  enum class Step : std::uint8_t {
    kNothing,
    kAskGroup,
    kAskAgain,  // before a stop
    kListState,
    kGetOrdered,     // the checkpoint that shows which order was executed last
    kGetOrder,       // an operator's, see lake/state_order.h
    kLookForOrder,   // while stopped
    kGetSuccessor,   // a checkpoint that may follow the committed one
    kListSuccessor,  // the folder of a file that was due in it
    kListLake,       // without any commit
    kGetCheckpoint,
    kLookAtLog,
    kPutCheckpoint,
    kCommit,
  };

  std::uint64_t give(RequestWhat what);
  void ask(Step step, RequestWhat what);

  // Recovery, in its order (owner_recovery.cc).
  void on_answer(const Answered& answer);
  void on_state(const Listed& listed);
  void on_ordered(const Got& got);
  void look_at_next_order();
  void on_order(const Got& got);
  void execute_order();
  void find_checkpoint();
  void begin_anew();
  [[nodiscard]] bool is_rewinding() const;
  [[nodiscard]] std::uint64_t highest() const;  // sequence of the newest checkpoint, or 0
  void on_lake(const Listed& listed);
  void look_at_next_successor();
  void on_successor(const Got& got);
  void look_at_next_path();
  void on_path(const Listed& listed);
  void on_checkpoint(const Got& got);
  void on_log(const Seen& seen, const Now& now);
  void suspect(std::string why);
  void stop(std::string why);
  [[nodiscard]] std::optional<std::string> what_differs(const Job& job) const;
  [[nodiscard]] std::string what_is_wrong(const Seen& seen) const;
  void start_reading(const Seen& seen, const Now& now);
  [[nodiscard]] std::string path_of(std::string_view name) const;  // in the state's folder

  // Work.
  [[nodiscard]] bool is_at_work() const {
    return phase_ == Phase::kReading || phase_ == Phase::kFinishing;
  }
  void look_for_order(const Listed& listed);
  void take_files();
  void close_idle(const Now& now);
  void close_idle(Task& task, const Now& now);
  [[nodiscard]] bool is_much_waiting() const;
  [[nodiscard]] bool is_checkpoint_due(const Now& now) const;
  void put_checkpoint(const Now& now);
  void on_commit(CommitOutcome outcome, const Now& now);
  void publish();
  void collect();
  void update_pause();
  void update_marker();
  [[nodiscard]] HourMarker::ClosedBySystem closed_now();  // remembers the first
  void end_input(const Now& now);
  void go_on(const Now& now);

  const OwnerSettings& settings_;
  std::int32_t partition_;
  std::uint64_t& next_request_;
  const std::function<std::uint64_t()>& random_;

  Phase phase_ = Phase::kRecovering;
  std::string why_;
  Step step_ = Step::kNothing;
  std::uint64_t control_ = 0;  // the request of step_
  std::vector<Request> requests_;

  // Recovery.
  std::optional<Answered::Commit> committed_;
  std::string committed_name_;           // of the checkpoint that the commit names
  std::string suspicion_;                // why to stop, unless the group answers otherwise now
  std::vector<std::string> names_;       // of all checkpoints that the store has
  std::string newest_;                   // of those, the one of the highest sequence
  std::vector<std::string> orders_;      // names of those that are still to be looked at
  std::uint64_t last_order_ = 0;         // the id of the one that was executed last
  std::optional<StateOrder> order_;      // that is to be executed, until that is committed
  std::string order_name_;               // of its file
  bool is_anew_ = false;                 // from the oldest record, without a state
  std::vector<std::string> successors_;  // of those, the ones still to be looked at
  std::vector<std::string> newly_due_;   // paths that became due in the one in hand

  // Work.
  std::unique_ptr<Job> job_;
  LogReader reader_;
  std::vector<LiveStations> live_;  // by system; none while recovering, or where none is wanted
  HourMarker marker_;
  std::map<std::uint64_t, std::string> puts_;  // requests of due files -> their paths
  // Of the checkpoint that is being stored or committed, and of the last that was.
  struct Snapshot {
    std::uint64_t sequence = 0;
    std::int64_t offset = 0;
    HourMarker::ClosedBySystem closed;
  };
  Snapshot pending_, done_;
  std::set<std::string> seen_checkpoints_;  // that may have to be removed
  std::int64_t last_checkpoint_ms_ = 0;
  CheckpointNumbers checkpoints_;
  std::int64_t looked_ms_ = 0;  // for an order, while stopped
  bool is_changed_ = false;     // since the last checkpoint
  bool has_closed_ = false;     // windows, since the last checkpoint
  bool is_paused_ = false;
  bool must_finish_ = false;
  bool input_ended_ = false;
  std::optional<std::int64_t> read_until_;  // until_caught_up
  // When the broker last confirmed that all is read; and, by system, since which of these
  // confirmations, one after the other, no record of it has come. Other systems may go on: each
  // end says anew that nothing of a silent one came before it. Not in the checkpoint: a new owner
  // counts anew, and what was decided is in the watermark.
  std::optional<std::int64_t> confirmed_ms_;
  std::map<std::string, Now, std::less<>> silent_since_;
};

}  // namespace bikeflow
