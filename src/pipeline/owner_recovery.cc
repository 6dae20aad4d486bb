// How an owner finds out where to go on, and when it must not.
//
// It asks the group what is committed, lists the checkpoints, loads the one that the commit names,
// and looks whether the log still is the one that it was read from. Whatever looks wrong is only a
// suspicion at first: a newer owner may be at work, and then the group answers otherwise when it is
// asked again.
//
// The store may be slow to list what was put. So a list is believed in what it shows, not in what
// it does not: whether the committed checkpoint is there is found out by getting it.
#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/check.h"
#include "pipeline/checkpoint_name.h"
#include "pipeline/commit_metadata.h"
#include "pipeline/live_of.h"
#include "pipeline/owner.h"
#include "pipeline/settings_difference.h"

namespace bikeflow {
namespace {

bool is_file_of(std::string_view name, std::string_view source, std::int32_t partition) {
  if (const auto hour = parse_hourly_name(name)) {
    return hour->source == source && hour->partition == partition;
  }
  const auto records = parse_records_name(name);
  return records && records->source == source && records->first_row.partition == partition;
}

}  // namespace

bool Owner::is_rewinding() const { return order_ && order_->kind == StateOrder::Kind::kRewind; }

void Owner::on_answer(const Answered& answer) {
  if (!suspicion_.empty() && answer.commit == committed_) {
    return stop(std::exchange(suspicion_, {}));
  }
  suspicion_.clear();
  is_anew_ = false;
  committed_ = answer.commit;
  const auto metadata = committed_ ? CommitMetadata::parse(committed_->metadata) : std::nullopt;
  if (metadata && metadata->format > kCheckpointFormat) {
    give(LeaveGroup{fmt::format(
        "{}/{}: was written by a newer version of bikeflow (format {}, this program knows {}): "
        "update bikeflow",
        settings_.topic, partition_, metadata->format, kCheckpointFormat)});
    return stop("left to a newer version of bikeflow");
  }
  ask(Step::kListState, ListFiles{state_folder_of(settings_.topic, partition_)});
}

// A newer owner may have made it look so: the group is asked again before it is believed.
void Owner::suspect(std::string why) {
  suspicion_ = std::move(why);
  ask(Step::kAskAgain, AskGroup{});
}

void Owner::stop(std::string why) {
  why_ = fmt::format("{}/{}: {}", settings_.topic, partition_, why);
  phase_ = Phase::kStopped;
}

void Owner::on_state(const Listed& listed) {
  names_.clear();
  newest_.clear();
  orders_.clear();
  order_.reset();
  for (const std::string& path : listed.paths) {
    const std::string_view name = name_of(path);
    if (is_state_order_name(name)) orders_.emplace_back(name);
    const auto sequence = checkpoint_sequence(name);
    if (!sequence) continue;
    names_.emplace_back(name);
    if (newest_.empty() || *sequence > *checkpoint_sequence(newest_)) newest_ = name;
  }
  seen_checkpoints_ = {names_.begin(), names_.end()};
  if (orders_.empty()) return find_checkpoint();
  last_order_ = 0;
  const auto metadata = committed_ ? CommitMetadata::parse(committed_->metadata) : std::nullopt;
  if (!metadata) return look_at_next_order();
  ask(Step::kGetOrdered, GetFile{path_of(metadata->checkpoint)});
}

void Owner::on_ordered(const Got& got) {
  if (got.bytes) {
    const Result<Job> job = Job::restore(*got.bytes);
    if (job && job->log()) last_order_ = job->log()->last_order;
  }
  look_at_next_order();
}

void Owner::look_at_next_order() {
  if (orders_.empty()) return order_ ? execute_order() : find_checkpoint();
  ask(Step::kGetOrder, GetFile{path_of(orders_.back())});
}

void Owner::on_order(const Got& got) {
  const std::string name = std::move(orders_.back());
  orders_.pop_back();
  if (!got.bytes) return look_at_next_order();  // it was executed meanwhile
  const auto order = parse_state_order(*got.bytes);
  if (!order) {
    return suspect(fmt::format("{}: {}; remove the file", path_of(name), order.error().message));
  }
  if (order->id == last_order_) {
    give(RemoveFiles{{path_of(name)}});
    return look_at_next_order();
  }
  if (order->is_unfinished) {
    return suspect(fmt::format(
        "{}: bikeflow state {} is deleting files, or was cut off: where it does not run any more, "
        "give it again, as it was",
        path_of(name), order_word(order->kind)));
  }
  const auto metadata = committed_ ? CommitMetadata::parse(committed_->metadata) : std::nullopt;
  if (metadata && checkpoint_sequence(metadata->checkpoint) > checkpoint_sequence(order->newest)) {
    // It speaks of files and checkpoints as they were then.
    return suspect(fmt::format(
        "{}: was given when the newest checkpoint was {}, and {} is committed by now: look at the "
        "partition again (bikeflow state show), then remove the file and give the order anew",
        path_of(name), order->newest.empty() ? "none" : order->newest, metadata->checkpoint));
  }
  if (order_) {
    return suspect(fmt::format("{} and {}: are two orders for one partition: remove one of them",
                               path_of(order_name_), path_of(name)));
  }
  order_ = *order;
  order_name_ = name;
  look_at_next_order();
}

// What the command that wrote the order has seen to, as the removal of files, is not done again
// here.
void Owner::execute_order() {
  switch (order_->kind) {
    case StateOrder::Kind::kAcceptGap:
      return find_checkpoint();
    case StateOrder::Kind::kDiscard:
      return begin_anew();
    case StateOrder::Kind::kRewind:
      committed_name_ = order_->checkpoint;
      return ask(Step::kGetCheckpoint, GetFile{path_of(committed_name_)});
  }
}

// An order tells of one that the list may not show yet.
std::uint64_t Owner::highest() const {
  const auto of_order = order_ ? checkpoint_sequence(order_->newest) : std::nullopt;
  const std::uint64_t of_list = newest_.empty() ? 0 : *checkpoint_sequence(newest_);
  return std::max(of_order.value_or(0), of_list);
}

// The one that the group's commit names, if nothing speaks against it.
void Owner::find_checkpoint() {
  if (!committed_) {
    if (highest() > 1) {
      return suspect(fmt::format(
          "the group has no committed offset, but there is a history: the newest checkpoint is {}. "
          "Groups forget after a week without members; was the group renamed, or the topic made "
          "anew? bikeflow state rewind goes on from a checkpoint, bikeflow state discard begins "
          "anew",
          newest_));
    }
    return ask(Step::kListLake, ListFiles{""});
  }
  const auto metadata = CommitMetadata::parse(committed_->metadata);
  if (!metadata || !checkpoint_sequence(metadata->checkpoint)) {
    return suspect(fmt::format(
        "the group's committed offset {} does not name a checkpoint (its metadata is '{}'): "
        "another "
        "program uses this group, or the offset was set by hand. Take another group, or bikeflow "
        "state rewind",
        committed_->offset, committed_->metadata.substr(0, 80)));
  }
  if (metadata->lake_id != settings_.lake_id) {
    return suspect(fmt::format(
        "the group's commit is of another lake (id {}, here {}): take another group, put that "
        "lake into [lake] url, or bikeflow state discard begins anew in this one",
        metadata->lake_id, settings_.lake_id));
  }
  committed_name_ = metadata->checkpoint;
  const std::uint64_t sequence = *checkpoint_sequence(committed_name_);
  if (highest() > sequence + 1) {
    return suspect(fmt::format(
        "the group has lost a commit: it names the checkpoint {}, and {} follows a later one. "
        "bikeflow state rewind goes on from a checkpoint",
        committed_name_, newest_));
  }
  successors_.clear();
  for (const std::string& name : names_) {
    if (*checkpoint_sequence(name) == sequence + 1) successors_.push_back(name);
  }
  look_at_next_successor();
}

// Without a commit this is a first start, where the lake agrees.
void Owner::on_lake(const Listed& listed) {
  const auto file = std::ranges::find_if(listed.paths, [&](const std::string& path) {
    return is_file_of(name_of(path), settings_.topic, partition_);
  });
  if (file != listed.paths.end()) {
    return suspect(fmt::format(
        "the group has no committed offset, but the lake has {} of this partition: was the group "
        "renamed? Take the group's old name, or bikeflow state discard removes what was written",
        *file));
  }
  begin_anew();
}

void Owner::begin_anew() {
  is_anew_ = true;
  job_ = std::make_unique<Job>(
      JobSettings{settings_.topic, settings_.topic, settings_.lake_id, settings_.lake, partition_});
  job_->log() = LogPosition{.cluster = settings_.cluster, .last = {}, .first_closed = {}};
  // After an order there may be older checkpoints.
  if (order_) job_->skip_to_sequence(highest());
  ask(Step::kLookAtLog, LookAtLog{});
}

// A checkpoint that follows the committed one was never committed, unless something that became due
// in it is in the lake: then the group has lost its commit.
void Owner::look_at_next_successor() {
  if (successors_.empty()) {
    return ask(Step::kGetCheckpoint, GetFile{path_of(committed_name_)});
  }
  ask(Step::kGetSuccessor, GetFile{path_of(successors_.back())});
}

void Owner::on_successor(const Got& got) {
  newly_due_.clear();
  if (got.bytes) {
    // One that cannot be read was not written whole, so nobody can have committed it.
    const Result<Job> job = Job::restore(*got.bytes);
    if (job && job->predecessor() == committed_name_) {
      for (const DueFile& file : job->due()) {
        if (file.since == job->sequence()) newly_due_.push_back(file.path);
      }
    }
  }
  look_at_next_path();
}

void Owner::look_at_next_path() {
  if (newly_due_.empty()) {
    successors_.pop_back();
    return look_at_next_successor();
  }
  ask(Step::kListSuccessor, ListFiles{std::string(folder_of(newly_due_.back()))});
}

void Owner::on_path(const Listed& listed) {
  const std::string path = std::move(newly_due_.back());
  newly_due_.pop_back();
  if (std::ranges::find(listed.paths, path) != listed.paths.end()) {
    return suspect(fmt::format(
        "the group has lost a commit: it names the checkpoint {}, but {}, which became due in {}, "
        "is in the lake. bikeflow state rewind goes on from a checkpoint",
        committed_name_, path, successors_.back()));
  }
  look_at_next_path();
}

void Owner::on_checkpoint(const Got& got) {
  const std::string shown = path_of(committed_name_);
  const std::string remedy =
      "put it back from a backup, or bikeflow state rewind goes on from another one";
  if (!got.bytes) {
    return suspect(fmt::format("the checkpoint {}, which the {} names, is gone: {}", shown,
                               is_rewinding() ? "order" : "group's commit", remedy));
  }
  Result<Job> job = Job::restore(*got.bytes);
  if (!job) return suspect(fmt::format("{}: {}; {}", shown, job.error().message, remedy));
  if (const auto differs = what_differs(*job)) {
    return suspect(fmt::format("{}: {}", shown, *differs));
  }
  job_ = std::make_unique<Job>(*std::move(job));
  seen_checkpoints_.insert(committed_name_);
  if (is_rewinding()) job_->skip_to_sequence(std::max(job_->sequence(), highest()));
  ask(Step::kLookAtLog, LookAtLog{job_->log()->last ? job_->log()->last->offset : -1});
}

// Whose checkpoint it is, and whether it was made by the same rules.
std::optional<std::string> Owner::what_differs(const Job& job) const {
  const JobSettings& s = job.settings();
  if (s.source != settings_.topic || s.number != partition_ || !job.log()) {
    return fmt::format(
        "is a checkpoint of {}/{}: it was copied here; bikeflow state rewind goes on from another "
        "one",
        s.source, s.number);
  }
  if (s.lake_id != settings_.lake_id) {
    return fmt::format(
        "is of another lake (id {}, here {}): it was copied here; bikeflow state rewind goes on "
        "from "
        "another one",
        s.lake_id, settings_.lake_id);
  }
  if (job.log()->cluster != settings_.cluster) {
    return fmt::format(
        "was read from the Kafka cluster {}, and this one is {}: bikeflow state discard begins "
        "anew on it",
        job.log()->cluster, settings_.cluster);
  }
  if (!is_rewinding() && job.log()->next_offset != committed_->offset) {
    return fmt::format(
        "was read up to offset {}, and the group has committed {}: the offset was set by hand; "
        "bikeflow state rewind goes on from a checkpoint",
        job.log()->next_offset, committed_->offset);
  }
  const auto zone_of = [&](std::string_view name) -> const Zone* {
    const auto system = std::ranges::find(settings_.systems, name, &LogSystem::name);
    return system == settings_.systems.end() ? nullptr : &system->zone;
  };
  if (const auto other = settings_difference(job, settings_.lake, settings_.task, zone_of)) {
    return fmt::format(
        "{} is {} in what is already written, and {} in the configuration: rows would not fit "
        "together. Use {}, or another lake and group, or bikeflow state discard begins the "
        "partition "
        "anew",
        other->name, other->kept, other->asked, other->kept);
  }
  return std::nullopt;
}

// Empty: the log goes on where it was left.
std::string Owner::what_is_wrong(const Seen& seen) const {
  const LogPosition& log = *job_->log();
  if (is_anew_) return "";
  if (seen.low > log.next_offset) {
    return fmt::format(
        "the records from {} to {} are gone before they were read (the topic's retention): {}",
        log.next_offset, seen.low - 1,
        is_rewinding() ? "only bikeflow state discard is left, or an order to rewind less far"
                       : fmt::format("bikeflow state accept-gap goes on at {}", seen.low));
  }
  if (seen.high < log.next_offset) {
    return fmt::format(
        "the topic ends at offset {}, and it was read up to {}: it was made anew or cut off. "
        "bikeflow state discard begins anew",
        seen.high, log.next_offset);
  }
  // Where all that was read has aged out and nothing else has, there is no gap.
  if (!log.last || seen.low == log.next_offset) return "";
  if (seen.record != log.last) {
    return fmt::format(
        "the record at offset {} is not the one that was read last: the topic was made anew or cut "
        "off. bikeflow state discard begins anew",
        log.last->offset);
  }
  return "";
}

void Owner::on_log(const Seen& seen, const Now& now) {
  LogPosition& log = *job_->log();
  if (order_ && order_->kind == StateOrder::Kind::kAcceptGap && seen.low > log.next_offset) {
    log.next_offset = seen.low;
    log.last.reset();
  }
  if (std::string wrong = what_is_wrong(seen); !wrong.empty()) return suspect(std::move(wrong));
  start_reading(seen, now);
}

void Owner::start_reading(const Seen& seen, const Now& now) {
  LogPosition& log = *job_->log();
  if (is_anew_) log.next_offset = seen.low;
  if (order_) {
    log.last_order = order_->id;
    is_changed_ = has_closed_ = true;  // it is committed at once
  }
  for (const LogSystem& system : settings_.systems) {
    Partition* found = job_->find(system.name);
    if (found == nullptr) {
      TaskSettings task = settings_.task;
      task.windows.hour_phase = system.zone.hour_phase();
      found = &job_->add(system.name, system.zone, task);
    }
    reader_.know(system.name, found->task().names());
    if (settings_.has_live_view) live_.push_back(live_stations_of(found->task()));
  }
  if (settings_.until_caught_up) read_until_ = seen.high;
  phase_ = Phase::kReading;
  last_checkpoint_ms_ = now.monotonic_ms;
  done_ = {job_->sequence(), log.next_offset, closed_now()};
  give(StartReading{log.next_offset});
  publish();
  update_pause();
  update_marker();
  go_on(now);
}

void Owner::unreadable(const std::string& why) {
  if (phase_ != Phase::kReading) return;
  step_ = Step::kNothing;
  stop(fmt::format(
      "the record at offset {} cannot be read: {}. A newer librdkafka may know how it is packed; "
      "where the records are lost, bikeflow state discard begins anew once they are gone from the "
      "topic",
      job_->log()->next_offset, why));
}

// What it was is found out by a new owner, which looks at all of it.
void Owner::out_of_range() {
  if (phase_ == Phase::kReading) phase_ = Phase::kDropped;
}

}  // namespace bikeflow
