// One member of the consumer group: the partitions that it owns now, and the rule that nothing
// prepared under one assignment has any effect under another.
//
// On every assignment and every revocation all owners are dropped with what they had not committed,
// and so are all outcomes that they waited for: each request has a number, and none is used twice.
// What had been committed and not yet published is published again by the next owner, under the
// same names and with the same bytes.
//
// Pure, like Owner. Threads: none; the thread that polls the group owns it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "pipeline/owner.h"

namespace bikeflow {

class Member {
 public:
  // What may be due and what may wait is this process's; its owners share it evenly.
  Member(OwnerSettings settings, std::function<std::uint64_t()> random);

  Member(const Member&) = delete;  // owners refer to it
  Member& operator=(const Member&) = delete;

  // The group's client calls these from within its poll. Eager: an assignment is the whole of it.
  void assigned(std::span<const std::int32_t> partitions);
  void revoked();

  // As of Owner; nothing where the partition is not owned.
  void messages(std::int32_t partition, std::span<const LogMessage> messages, const Now& now);
  void at_end(std::int32_t partition, std::int64_t high, const Now& now);
  void out_of_range(std::int32_t partition, const Now& now);
  void unreadable(std::int32_t partition, const std::string& why);
  void outcome(std::uint64_t request, Outcome outcome, const Now& now);
  void tick(const Now& now);

  // A last checkpoint of each partition, and what it says is due; then is_done().
  void finish(const Now& now);
  // Nothing is left to do. Partitions that have stopped are not waited for.
  [[nodiscard]] bool is_done() const;
  // While it finished, a rebalance took partitions away: their last checkpoint may be missing.
  [[nodiscard]] bool was_cut_short() const { return was_cut_short_; }
  // Of the topic.
  void set_partition_count(std::int32_t count);

  // To be carried out in this order, before the next poll, as far as they are still current when
  // their turn comes: a commit among them may end what the others are for.
  std::vector<Request> take_requests();
  [[nodiscard]] bool is_current(const Request& request) const {
    return request_of_.contains(request.number) ||
           std::holds_alternative<ReplaceClient>(request.what);
  }
  // As of Owner, for each partition.
  using TellLive = std::function<void(std::int32_t partition, const std::string& system,
                                      const Names& stations, const LiveNews& news)>;
  void take_live_news(const TellLive& tell);
  using TellProgress =
      std::function<void(std::int32_t partition, const std::string& system, LiveProgress progress)>;
  void tell_progress(const TellProgress& tell) const;
  // Whether an outcome of this request would be of any use: else it need not be carried out.
  [[nodiscard]] bool waits_for(std::uint64_t request) const;

  [[nodiscard]] const std::map<std::int32_t, Owner>& owners() const { return owners_; }

 private:
  void own(std::int32_t partition);
  void look_at(std::int32_t partition);

  const OwnerSettings settings_;
  const std::function<std::uint64_t()> random_;
  OwnerSettings of_owner_;  // with its share; changes only while there is no owner
  std::uint64_t next_request_ = 0;
  std::int32_t partition_count_ = 0;
  bool is_finishing_ = false;
  bool was_cut_short_ = false;
  bool was_assigned_ = false;
  std::map<std::int32_t, Owner> owners_;
  std::map<std::uint64_t, std::int32_t> request_of_;  // current ones -> partition
  std::vector<std::uint64_t> without_outcome_;        // of those that were given out last
  std::vector<Request> requests_;                     // of no owner
};

}  // namespace bikeflow
