#include "sim/fleet.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "pipeline/commit_metadata.h"

namespace bikeflow::sim {
namespace {

constexpr std::string_view kCluster = "simulated";
constexpr std::string_view kLakeId = "5eed5eed5eed5eed5eed5eed5eed5eed";
constexpr std::int64_t kMostSteps = 100'000;

OwnerSettings settings_of(const Input& input, Seconds stride, bool catches_up) {
  OwnerSettings settings;
  settings.topic = kFleetTopic;
  settings.cluster = kCluster;
  settings.lake_id = kLakeId;
  settings.lake = input.rule;
  for (const System& system : input.systems) settings.systems.push_back({system.name, system.zone});
  settings.task = input.task;
  settings.checkpoint_every = 3 * stride;
  settings.idle_close = 8 * stride;
  settings.confirmed_within = 60 * stride + 2 * kHour;
  settings.waiting_max = 5;
  settings.due_max_bytes = 60'000;
  settings.until_caught_up = catches_up;
  return settings;
}

// One to four partitions, to which some may be added, once or twice.
PartitionCounts draw_counts(const Input& input, Rng& rng) {
  const auto parts = static_cast<std::uint32_t>(input.parts.size());
  PartitionCounts counts(std::max(parts, 1U), static_cast<std::int32_t>(1 + rng.below(4)));
  for (std::int64_t left = rng.chance(0.35) ? rng.between(1, 2) : 0; left > 0; --left) {
    const std::int32_t more = counts.back() + static_cast<std::int32_t>(1 + rng.below(2));
    const std::uint32_t from = rng.below(static_cast<std::uint32_t>(counts.size()));
    for (std::size_t i = from; i < counts.size(); ++i) counts[i] = std::max(counts[i], more);
  }
  return counts;
}

}  // namespace

Fleet::Fleet(const Input& input, FleetConduct& conduct, Rng rng, bool has_faults)
    : input_(input),
      conduct_(conduct),
      rng_(rng),
      has_faults_(has_faults),
      topic_(input, draw_counts(input, rng_)),
      group_(topic_.partitions()) {
  time_ = input.parts.empty() ? 0 : input.parts.front().read_at - 1;
  const Seconds span = input.parts.empty() ? 1 : input.parts.back().read_at - time_;
  stride_ = std::max<Seconds>(1, span / 300);
  session_ = 12 * stride_;
  wanted_processes_ = 1 + rng_.below(3);
  draw_odds();
}

void Fleet::draw_odds() {
  const auto at_most = [&](double most) { return rng_.chance(0.3) ? 0 : rng_.uniform(0, most); };
  odds_.kill = at_most(0.01);
  odds_.kill_between = at_most(0.03);
  odds_.pause = at_most(0.02);
  odds_.lose = at_most(0.2);
  odds_.repeat = at_most(0.2);
  odds_.delay = at_most(0.5);
  odds_.commit = at_most(0.3);
  odds_.jump = at_most(0.01);
  odds_.outage = at_most(0.005);
  odds_.orphan = rng_.uniform(0, 1);
  odds_.copy = at_most(0.1);
  odds_.finish = at_most(0.01);
  odds_.age = at_most(0.1);
  stale_for_ = rng_.chance(0.4) ? rng_.between(1, 20 * stride_) : 0;
  catches_up_ = rng_.chance(0.15);
  gaps_left_ = rng_.chance(0.2) ? rng_.between(1, 2) : 0;
  orders_left_ = rng_.chance(0.15) ? rng_.between(1, 2) : 0;
}

std::string Fleet::path_of(std::int32_t partition, std::string_view checkpoint) {
  return fmt::format("{}/{}", state_folder_of(kFleetTopic, partition), checkpoint);
}

std::optional<std::string> Fleet::committed_path(std::int32_t partition) const {
  const auto commit = group_.committed(partition);
  const auto metadata = commit ? CommitMetadata::parse(commit->metadata) : std::nullopt;
  return metadata ? std::optional(path_of(partition, metadata->checkpoint)) : std::nullopt;
}

const LogHistory& Fleet::history(std::int32_t partition) const {
  const auto path = committed_path(partition);
  const auto found = path ? ledger_.find(*path) : ledger_.end();
  return found == ledger_.end() ? no_history_ : found->second;
}

Result<Job> Fleet::job(std::int32_t partition) const {
  const auto path = committed_path(partition);
  if (!path) return fail("partition {} has no commit", partition);
  const auto bytes = bucket_.get(*path);
  if (!bytes) return fail("the checkpoint {} is not there", *path);
  return Job::restore(*bytes);
}

Now Fleet::now_of(const Process& process) const {
  return {time_ + process.clock_ahead, time_ * 1000};
}

Fleet::Process* Fleet::find(std::uint64_t id) {
  const auto found = std::ranges::find(processes_, id, [](const auto& each) { return each->id; });
  return found == processes_.end() ? nullptr : found->get();
}

void Fleet::start_process() {
  auto process = std::make_unique<Process>();
  process->id = ++next_process_;
  process->catches_up = has_faults_ && catches_up_ && rng_.chance(0.5);
  process->member = std::make_unique<Member>(settings_of(input_, stride_, process->catches_up),
                                             [this] { return rng_.next(); });
  if (!has_faults_ || rng_.chance(0.9)) tell_partitions(*process);  // else the broker is slow
  process->client.member = group_.join(0);
  ++counts_.joins;
  processes_.push_back(std::move(process));
}

void Fleet::tell_partitions(Process& process) {
  process.known_partitions = topic_.partitions();
  process.member->set_partition_count(conduct_.count_partitions(process.known_partitions));
}

// What it had sent may still arrive, once, long after.
void Fleet::kill(Process& process) {
  const std::uint64_t id = process.id;
  if (rng_.chance(0.3)) group_.leave(process.client.member);
  std::erase_if(calls_, [&](Call& call) {
    if (call.process != id) return false;
    const bool is_put = std::holds_alternative<PutFile>(call.request.what) ||
                        std::holds_alternative<RemoveFiles>(call.request.what);
    if (!is_put || call.outcome || !rng_.chance(odds_.orphan)) return true;
    ++counts_.puts_after_death;
    call.process = 0;
    call.not_before = time_ + rng_.between(0, 40 * stride_);
    return false;
  });
  std::erase_if(processes_, [&](const auto& each) { return each->id == id; });
}

// It is asked to end, is slow to learn of new partitions, or its clock is set.
void Fleet::disturb(Process& process) {
  if (has_faults_ && rng_.chance(odds_.jump)) {
    ++counts_.clock_jumps;
    process.clock_ahead = rng_.chance(0.6) ? 0 : rng_.between(-kHour, 4 * stride_);
    if (rng_.chance(0.05)) {
      ++counts_.far_jumps;
      process.clock_ahead = rng_.between(4 * stride_, 40 * stride_ + 6 * kHour);
    }
  }
  if (process.known_partitions != topic_.partitions() && rng_.chance(has_faults_ ? 0.02 : 0.5)) {
    ++counts_.told_late;
    tell_partitions(process);
  }
  if (has_faults_ && !process.finish_by && rng_.chance(odds_.finish)) {
    ++counts_.finishes;
    process.finish_by = time_ + rng_.between(5 * stride_, 60 * stride_);
    // One that is still finding out where to go on leaves all to the next.
    for (const auto& [partition, owner] : process.member->owners()) {
      if (owner.phase() == Owner::Phase::kRecovering) process.reading.erase(partition);
    }
    process.member->finish(now_of(process));
  }
}

void Fleet::act(Process& process) {
  if (has_faults_ && rng_.chance(odds_.kill)) {
    ++counts_.kills;
    return kill(process);
  }
  if (has_faults_ && rng_.chance(odds_.pause)) {
    ++counts_.pauses;
    process.paused_until = time_ + rng_.between(1, 3 * session_);
    return;
  }
  if (conduct_.is_done(*process.member, group_) ||
      (process.finish_by && time_ >= *process.finish_by)) {
    return end(process);
  }
  disturb(process);
  look_after(process);
  send_held(process.client);
  if (!serve_group(process)) {
    if (!process.reading.empty() && rng_.chance(0.7)) {
      const auto at = std::next(process.reading.begin(),
                                rng_.below(static_cast<std::uint32_t>(process.reading.size())));
      read(process, at->first);
    } else {
      process.member->tick(now_of(process));
    }
  }
  execute(process);
}

void Fleet::end(Process& process) {
  look_at_end_of(process);
  if (rng_.chance(0.8)) group_.leave(process.client.member);  // else that timed out
  kill(process);
}

// Whether a callback was called.
bool Fleet::serve_group(Process& process) {
  Client& client = process.client;
  const auto drop = [&] {
    if (client.is_assigned && conduct_.drops_on_rebalance()) {
      process.member->revoked();
      process.reading.clear();
    }
    client.is_assigned = false;
  };
  if (!group_.knows(client.member)) {
    drop();
    client.member = group_.join(0);
    ++counts_.joins;
    return true;
  }
  if (group_.must_rejoin(client.member)) {
    drop();
    group_.join(client.member);
    return true;
  }
  const auto assignment = group_.assignment(client.member);
  if (!assignment || (client.is_assigned && client.generation == assignment->generation)) {
    return false;
  }
  client.generation = assignment->generation;
  client.is_assigned = true;
  std::vector<std::int32_t> had;
  for (const auto& [partition, owner] : process.member->owners()) had.push_back(partition);
  if (conduct_.drops_on_rebalance() || had != assignment->partitions) {
    process.reading.clear();
    process.member->assigned(assignment->partitions);
  }
  return true;
}

// A client that still lives sends what it holds, whoever owns the partition by now.
void Fleet::send_held(Client& client) {
  if (!client.is_assigned || client.held.empty() || !rng_.chance(0.05)) return;
  for (const Client::Held& held : std::exchange(client.held, {})) {
    if (send_commit(client, held.partition, held.commit)) ++counts_.held_sent;
  }
}

// A decision of the clock shows as a watermark that moved without a record.
void Fleet::watch_closes(Process& process, std::int32_t partition,
                         const std::function<void()>& change) {
  const auto watermarks = [&] {
    std::vector<Seconds> values(input_.systems.size(), Watermark::kNone);
    const auto owner = process.member->owners().find(partition);
    if (owner == process.member->owners().end() || owner->second.job() == nullptr) return values;
    for (std::size_t i = 0; i < values.size(); ++i) {
      for (const auto& each : owner->second.job()->partitions()) {
        if (each->settings().system == input_.systems[i].name) {
          values[i] = each->task().watermark().value();
        }
      }
    }
    return values;
  };
  const std::vector<Seconds> before = watermarks();
  change();
  const std::vector<Seconds> after = watermarks();
  LogHistory& history = process.histories[partition];
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (after[i] > before[i]) {
      history.closes.push_back({history.clocks.size(), static_cast<std::uint32_t>(i), after[i]});
    }
  }
}

