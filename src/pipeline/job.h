// What one checkpoint holds: the partitions of one owner, how far their input was read, and what is
// due to be published. Pure: it returns effects or bytes, and the shell executes and stores them.
//
// Without Kafka a process has one job for all that it reads, and commit() gives the effects of the
// protocol (exactly once, for any reader of the plain files):
//   1. a checkpoint holds the state and, byte for byte, every file that is due;
//   2. CURRENT is made to name it: the one point of truth;
//   3. the due files are put in place, then the _SUCCESS markers of hours that are complete;
//   4. only then may the next checkpoint leave them out.
// After a crash the checkpoint that CURRENT names is restored, what it says is due is put again
// (the same names, the same bytes), and the input is read on from where the checkpoint says.
// With Kafka each partition of the topic has a job of its own, which its owner (owner.h) drives.
//
// Threads: none; one owner at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "pipeline/partition.h"

namespace bikeflow {

// 1: without the position in a log, the predecessor, and since when a file is due. 2: without the
// position in a feed, and what waits to be published. Both are still read.
inline constexpr std::uint32_t kCheckpointFormat = 3;

struct DueFile {
  std::string path;         // within the lake
  std::string bytes;        // empty for a _SUCCESS marker
  std::uint64_t since = 0;  // the sequence of the first checkpoint that holds it; 0: none does yet
  friend bool operator==(const DueFile&, const DueFile&) = default;
};

// A recorded file that the job has read from, and how far.
struct InputState {
  std::string name;  // as the user gave it
  std::int64_t size_bytes = 0;
  std::uint64_t head_hash = 0;  // of its first MiB
  Seconds first_time = 0;
  std::int64_t records = 0;  // read so far
  std::int64_t bytes = 0;    // of the decompressed input, read so far
  bool is_done = false;
  friend bool operator==(const InputState&, const InputState&) = default;
};

// How far a partition of a log was read, and what shows that it still is the same log.
struct LogPosition {
  struct Record {
    std::int64_t offset = 0;
    std::int64_t timestamp_ms = 0;
    std::uint64_t hash = 0;  // record_hash() of its key and value
    friend bool operator==(const Record&, const Record&) = default;
  };
  std::string cluster;                          // the broker's id of itself
  std::int64_t next_offset = 0;                 // one past the last record read
  std::optional<Record> last;                   // the last record read
  std::map<std::string, Seconds> first_closed;  // by system: the end of the first window closed
  std::uint64_t last_order = 0;  // the id of the StateOrder that was executed last; 0: none was
  friend bool operator==(const LogPosition&, const LogPosition&) = default;
};

// How far a live feed was polled.
struct FeedPosition {
  std::int64_t next_offset = 0;  // of the next observation or dead letter
  std::string memory;            // what else must be known of it: whoever polls it knows the form
  friend bool operator==(const FeedPosition&, const FeedPosition&) = default;
};

// The effects of a commit without Kafka. They are executed in order; the first that fails ends the
// run, and the next run restores what CURRENT names.
struct WriteCheckpoint {  // durable when it returns
  std::string name;
  std::string bytes;
};
struct SetCurrent {  // atomic, and durable when it returns
  std::string name;
};
struct PutFiles {  // all durable when it returns, and none ever seen in part
  std::vector<const DueFile*> files;
};
struct RemoveOldCheckpoints {};  // those that nothing can name any more
using Effect = std::variant<WriteCheckpoint, SetCurrent, PutFiles, RemoveOldCheckpoints>;

// Refused where a stored job was made with others: these change rows or where they are.
struct JobSettings {
  std::string name;    // of the state folder: "backfill", the feed or the topic
  std::string source;  // in files
  std::string lake_id;
  LakeRule lake;
  std::int32_t number = 0;  // of the partition: 0 without Kafka
};

// Whether late rows and dead letters become files with a checkpoint, or are kept in it until a
// later one: there is at most a file of each for a checkpoint and a directory, and a feed's come
// often.
enum class Waiting : std::uint8_t { kPublish, kKeep };

class Job {
 public:
  explicit Job(JobSettings settings) : settings_(std::move(settings)) {}

  [[nodiscard]] const JobSettings& settings() const { return settings_; }

  // The partition of a system, or null; and a new one.
  [[nodiscard]] Partition* find(std::string_view system);
  Partition& add(const std::string& system, const Zone& zone, const TaskSettings& task);
  [[nodiscard]] const std::vector<std::unique_ptr<Partition>>& partitions() const {
    return partitions_;
  }

  // The inputs, in the order in which they are read; the shell keeps them up to date.
  [[nodiscard]] std::vector<InputState>& inputs() { return inputs_; }
  [[nodiscard]] const std::vector<InputState>& inputs() const { return inputs_; }
  // With Kafka, instead of inputs: how far the partition of the topic was read.
  [[nodiscard]] std::optional<LogPosition>& log() { return log_; }
  [[nodiscard]] const std::optional<LogPosition>& log() const { return log_; }

