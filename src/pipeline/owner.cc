#include "pipeline/owner.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/core.h>

#include "base/check.h"
#include "pipeline/checkpoint_name.h"
#include "pipeline/commit_metadata.h"
#include "pipeline/live_of.h"

namespace bikeflow {
namespace {

constexpr std::int64_t kLookForOrderMs = 5'000;
constexpr Seconds kMostDrift = kMinute;  // of the wall clock, while a system is silent

// A clock that someone has just set is not believed at once.
bool was_wall_set(const Now& since, const Now& now) {
  const Seconds passed = (now.monotonic_ms - since.monotonic_ms) / 1000;
  return std::abs(now.wall - since.wall - passed) > kMostDrift;
}

}  // namespace

std::string state_folder_of(std::string_view topic, std::int32_t partition) {
  return fmt::format("{}/state/{}/{}", kInternalFolder, escape_component(topic), partition);
}

Owner::Owner(const OwnerSettings& settings, std::int32_t partition, std::uint64_t& next_request,
             const std::function<std::uint64_t()>& random)
    : settings_(settings),
      partition_(partition),
      next_request_(next_request),
      random_(random),
      reader_(settings.systems, partition, settings.topic, settings.has_live_view),
      marker_(settings.topic, partition, settings.systems, settings.lake, settings.task.windows) {}

std::string Owner::path_of(std::string_view name) const {
  return fmt::format("{}/{}", state_folder_of(settings_.topic, partition_), name);
}

std::uint64_t Owner::give(RequestWhat what) {
  const std::uint64_t number = ++next_request_;
  requests_.push_back({number, partition_, std::move(what)});
  return number;
}

void Owner::ask(Step step, RequestWhat what) {
  CHECK(step_ == Step::kNothing);
  step_ = step;
  control_ = give(std::move(what));
}

std::vector<Request> Owner::take_requests() {
  for (RequestWhat& what : marker_.take_wanted()) marker_.asked(give(std::move(what)));
  return std::exchange(requests_, {});
}

void Owner::take_live_news(const TellLive& tell) {
  for (std::size_t i = 0; i < live_.size(); ++i) {
    if (!live_[i].has_news()) continue;
    const std::string& system = settings_.systems[i].name;
    tell(system, job_->find(system)->task().names(), live_[i].take_news());
  }
}

void Owner::tell_progress(const TellProgress& tell) const {
  for (const LogSystem& system : settings_.systems) {
    const Partition* const found = job_ == nullptr ? nullptr : job_->find(system.name);
    LiveProgress progress = found == nullptr ? LiveProgress{} : live_progress_of(found->task());
    if (phase_ == Phase::kStopped) progress.stopped = why_;
    tell(system.name, std::move(progress));
  }
}

void Owner::begin() { ask(Step::kAskGroup, AskGroup{}); }

void Owner::outcome(std::uint64_t number, Outcome outcome, const Now& now) {
  if (const auto put = puts_.find(number); put != puts_.end()) {
    job_->acknowledge(put->second);
    puts_.erase(put);
    is_changed_ = true;
    update_pause();
    update_marker();
    return go_on(now);
  }
  if (marker_.waits_for(number)) {
    marker_.outcome(number, outcome);
    return go_on(now);
  }
  if (number != control_ || step_ == Step::kNothing) return;
  switch (std::exchange(step_, Step::kNothing)) {
    case Step::kNothing:
      break;
    case Step::kAskGroup:
    case Step::kAskAgain:
      on_answer(std::get<Answered>(outcome));
      break;
    case Step::kListState:
      on_state(std::get<Listed>(outcome));
      break;
    case Step::kGetOrdered:
      on_ordered(std::get<Got>(outcome));
      break;
    case Step::kGetOrder:
      on_order(std::get<Got>(outcome));
      break;
    case Step::kLookForOrder:
      look_for_order(std::get<Listed>(outcome));
      break;
    case Step::kListLake:
      on_lake(std::get<Listed>(outcome));
      break;
    case Step::kGetSuccessor:
      on_successor(std::get<Got>(outcome));
      break;
    case Step::kListSuccessor:
      on_path(std::get<Listed>(outcome));
      break;
    case Step::kGetCheckpoint:
      on_checkpoint(std::get<Got>(outcome));
      break;
    case Step::kLookAtLog:
      on_log(std::get<Seen>(outcome), now);
      break;
    case Step::kPutCheckpoint:
      ask(Step::kCommit,
          CommitOffset{pending_.offset,
                       CommitMetadata{kCheckpointFormat, settings_.lake_id, job_->checkpoint_name()}
                           .text()});
      break;
    case Step::kCommit:
      on_commit(std::get<CommitOutcome>(outcome), now);
      return go_on(now);
  }
}

// Everything that depends on more than one of: what was read, what was stored, what time it is.
void Owner::go_on(const Now& now) {
  if (!is_at_work()) return;
  if (phase_ == Phase::kReading && read_until_ && job_->log()->next_offset >= *read_until_ &&
      settings_.until_caught_up) {
    must_finish_ = true;
    if (settings_.close_windows) end_input(now);
  }
  if (must_finish_ && phase_ == Phase::kReading) {
    phase_ = Phase::kFinishing;
    update_pause();
  }
  if (step_ == Step::kNothing && is_checkpoint_due(now)) put_checkpoint(now);
  if (phase_ == Phase::kFinishing && step_ == Step::kNothing && puts_.empty() &&
      marker_.is_idle()) {
    phase_ = Phase::kDone;
  }
}

void Owner::messages(std::span<const LogMessage> messages, const Now& now) {
  if (phase_ != Phase::kReading || messages.empty()) return;
  LogReader::Read read = reader_.read(messages, now.wall);
  job_->add_dead_letters(std::move(read.refused));
  for (const Batch& batch : read.batches) {
    const std::string& system = reader_.systems()[batch.system].name;
    job_->find(system)->task().observe(batch, settings_.topic, now.wall);
    if (settings_.has_live_view) live_[batch.system].observe(batch, now.wall);
    silent_since_.erase(system);
  }
  const LogMessage& last = messages.back();
  LogPosition& log = *job_->log();
  log.next_offset = last.offset + 1;
  log.last = {last.offset, last.timestamp_ms, record_hash(last.key, last.value)};
  is_changed_ = true;
  take_files();
  update_pause();
  go_on(now);
}

void Owner::take_files() {
  for (const auto& partition : job_->partitions()) {
    for (FileRequest& request : partition->take_files()) {
      Result<std::string> bytes = encode_hourly(request.rows, request.metadata);
      CHECK(bytes.has_value());  // of rows that we made, in memory
      job_->log()->first_closed.try_emplace(partition->settings().system,
                                            request.rows.front().window.end);
      job_->add_due({std::move(request.path), *std::move(bytes)});
      has_closed_ = true;
    }
    partition->take_complete_directories();  // of this partition alone: the marker asks all
  }
}

void Owner::at_end(std::int64_t high, const Now& now) {
  if (phase_ != Phase::kReading) return;
  // Control records of transactions take offsets that no record has.
  if (read_until_ && high >= *read_until_) read_until_ = job_->log()->next_offset;
  const bool was_out =
      !confirmed_ms_ || now.monotonic_ms - *confirmed_ms_ > settings_.confirmed_within * 1000;
  confirmed_ms_ = now.monotonic_ms;
  if (was_out) silent_since_.clear();
  close_idle(now);
  go_on(now);
}

void Owner::close_idle(const Now& now) {
  for (const auto& partition : job_->partitions()) {
    Now& since = silent_since_.try_emplace(partition->settings().system, now).first->second;
    if (was_wall_set(since, now)) since = now;
    if (now.monotonic_ms - since.monotonic_ms < settings_.idle_close * 1000) continue;
    close_idle(partition->task(), now);
  }
  take_files();
}

// The watermark moves to the end of the last window that the clock has passed by the delay, and no
// further.
void Owner::close_idle(Task& task, const Now& now) {
  const TaskSettings& s = task.settings();
  const Seconds end = s.windows.pane_start(now.wall - s.delay);
  if (end <= task.watermark().value()) return;
  task.close_up_to(end, ClosedBy::kIdle);
  is_changed_ = true;
  has_closed_ = true;
}

void Owner::tick(const Now& now) {
  if (is_at_work()) return go_on(now);
  if (phase_ != Phase::kStopped || step_ != Step::kNothing) return;
  if (now.monotonic_ms - looked_ms_ < kLookForOrderMs) return;
  looked_ms_ = now.monotonic_ms;
  ask(Step::kLookForOrder, ListFiles{state_folder_of(settings_.topic, partition_)});
}

// Whoever carries it out is a new owner.
void Owner::look_for_order(const Listed& listed) {
  const auto is_order = [](const std::string& path) { return is_state_order_name(name_of(path)); };
  if (std::ranges::any_of(listed.paths, is_order)) phase_ = Phase::kDropped;
}

void Owner::finish() {
  must_finish_ = true;
  // Nothing of it is in the store or the group: the next owner does the same again.
  if (phase_ != Phase::kRecovering) return;
  phase_ = Phase::kDone;
  step_ = Step::kNothing;
}

void Owner::end_input(const Now& now) {
  if (std::exchange(input_ended_, true)) return;
  for (const auto& partition : job_->partitions()) partition->task().end_input(now.wall, true);
  is_changed_ = has_closed_ = true;
  take_files();
}

bool Owner::is_much_waiting() const {
  return job_->waiting() >= settings_.waiting_max ||
         job_->waiting_bytes() >= settings_.waiting_max_bytes;
}

bool Owner::is_checkpoint_due(const Now& now) const {
  if (!is_changed_) return false;
  if (has_closed_ || must_finish_) return true;
  return now.monotonic_ms - last_checkpoint_ms_ >= settings_.checkpoint_every * 1000 ||
         is_much_waiting();
}

// Reading waits while too much is due, or waits for a checkpoint.
void Owner::update_pause() {
  const bool wants = phase_ == Phase::kFinishing || job_->due_bytes() >= settings_.due_max_bytes ||
                     is_much_waiting();
  if (wants == is_paused_) return;
  is_paused_ = wants;
  give(PauseReading{wants});
}

HourMarker::ClosedBySystem Owner::closed_now() {
  HourMarker::ClosedBySystem closed;
  for (const auto& partition : job_->partitions()) {
    const Task& task = partition->task();
    if (task.watermark().value() == Watermark::kNone) continue;
    const WindowRule& rule = task.settings().windows;
    // The windows that end by the watermark are closed.
    const Seconds to = rule.pane_start(task.watermark().value());
    const std::string& system = partition->settings().system;
    const Seconds first = job_->log()->first_closed.try_emplace(system, to).first->second;
    closed[system] = {first, to};
  }
  return closed;
}

void Owner::put_checkpoint(const Now& now) {
  last_checkpoint_ms_ = now.monotonic_ms;
  is_changed_ = has_closed_ = false;
  Result<std::string> bytes = job_->checkpoint(checkpoint_name(job_->sequence() + 1, random_()));
  CHECK(bytes.has_value());
  pending_ = {job_->sequence(), job_->log()->next_offset, closed_now()};
  seen_checkpoints_.insert(job_->checkpoint_name());
  ask(Step::kPutCheckpoint, PutFile{path_of(job_->checkpoint_name()), *std::move(bytes)});
  update_pause();
}

void Owner::on_commit(CommitOutcome outcome, const Now& now) {
  switch (outcome) {
    case CommitOutcome::kDone:
      done_ = std::move(pending_);
      checkpoints_.done(now.monotonic_ms - last_checkpoint_ms_, now.wall);
      if (std::exchange(order_, std::nullopt)) give(RemoveFiles{{path_of(order_name_)}});
      publish();
      collect();
      update_pause();
      update_marker();
      return;
    case CommitOutcome::kRefused:
      phase_ = Phase::kDropped;
      return;
    case CommitOutcome::kUnknown:
      phase_ = Phase::kUnsure;
      return;
  }
}

// What the committed checkpoint says is due, and is not on its way yet.
void Owner::publish() {
  for (const DueFile& file : job_->due()) {
    if (file.since == 0 || file.since > done_.sequence) continue;
    const bool is_asked =
        std::ranges::any_of(puts_, [&](const auto& put) { return put.second == file.path; });
    if (!is_asked) puts_.emplace(give(PutFile{file.path, file.bytes}), file.path);
  }
}

void Owner::collect() {
  RemoveFiles old;
  std::erase_if(seen_checkpoints_, [&](const std::string& name) {
    if (*checkpoint_sequence(name) + kKeptSequences > done_.sequence) return false;
    old.paths.push_back(path_of(name));
    return true;
  });
  if (!old.paths.empty()) give(std::move(old));
}

void Owner::update_marker() {
  if (puts_.empty() && done_.sequence > 0) marker_.closed(done_.closed);
}

}  // namespace bikeflow
