#include "sim/broker.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace bikeflow::sim {

namespace {

// So many parts before the first that goes to it, a partition is there.
constexpr std::size_t kEmptyFor = 2;

}  // namespace

Topic::Topic(const Input& input, PartitionCounts counts)
    : input_(input), counts_(std::move(counts)) {
  grow();
}

void Topic::grow() {
  const auto count =
      static_cast<std::size_t>(counts_[std::min(next_part_ + kEmptyFor, counts_.size() - 1)]);
  records_.resize(std::max(count, records_.size()));
  low_.resize(records_.size());
}

void Topic::age(std::int32_t partition, std::int64_t low) {
  CHECK(low >= this->low(partition) && low <= high(partition));
  low_[static_cast<std::size_t>(partition)] = low;
}

void Topic::advance(Seconds time) {
  for (; !is_whole() && next_at() <= time; ++next_part_) {
    const Part& part = input_.parts[next_part_];
    grow();
    for (const Entry& entry : part.entries) {
      auto& to =
          records_[static_cast<std::size_t>(partition_of(input_, entry, counts_[next_part_]))];
      to.push_back({part.read_at * 1000, input_.systems[entry.system].stations[entry.station],
                    raw_of(input_, entry)});
    }
  }
}

std::vector<LogMessage> Topic::read(std::int32_t partition, std::int64_t offset,
                                    std::int64_t most) const {
  CHECK(offset >= low(partition));
  const auto& records = records_[static_cast<std::size_t>(partition)];
  std::vector<LogMessage> messages;
  for (std::int64_t i = offset; i < std::min(offset + most, high(partition)); ++i) {
    const Stored& stored = records[static_cast<std::size_t>(i)];
    messages.push_back({i, stored.timestamp_ms, stored.key, stored.value});
  }
  return messages;
}

Group::MemberId Group::join(MemberId member) {
  const auto found = members_.find(member);
  if (found == members_.end()) {
    rebalance();
    members_[++last_member_] = {time_, true, {}};
    return last_member_;
  }
  found->second.has_joined = true;
  return member;
}

void Group::rebalance() {
  if (is_rebalancing_) return;
  is_rebalancing_ = true;
  ++rebalances_;
  for (auto& [id, member] : members_) member.has_joined = false;
}

void Group::set_partitions(std::int32_t partitions) {
  if (std::exchange(partitions_, partitions) != partitions) rebalance();
}

void Group::leave(MemberId member) {
  if (members_.erase(member) == 1) rebalance();
}

void Group::heartbeat(MemberId member, Seconds time) {
  if (const auto found = members_.find(member); found != members_.end()) {
    found->second.heard_at = time;
  }
}

void Group::advance(Seconds time, Seconds session) {
  time_ = time;
  const auto silent = std::erase_if(
      members_, [&](const auto& each) { return each.second.heard_at + session < time; });
  if (silent > 0) rebalance();
  if (!is_rebalancing_ || members_.empty() ||
      !std::ranges::all_of(members_, [](const auto& each) { return each.second.has_joined; })) {
    return;
  }
  is_rebalancing_ = false;
  ++generation_;
  // By ranges, the newest member first: partitions move at every rebalance.
  const auto count = static_cast<std::int32_t>(members_.size());
  std::int32_t i = count;
  for (auto& [id, member] : members_) {
    --i;
    member.partitions.clear();
    for (std::int32_t p = partitions_ * i / count; p < partitions_ * (i + 1) / count; ++p) {
      member.partitions.push_back(p);
    }
  }
}

bool Group::must_rejoin(MemberId member) const {
  const auto found = members_.find(member);
  return found != members_.end() && is_rebalancing_ && !found->second.has_joined;
}

std::optional<Group::Assignment> Group::assignment(MemberId member) const {
  const auto found = members_.find(member);
  if (found == members_.end() || is_rebalancing_) return std::nullopt;
  return Assignment{generation_, found->second.partitions};
}

bool Group::commit(MemberId member, std::uint64_t generation, std::int32_t partition,
                   const Answered::Commit& commit) {
  if (!members_.contains(member) || generation != generation_) return false;
  const auto before = committed_.find(partition);
  if (before != committed_.end() && before->second.offset > commit.offset) {
    went_back_ += may_go_back_.erase(partition) == 0;
  }
  committed_[partition] = commit;
  return true;
}

std::optional<Answered::Commit> Group::committed(std::int32_t partition) const {
  const auto found = committed_.find(partition);
  return found == committed_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace bikeflow::sim