void Fleet::read(Process& process, std::int32_t partition) {
  Reading& reading = process.reading.at(partition);
  const Now now = now_of(process);
  if (reading.is_paused) return process.member->tick(now);
  if (reading.offset < topic_.low(partition)) return process.member->out_of_range(partition, now);
  const std::vector<LogMessage> messages =
      topic_.read(partition, reading.offset, rng_.between(1, 40));
  if (messages.empty()) {
    watch_closes(process, partition,
                 [&] { process.member->at_end(partition, reading.offset, now); });
    return;
  }
  const auto owner = process.member->owners().find(partition);
  // One that finishes takes no more, whatever the client had fetched.
  if (owner != process.member->owners().end() && owner->second.phase() == Owner::Phase::kReading) {
    LogHistory& history = process.histories[partition];
    CHECK(std::ssize(history.clocks) == reading.offset || !conduct_.is_honest());
    history.clocks.resize(static_cast<std::size_t>(reading.offset));
    for (const LogMessage& message : messages) {
      history.clocks.push_back(std::min(now.wall, message.timestamp_ms / 1000));
    }
  }
  reading.offset += std::ssize(messages);
  process.member->messages(partition, messages, now);
}

// What the process knows of the records before, it has from the checkpoint that it starts from.
void Fleet::start_reading(Process& process, std::int32_t partition, std::int64_t offset) {
  process.reading[partition] = {offset, false};
  const Job& job = *process.member->owners().at(partition).job();
  // Where an order was executed, the next checkpoint was made at once.
  std::string path = path_of(partition, job.checkpoint_name());
  if (!ledger_.contains(path)) path = path_of(partition, job.predecessor());
  const auto known = ledger_.find(path);
  LogHistory history = known == ledger_.end() ? LogHistory{} : known->second;
  if (std::cmp_less(history.clocks.size(), offset)) {
    const std::uint64_t order = job.log()->last_order;
    const auto bytes = bucket_.get(path);
    const bool is_ordered =
        orders_.contains(order) && (!bytes || Job::restore(*bytes)->log()->last_order != order);
    const bool is_first = !group_.committed(partition) && offset <= topic_.low(partition);
    history.has_skipped |= !is_ordered && !is_first;
    history.clocks.resize(static_cast<std::size_t>(offset), LogHistory::kLost);
  }
  process.histories[partition] = std::move(history);
}

