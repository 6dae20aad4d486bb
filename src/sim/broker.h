// A simulated broker: a topic of some partitions, and a consumer group with what the real one
// promises and no more.
//
//   - Each commit carries the generation that its client has now, which is not always the one under
//     which it was prepared; the broker looks at nothing else, not even at who owns the partition.
//   - A client learns of a rebalance when its owner polls. Until then it commits under the old
//     generation, which is accepted while the others still join.
//   - A member that is silent for the session's time is removed; the others do not wait for it.
//   - Partitions may be added, and records age out, read or not.
//   - A commit may be lost, or applied and its answer lost, or be kept by the client and sent after
//     a later join. A client that is destroyed takes it along.
//
// Threads: none; one owner.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/log_message.h"
#include "pipeline/requests.h"
#include "sim/input.h"

namespace bikeflow::sim {

class Topic {
 public:
  // Requires: a count for each part of the input, and one at least.
  Topic(const Input& input, PartitionCounts counts);

  // What was sent by then can be read; partitions are there a little before they are written to.
  void advance(Seconds time);
  [[nodiscard]] bool is_whole() const { return next_part_ == input_.parts.size(); }
  [[nodiscard]] Seconds next_at() const { return input_.parts[next_part_].read_at; }

  [[nodiscard]] std::int32_t partitions() const {
    return static_cast<std::int32_t>(records_.size());
  }
  [[nodiscard]] std::int64_t high(std::int32_t partition) const {
    return static_cast<std::int64_t>(records_[static_cast<std::size_t>(partition)].size());
  }
  [[nodiscard]] std::int64_t low(std::int32_t partition) const {
    return low_[static_cast<std::size_t>(partition)];
  }
  // The records below `low` age out. Requires: not less than before, and not past the end.
  void age(std::int32_t partition, std::int64_t low);
  [[nodiscard]] const PartitionCounts& counts() const { return counts_; }
  // At most `most` messages from `offset` on. The views live as long as the topic. Requires: they
  // have not aged out.
  [[nodiscard]] std::vector<LogMessage> read(std::int32_t partition, std::int64_t offset,
                                             std::int64_t most) const;

 private:
  struct Stored {
    std::int64_t timestamp_ms;
    std::string key, value;
  };
  void grow();

  const Input& input_;
  const PartitionCounts counts_;
  std::size_t next_part_ = 0;
  std::vector<std::deque<Stored>> records_;  // those that have aged out too
  std::vector<std::int64_t> low_;
};

class Group {
 public:
  explicit Group(std::int32_t partitions) : partitions_(partitions) {}

  // The identity that a client has at the broker; 0: none.
  using MemberId = std::uint64_t;

  // A client that has no identity joins; one that has it joins again.
  MemberId join(MemberId member);
  // Without waiting for the session to end.
  void leave(MemberId member);
  // It is alive. Nothing where it was removed.
  void heartbeat(MemberId member, Seconds time);
  // It has noticed that the topic has more: a rebalance.
  void set_partitions(std::int32_t partitions);
  [[nodiscard]] std::int32_t partitions() const { return partitions_; }
  // Members that were silent too long are removed; a rebalance ends once all that are left have
  // joined.
  void advance(Seconds time, Seconds session);

  [[nodiscard]] bool knows(MemberId member) const { return members_.contains(member); }
  // A rebalance is on, and this member has not joined again yet.
  [[nodiscard]] bool must_rejoin(MemberId member) const;
  // What the member owns in the generation that it has joined; nothing while a rebalance is on.
  struct Assignment {
    std::uint64_t generation = 0;
    std::vector<std::int32_t> partitions;
  };
  [[nodiscard]] std::optional<Assignment> assignment(MemberId member) const;

  // Whether it is accepted: then it is the truth.
  bool commit(MemberId member, std::uint64_t generation, std::int32_t partition,
              const Answered::Commit& commit);
  [[nodiscard]] std::optional<Answered::Commit> committed(std::int32_t partition) const;

  [[nodiscard]] std::int64_t rebalances() const { return rebalances_; }
  // The next commit of the partition may do so: an operator wants it.
  void let_go_back(std::int32_t partition) { may_go_back_.insert(partition); }
  // Commits that moved an offset backwards, and should not.
  [[nodiscard]] std::int64_t went_back() const { return went_back_; }

 private:
  struct Member {
    Seconds heard_at = 0;
    bool has_joined = false;
    std::vector<std::int32_t> partitions;
  };
  void rebalance();

  std::int32_t partitions_;
  Seconds time_ = 0;
  std::uint64_t generation_ = 0;
  bool is_rebalancing_ = false;
  MemberId last_member_ = 0;
  std::map<MemberId, Member> members_;
  std::map<std::int32_t, Answered::Commit> committed_;
  std::set<std::int32_t> may_go_back_;
  std::int64_t rebalances_ = 0, went_back_ = 0;
};

}  // namespace bikeflow::sim