  // With a live feed, instead of both.
  [[nodiscard]] std::optional<FeedPosition>& feed() { return feed_; }
  [[nodiscard]] const std::optional<FeedPosition>& feed() const { return feed_; }

  // The time of the last observation that was read, 0 before the first: it settles a local time
  // that occurs twice.
  [[nodiscard]] Seconds last_time() const { return last_time_; }
  void set_last_time(Seconds t) { last_time_ = t; }

  // Records that were refused before they reached a task.
  void add_dead_letters(std::vector<DeadLetter> letters);
  // Late rows and dead letters that are in no file yet; and the bytes of the latter's records.
  [[nodiscard]] std::size_t waiting() const;
  [[nodiscard]] std::size_t waiting_bytes() const { return waiting_bytes_; }

  // What a file request became. Requires: every request taken from a partition is added before
  // commit().
  void add_due(DueFile file);
  [[nodiscard]] std::size_t due_bytes() const { return due_bytes_; }
  [[nodiscard]] const std::vector<DueFile>& due() const { return due_; }
  // The store has it for good: later checkpoints leave it out. Nothing where it is not due.
  void acknowledge(std::string_view path);
  [[nodiscard]] std::int64_t dead_letters(Reason reason) const {
    return dead_letter_counts_.at(static_cast<std::size_t>(reason));
  }
  [[nodiscard]] const ReasonCounts& dead_letter_counts() const { return dead_letter_counts_; }
  // As they were when it was restored: what is above them was counted since.
  [[nodiscard]] const ReasonCounts& restored_dead_letter_counts() const {
    return restored_dead_letter_counts_;
  }
  // The size of the newest checkpoint that it made; 0: none yet.
  [[nodiscard]] std::size_t checkpoint_bytes() const { return checkpoint_bytes_; }
  [[nodiscard]] std::int64_t files() const { return files_; }

  // Takes late rows and dead letters from the partitions, and returns the bytes of the next
  // checkpoint, which holds everything so far. `name` is of sequence() + 1.
  Result<std::string> checkpoint(std::string name, Waiting waiting = Waiting::kPublish);

  // Without Kafka. Takes also complete hours from the partitions, and returns the effects
  // that make everything so far durable and publish it. After all of them have been executed,
  // published() must be called before the next commit().
  Result<std::vector<Effect>> commit(std::string name, Waiting waiting = Waiting::kPublish);

  // The effects that publish what a restored checkpoint says is due; then published().
  [[nodiscard]] std::vector<Effect> publish_due() const;
  void published();

  [[nodiscard]] std::uint64_t sequence() const { return sequence_; }
  [[nodiscard]] const std::string& checkpoint_name() const { return checkpoint_name_; }
  // The next checkpoint's will be the one after `sequence`: of a job that was taken from an older
  // checkpoint than the newest. Requires: not less than sequence().
  void skip_to_sequence(std::uint64_t sequence);
  // The checkpoint before it; empty for the first.
  [[nodiscard]] const std::string& predecessor() const { return predecessor_; }

  // As the newest checkpoint() gave them. Requires: everything was taken.
  [[nodiscard]] std::string to_bytes() const;
  // The job that a checkpoint holds. An error where it is damaged or of a newer format.
  static Result<Job> restore(std::string_view checkpoint_bytes);

 private:
  void collect();
  Result<void> publish_late(const Partition& partition, std::vector<LateRow> late);
  Result<void> publish_dead_letters();
  bool load_due(Reader& state, std::uint32_t format, std::string_view& blobs,
                std::vector<DueFile>& files);
  bool load_waiting(Reader& state);
  Result<void> load_partition(Reader& state);

  JobSettings settings_;
  std::vector<std::unique_ptr<Partition>> partitions_;
  std::vector<InputState> inputs_;
  std::optional<LogPosition> log_;
  std::optional<FeedPosition> feed_;
  Seconds last_time_ = 0;
  std::vector<DeadLetter> dead_letters_;              // in no file yet
  std::size_t waiting_bytes_ = 0;                     // of their records
  std::map<std::string, std::vector<LateRow>> late_;  // in no file yet, by system
  std::vector<DueFile> due_;                          // data files, in the order in which they came
  std::vector<DueFile> markers_;                      // _SUCCESS, put after all of due_
  std::size_t due_bytes_ = 0;
  ReasonCounts dead_letter_counts_{}, restored_dead_letter_counts_{};
  std::size_t checkpoint_bytes_ = 0;
  std::int64_t files_ = 0;  // published or due, in the life of the job

  std::uint64_t sequence_ = 0;  // of the newest checkpoint
  std::string checkpoint_name_, predecessor_;
};

}  // namespace bikeflow