void Fleet::execute(Process& process) {
  for (;;) {
    std::vector<Request> requests = process.member->take_requests();
    if (requests.empty()) return;
    conduct_.arrange(requests, bucket_);
    for (Request& request : requests) {
      if (!process.member->is_current(request)) continue;
      if (has_faults_ && rng_.chance(odds_.kill_between)) {
        ++counts_.kills_between;
        return kill(process);
      }
      carry_out(process, std::move(request));
    }
  }
}

void Fleet::carry_out(Process& process, Request request) {
  const std::int32_t partition = request.partition;
  if (const auto* start = std::get_if<StartReading>(&request.what)) {
    start_reading(process, partition, start->offset);
  } else if (const auto* pause = std::get_if<PauseReading>(&request.what)) {
    if (const auto at = process.reading.find(partition); at != process.reading.end()) {
      at->second.is_paused = pause->is_paused;
    }
  } else if (const auto* what = std::get_if<CommitOffset>(&request.what)) {
    Outcome outcome = commit(process, partition, *what);
    process.member->outcome(request.number, std::move(outcome), now_of(process));
  } else if (std::holds_alternative<ReplaceClient>(request.what)) {
    ++counts_.replaced;
    process.reading.clear();
    process.client.is_assigned = false;
    if (conduct_.replaces_client()) {
      if (rng_.chance(0.3)) group_.leave(process.client.member);
      process.client = {};
      process.client.member = group_.join(0);
      ++counts_.joins;
    }
  } else {
    call_store(process, std::move(request));
  }
}

