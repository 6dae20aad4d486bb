// Rounds on their way to a topic, in a folder: a round is put there before it is sent, and is gone
// once the broker has acknowledged all of it. So what a process had polled and not sent when it
// ended, however it ended, the next one sends first, in the order in which it was polled.
//
//   lock            see process_lock.h
//   <number>.round  16 digits, in that order. Written once, synced; then its folder is
//   <system>.feed   what the feed's poller must not forget; replaced by rename
//
// Both files: the XXH3 of the rest as u64; the size of what is packed as u64; that, packed by zstd.
// One that a crash has cut does not fit its hash.
//
// The rounds together take no more than a bound: what no longer fits makes the oldest go that is
// not being sent. The newest are worth more: the change that the others would have shown is
// between the rounds around them.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "feed/topic_round.h"
#include "io/file.h"

namespace bikeflow {

struct SpoolCounts {
  std::int64_t waiting = 0;  // rounds, also the one that is being sent
  std::uint64_t waiting_bytes = 0;
  std::int64_t dropped = 0;  // since open(), for want of room
};

class Spool {
 public:
  // A round that the disk does not take is kept in memory, up to so much of them.
  static constexpr std::uint64_t kMostInMemoryBytes = std::uint64_t{16} << 20;

  // Creates the folder where it is missing and takes its lock. Where another process holds it, the
  // Error names that process.
  static Result<std::unique_ptr<Spool>> open(std::string folder, std::uint64_t most_bytes);

  // The round waits, and is durable. An Error: it waits in memory only, for the reason named.
  Result<void> add(const TopicRound& round);

  // The oldest; nothing where none waits. Until finish_first() it is being sent, so it is not
  // dropped and asking again gives it again. An Error: it is damaged, or cannot be read, and waits
  // no more; others may.
  Result<std::optional<TopicRound>> first();
  // The one that first() gave is acknowledged. An Error: it could not be removed, so that the next
  // process will send it again.
  Result<void> finish_first();

  // What is kept of a feed; nothing where there is nothing usable. Not synced: it may be older
  // after a power cut.
  std::optional<std::string> recall(std::string_view system);
  Result<void> remember(std::string_view system, std::string_view bytes);

  // A text for people, as it is; not synced either.
  Result<void> leave(std::string_view name, std::string_view text);

  [[nodiscard]] SpoolCounts counts() const;
  [[nodiscard]] std::uint64_t most_bytes() const { return most_bytes_; }
  [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
  struct Waiting {
    std::uint64_t number = 0;
    std::uint64_t size_bytes = 0;
    std::string in_memory{};  // empty: in its file
  };

  Spool(std::string folder, std::uint64_t most_bytes, File opened, File lock);
  Result<void> find_rounds();
  [[nodiscard]] std::string path(std::string_view name) const;
  Result<void> write_round(std::uint64_t number, std::string_view bytes);
  Result<void> replace(const std::string& name, std::string_view bytes);
  void make_room();
  Result<void> remove(const Waiting& round);

  const std::string folder_;
  const std::uint64_t most_bytes_;
  const File opened_, lock_;

  mutable std::mutex mutex_;
  std::deque<Waiting> waiting_;  // by number
  bool is_first_being_sent_ = false;
  std::uint64_t next_number_ = 0;
  std::uint64_t waiting_bytes_ = 0, in_memory_bytes_ = 0;
  std::int64_t dropped_ = 0;
};

}  // namespace bikeflow
