#include "pipeline/member.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace bikeflow {

Member::Member(OwnerSettings settings, std::function<std::uint64_t()> random)
    : settings_(std::move(settings)), random_(std::move(random)), of_owner_(settings_) {}

void Member::assigned(std::span<const std::int32_t> partitions) {
  revoked();
  was_assigned_ = true;
  // Not one sum for all: what is due of one that has stopped would hold up the others for ever. An
  // owner whose own share is used up waits only for its own checkpoint and files.
  const auto share = [&](std::size_t bound) {
    return std::max<std::size_t>(1, bound / std::max<std::size_t>(1, partitions.size()));
  };
  of_owner_.due_max_bytes = share(settings_.due_max_bytes);
  of_owner_.waiting_max = share(settings_.waiting_max);
  of_owner_.waiting_max_bytes = share(settings_.waiting_max_bytes);
  for (const std::int32_t partition : partitions) own(partition);
}

void Member::revoked() {
  was_assigned_ = false;
  was_cut_short_ |= is_finishing_ && !is_done();
  owners_.clear();
  request_of_.clear();
}

void Member::own(std::int32_t partition) {
  const auto [owner, is_new] =
      owners_.try_emplace(partition, of_owner_, partition, next_request_, random_);
  owner->second.set_partitions(partition_count_);
  owner->second.begin();
  if (is_finishing_) owner->second.finish();
}

// After anything happened to an owner.
void Member::look_at(std::int32_t partition) {
  const auto owner = owners_.find(partition);
  if (owner == owners_.end()) return;
  if (owner->second.phase() == Owner::Phase::kDropped) {
    // If the partition still is ours, we are a new owner of it.
    was_cut_short_ |= is_finishing_;
    owners_.erase(owner);
    std::erase_if(request_of_, [&](const auto& each) { return each.second == partition; });
    own(partition);
  } else if (owner->second.phase() == Owner::Phase::kUnsure) {
    revoked();
    requests_.push_back({++next_request_, partition, ReplaceClient{}});
  }
}

void Member::messages(std::int32_t partition, std::span<const LogMessage> messages,
                      const Now& now) {
  if (const auto owner = owners_.find(partition); owner != owners_.end()) {
    owner->second.messages(messages, now);
    look_at(partition);
  }
}

void Member::at_end(std::int32_t partition, std::int64_t high, const Now& now) {
  if (const auto owner = owners_.find(partition); owner != owners_.end()) {
    owner->second.at_end(high, now);
    look_at(partition);
  }
}

void Member::out_of_range(std::int32_t partition, const Now&) {
  if (const auto owner = owners_.find(partition); owner != owners_.end()) {
    owner->second.out_of_range();
    look_at(partition);
  }
}

void Member::unreadable(std::int32_t partition, const std::string& why) {
  if (const auto owner = owners_.find(partition); owner != owners_.end()) {
    owner->second.unreadable(why);
  }
}

void Member::outcome(std::uint64_t request, Outcome outcome, const Now& now) {
  const auto found = request_of_.find(request);
  if (found == request_of_.end()) return;  // of an owner that is no more
  const std::int32_t partition = found->second;
  request_of_.erase(found);
  owners_.at(partition).outcome(request, std::move(outcome), now);
  look_at(partition);
}

void Member::tick(const Now& now) {
  std::vector<std::int32_t> partitions;
  for (auto& [partition, owner] : owners_) partitions.push_back(partition);
  for (const std::int32_t partition : partitions) {
    const auto owner = owners_.find(partition);
    if (owner == owners_.end()) return;
    owner->second.tick(now);
    look_at(partition);
  }
}

void Member::finish(const Now& now) {
  is_finishing_ = true;
  for (auto& [partition, owner] : owners_) owner.finish();
  tick(now);
}

bool Member::is_done() const {
  // Without an end of its input it waits for what may be assigned, and for orders to what stopped.
  return (is_finishing_ || (settings_.until_caught_up && was_assigned_)) &&
         std::ranges::all_of(owners_, [](const auto& each) {
           return each.second.phase() == Owner::Phase::kDone ||
                  each.second.phase() == Owner::Phase::kStopped;
         });
}

void Member::set_partition_count(std::int32_t count) {
  partition_count_ = count;
  for (auto& [partition, owner] : owners_) owner.set_partitions(count);
}

std::vector<Request> Member::take_requests() {
  for (const std::uint64_t number : std::exchange(without_outcome_, {})) request_of_.erase(number);
  std::vector<Request> requests = std::exchange(requests_, {});
  for (auto& [partition, owner] : owners_) {
    std::vector<Request> of_owner = owner.take_requests();
    for (const Request& request : of_owner) {
      request_of_.emplace(request.number, partition);
      if (!has_outcome(request)) without_outcome_.push_back(request.number);
    }
    std::ranges::move(of_owner, std::back_inserter(requests));
  }
  return requests;
}

void Member::take_live_news(const TellLive& tell) {
  for (auto& [number, owner] : owners_) {
    owner.take_live_news(
        [&, partition = number](const std::string& system, const Names& stations,
                                const LiveNews& news) { tell(partition, system, stations, news); });
  }
}

void Member::tell_progress(const TellProgress& tell) const {
  for (const auto& [number, owner] : owners_) {
    owner.tell_progress([&, partition = number](const std::string& system, LiveProgress progress) {
      tell(partition, system, std::move(progress));
    });
  }
}

bool Member::waits_for(std::uint64_t request) const {
  const auto found = request_of_.find(request);
  return found != request_of_.end() && owners_.at(found->second).waits_for(request);
}

}  // namespace bikeflow