bool Fleet::send_commit(const Client& client, std::int32_t partition,
                        const Answered::Commit& commit) {
  ++counts_.commits;
  return group_.commit(client.member, client.generation, partition, commit);
}

CommitOutcome Fleet::commit(Process& process, std::int32_t partition, const CommitOffset& what) {
  const Answered::Commit commit{what.offset, what.metadata};
  if (has_faults_ && rng_.chance(odds_.commit)) {
    switch (rng_.below(3)) {
      case 0:
        ++counts_.lost;
        return CommitOutcome::kUnknown;
      case 1:
        ++counts_.answers_lost;
        send_commit(process.client, partition, commit);
        return CommitOutcome::kUnknown;
      default:
        ++counts_.held;
        process.client.held.push_back({partition, commit});
        return CommitOutcome::kUnknown;
    }
  }
  if (send_commit(process.client, partition, commit)) return CommitOutcome::kDone;
  ++counts_.refused;
  return CommitOutcome::kRefused;
}

void Fleet::pass_time() {
  Seconds step = rng_.between(1, stride_);
  // Long silences are passed in strides, so that what is silent is noticed.
  if (!topic_.is_whole() && topic_.next_at() > time_ + 40 * stride_) step = 8 * stride_;
  if (topic_.is_whole())
    step = is_all_closed() && !is_word_missing() ? stride_ : std::max(4 * stride_, 10 * kMinute);
  time_ += step;
  const std::int32_t partitions = topic_.partitions();
  topic_.advance(time_);
  counts_.grown += topic_.partitions() - partitions;
  if (rng_.chance(0.2)) group_.set_partitions(topic_.partitions());
  age_out();
  for (const auto& process : processes_) {
    if (process->paused_until <= time_) group_.heartbeat(process->client.member, time_);
  }
  group_.advance(time_, session_);
  if (has_faults_ && rng_.chance(odds_.outage)) {
    ++counts_.outages;
    quiet_until_ = time_ + rng_.between(1, 30 * stride_);
  }
  if (has_faults_ && rng_.chance(0.01)) wanted_processes_ = 1 + rng_.below(4);
  if (has_faults_ && orders_left_ > 0 && rng_.chance(0.005)) work_on_state();
}

void Fleet::step() {
  if (processes_.size() < wanted_processes_ && rng_.chance(0.1)) start_process();
  if (processes_.size() > wanted_processes_ && rng_.chance(0.05)) {
    kill(*processes_[rng_.below(static_cast<std::uint32_t>(processes_.size()))]);
  }
  const std::uint32_t which = rng_.below(10);
  if (which == 0 &&
      (!topic_.is_whole() || !is_all_closed() || is_word_missing() || rng_.chance(0.2))) {
    return pass_time();
  }
  if (which < 5) return take_call();
  if (processes_.empty()) return;
  Process& process = *processes_[rng_.below(static_cast<std::uint32_t>(processes_.size()))];
  if (process.paused_until <= time_) act(process);
}

Result<void> Fleet::run() {
  for (std::int64_t steps = 0; steps < kMostSteps; ++steps) {
    step();
    if (topic_.is_whole() && has_faults_ && rng_.chance(0.002)) {
      has_faults_ = false;
      quiet_until_ = 0;
      for (const auto& process : processes_) process->clock_ahead = 0;
    }
    if (!complaints_.empty()) return fail("{}", complaints_.front());
    if (steps % 16 == 0 && is_all_done()) break;
  }
  counts_.rebalances = group_.rebalances();
  if (!is_all_done()) return fail("it does not come to an end: {}", where_it_stands());
  return {};
}

}  // namespace bikeflow::sim
