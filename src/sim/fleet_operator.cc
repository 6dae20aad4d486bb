// What is done to a fleet's topic and to the state of its partitions: records age out, an operator
// settles partitions that have stopped for that, and undoes what was read, as bikeflow state does.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "lake/closed_hours.h"
#include "lake/paths.h"
#include "pipeline/checkpoint_name.h"
#include "sim/fleet.h"

namespace bikeflow::sim {
namespace {

std::string newest_of(const std::vector<std::string>& paths) {
  std::string newest;
  for (const std::string& path : paths) {
    const auto sequence = checkpoint_sequence(name_of(path));
    if (sequence && (newest.empty() || *sequence > *checkpoint_sequence(newest))) {
      newest = name_of(path);
    }
  }
  return newest;
}

}  // namespace

void Fleet::give_order(StateOrder order, std::int32_t partition) {
  order.id = rng_.next() | 1;
  order.newest = newest_of(bucket_.list(state_folder_of(kFleetTopic, partition)));
  orders_.insert(order.id);
  bucket_.put(path_of(partition, state_order_name(order.id)), to_json(order), time_);
}

bool Fleet::has_order(std::int32_t partition) const {
  return std::ranges::any_of(
      bucket_.list(state_folder_of(kFleetTopic, partition)),
      [](const std::string& path) { return is_state_order_name(name_of(path)); });
}

// A partition may stop where records were lost before they were read, and nowhere else.
void Fleet::look_after(Process& process) {
  for (const auto& [partition, owner] : process.member->owners()) {
    if (owner.phase() != Owner::Phase::kStopped) {
      process.told_stopped.erase(partition);
      continue;
    }
    const bool is_gap = owner.why().find("are gone before they were read") != std::string::npos;
    const bool is_outdated = owner.why().find("is committed by now") != std::string::npos;
    if (!has_gap_.contains(partition) || !(is_gap || is_outdated)) {
      complaints_.push_back("stopped: " + owner.why());
      return;
    }
    if (process.told_stopped.insert(partition).second) ++counts_.stops;
    if (has_order(partition) != is_outdated || !rng_.chance(0.1)) continue;
    ++counts_.accepted;
    give_order({.kind = StateOrder::Kind::kAcceptGap, .checkpoint = {}, .newest = {}}, partition);
  }
}

// Of a process that has ended in good order and had its partitions to the end, nothing is left to
// do.
void Fleet::look_at_end_of(const Process& process) {
  if (!conduct_.is_done(*process.member, group_)) {
    ++counts_.cut_short;
    return;
  }
  if (process.member->was_cut_short()) {
    ++counts_.cut_short;
    return;
  }
  ++(process.finish_by ? counts_.finished : counts_.caught_up);
  const auto assignment = group_.assignment(process.client.member);
  if (!process.client.is_assigned || !assignment ||
      assignment->generation != process.client.generation) {
    return;
  }
  counts_.finished_alone +=
      std::ssize(assignment->partitions) == static_cast<std::int64_t>(topic_.partitions());
  for (const auto& [partition, owner] : process.member->owners()) {
    const bool has_read = process.reading.contains(partition);
    if (has_read && owner.phase() != Owner::Phase::kStopped) look_at_finished(owner);
  }
}

void Fleet::look_at_finished(const Owner& owner) {
  const std::int32_t partition = owner.partition();
  const auto complain = [&](std::string_view what) {
    complaints_.push_back(
        fmt::format("a process ended in good order: {}/{} {}", kFleetTopic, partition, what));
  };
  if (!group_.committed(partition) && !owner.job()->log()->last) return;  // nothing was read
  const Result<Job> committed = job(partition);
  if (!committed || committed->log()->next_offset != owner.job()->log()->next_offset) {
    return complain("is not committed as far as it was read");
  }
  for (const DueFile& file : committed->due()) {
    const auto found = bucket_.lake().find(file.path);
    if (found == bucket_.lake().end() || found->second != file.bytes) {
      return complain("has not published " + file.path);
    }
  }
}

// Of records that are committed nobody misses any.
void Fleet::age_out() {
  for (std::int32_t p = 0; p < topic_.partitions(); ++p) {
    // An order may need records that are committed.
    if (!has_faults_ || has_order(p)) continue;
    const auto commit = group_.committed(p);
    const std::int64_t read = commit ? commit->offset : 0;
    if (read > topic_.low(p) && rng_.chance(odds_.age)) {
      ++counts_.aged;
      topic_.age(p, rng_.chance(0.3) ? read : rng_.between(topic_.low(p), read));
    }
    const bool is_behind = topic_.high(p) > std::max(read, topic_.low(p));
    if (gaps_left_ > 0 && is_behind && rng_.chance(0.01)) {
      ++counts_.gaps;
      --gaps_left_;
      has_gap_.insert(p);
      topic_.age(p, rng_.between(std::max(read, topic_.low(p)) + 1, topic_.high(p)));
    }
  }
}

// While nothing runs and nothing is under way, a partition is made to go on from an older
// checkpoint, or from its beginning.
void Fleet::work_on_state() {
  const auto partition =
      static_cast<std::int32_t>(rng_.below(static_cast<std::uint32_t>(topic_.partitions())));
  if (has_order(partition) || !committed_path(partition)) return;
  --orders_left_;
  while (!processes_.empty()) kill(*processes_.front());
  for (Call& call : std::exchange(calls_, {})) apply(call);
  group_.let_go_back(partition);
  const std::vector<std::string> targets = rewind_targets(partition);
  if (targets.empty() || rng_.chance(0.3)) {
    ++counts_.discards;
    undo(partition, nullptr);
    give_order({.kind = StateOrder::Kind::kDiscard, .checkpoint = {}, .newest = {}}, partition);
    return;
  }
  ++counts_.rewinds;
  const std::string& target = targets[rng_.below(static_cast<std::uint32_t>(targets.size()))];
  const Result<Job> job = Job::restore(*bucket_.get(path_of(partition, target)));
  undo(partition, &*job);
  give_order({.kind = StateOrder::Kind::kRewind, .checkpoint = target, .newest = {}}, partition);
}

// The committed one and those before it, as far as the log still goes on from them.
std::vector<std::string> Fleet::rewind_targets(std::int32_t partition) const {
  std::vector<std::string> targets;
  const std::string newest = newest_of(bucket_.list(state_folder_of(kFleetTopic, partition)));
  std::string name(name_of(*committed_path(partition)));
  while (!name.empty() &&
         *checkpoint_sequence(name) + kKeptSequences > *checkpoint_sequence(newest)) {
    const auto bytes = bucket_.get(path_of(partition, name));
    if (!bytes) break;
    const Result<Job> job = Job::restore(*bytes);
    if (job->log()->next_offset < topic_.low(partition)) break;
    targets.push_back(name);
    name = job->predecessor();
  }
  return targets;
}

// The files of a partition that a state knows nothing of, and the markers of all hours that it has
// not closed: in its second life it may have rows of one in which it had none. Of no state: all.
std::vector<std::string> Fleet::files_beyond(std::int32_t partition, const Job* target) const {
  std::vector<std::string> beyond;
  std::set<std::string, std::less<>> folders;
  const auto is_known = [&](const std::string& path, const HourlyName& hour) {
    if (target == nullptr) return false;
    const auto system = system_of_path(path);
    return std::ranges::any_of(target->partitions(), [&](const auto& each) {
      const Task& task = each->task();
      return (!system || each->settings().system == *system) &&
             task.watermark().value() != Watermark::kNone &&
             hour.window.end <= task.settings().windows.pane_start(task.watermark().value());
    });
  };
  for (const auto& [path, bytes] : bucket_.lake()) {
    if (const auto hour = parse_hourly_name(name_of(path))) {
      if (is_known(path, *hour)) continue;
      folders.emplace(folder_of(path));
      if (hour->partition == partition) beyond.push_back(path);
    } else if (const auto records = parse_records_name(name_of(path))) {
      const Position& first = records->first_row;
      if (first.partition == partition &&
          (target == nullptr || first.offset >= target->log()->next_offset)) {
        beyond.push_back(path);
      }
    }
  }
  for (const std::string& folder : folders) {
    const std::string marker = fmt::format("{}/{}", folder, kSuccessName);
    if (bucket_.lake().contains(marker)) beyond.insert(beyond.begin(), marker);
  }
  return beyond;
}

void Fleet::undo(std::int32_t partition, const Job* target) {
  bucket_.remove(closed_hours_path(kFleetTopic, partition));
  for (const std::string& path : files_beyond(partition, target)) bucket_.remove(path);
}

}  // namespace bikeflow::sim
