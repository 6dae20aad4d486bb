// What the processes of a fleet ask of the store: executed and answered in any order.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/overloaded.h"
#include "lake/closed_hours.h"
#include "pipeline/checkpoint_name.h"
#include "sim/fleet.h"

namespace bikeflow::sim {

// A list that is stale shows an older state of a folder: checkpoints that are not there yet, and
// _SUCCESS. Of files with rows and of orders it has to be true: who finds that an hour is complete
// takes it from the list whether there is anything in it, and an operator writes orders one by one.
Listed Fleet::list(const std::string& folder) {
  Listed listed{bucket_.list(folder)};
  if (!has_faults_ || stale_for_ == 0) return listed;
  const Seconds since = time_ - rng_.between(0, stale_for_);
  const auto hidden = std::erase_if(listed.paths, [&](const std::string& path) {
    const std::string_view name = name_of(path);
    return (checkpoint_sequence(name) || name == kSuccessName) && bucket_.put_at(path) > since;
  });
  counts_.stale += hidden > 0;
  return listed;
}

void Fleet::call_store(Process& process, Request request) {
  const std::int32_t partition = request.partition;
  std::int32_t known = INT32_MAX;
  if (const auto* put = std::get_if<PutFile>(&request.what)) {
    ++counts_.puts;
    if (checkpoint_sequence(name_of(put->path))) {
      ledger_[put->path] = process.histories[partition];
    }
    if (put->path == closed_hours_path(kFleetTopic, partition)) {
      process.known_at_closing[partition] = process.known_partitions;
    }
    if (name_of(put->path) == kSuccessName) known = process.known_at_closing.at(partition);
    if (conduct_.answers_at_once(request)) {
      calls_.push_back({0, request, std::nullopt, time_ + rng_.between(0, 20 * stride_), known});
      process.member->outcome(request.number, Stored{}, now_of(process));
      return;
    }
  }
  calls_.push_back({process.id, std::move(request), std::nullopt, time_, known});
}

// A PUT had timed out and was sent again, and the first of the two lands after all.
void Fleet::let_land_again(const Call& call) {
  const auto* const put = std::get_if<PutFile>(&call.request.what);
  if (put == nullptr) return;
  ++counts_.late_copies;
  counts_.late_closed += put->path == closed_hours_path(kFleetTopic, call.request.partition);
  calls_.push_back({0, call.request, std::nullopt, time_ + rng_.between(0, 40 * stride_),
                    call.known_partitions});
}

// Executes a request, or hands over the outcome of one.
void Fleet::take_call() {
  if (calls_.empty() || time_ < quiet_until_) return;
  const std::uint32_t number = rng_.below(static_cast<std::uint32_t>(calls_.size()));
  Call& call = calls_[number];
  if (call.not_before > time_) return;
  const auto done = [&] { calls_.erase(calls_.begin() + number); };
  if (!call.outcome) {
    Process* const process = find(call.process);
    if (process != nullptr && process->paused_until > time_ && rng_.chance(0.5)) return;
    if (process != nullptr && has_faults_ && rng_.chance(odds_.lose)) return;  // and sent again
    apply(call);
    if (call.process == 0 || !call.outcome) return done();
    if (has_faults_ && rng_.chance(odds_.copy)) let_land_again(call);
    if (has_faults_ && rng_.chance(odds_.repeat)) {  // the answer was lost: it is sent again
      ++counts_.puts_repeated;
      call.outcome.reset();
      return;
    }
    if (has_faults_ && rng_.chance(odds_.delay)) {
      call.not_before = time_ + rng_.between(0, 10 * stride_);
      return;
    }
  }
  Process* const process = find(call.process);
  if (process == nullptr) return done();
  if (process->paused_until > time_) return;
  Call taken = std::move(call);
  done();
  if (!process->member->waits_for(taken.request.number)) ++counts_.late_outcomes;
  conduct_.look_over(taken.request, *taken.outcome, bucket_);
  process->member->outcome(taken.request.number, *std::move(taken.outcome), now_of(*process));
  execute(*process);
}

void Fleet::apply(Call& call) {
  const std::int32_t partition = call.request.partition;
  std::visit(Overloaded{
                 [&](const ListFiles& what) { call.outcome = list(what.folder); },
                 [&](const GetFile& what) { call.outcome = Got{bucket_.get(what.path)}; },
                 [&](const PutFile& what) {
                   bucket_.put(what.path, what.bytes, time_, call.known_partitions);
                   call.outcome = Stored{};
                 },
                 [&](const RemoveFiles& what) {
                   for (const std::string& path : what.paths) bucket_.remove(path);
                 },
                 [&](const AskGroup&) { call.outcome = Answered{group_.committed(partition)}; },
                 [&](const LookAtLog& what) {
                   Seen seen{topic_.low(partition), topic_.high(partition), std::nullopt};
                   if (what.offset >= seen.low) {
                     for (const LogMessage& m : topic_.read(partition, what.offset, 1)) {
                       seen.record = {m.offset, m.timestamp_ms, record_hash(m.key, m.value)};
                     }
                   }
                   call.outcome = seen;
                 },
                 [](const auto&) { CHECK(false); },
             },
             call.request.what);
}

}  // namespace bikeflow::sim
