#include "io/backfill.h"

#include <algorithm>

#include <fmt/format.h>

#include "io/clock.h"
#include "io/interrupt.h"

namespace bikeflow {

Backfill::Backfill(const BackfillSettings& settings, Job& job, LakeSession* lake)
    : settings_(settings), job_(job), lake_(lake), pool_(settings.threads) {
  before_ = totals();
  for (const auto& known : job_.partitions()) systems_.push_back(known->settings().system);
}

// Of the job's whole life.
BackfillSummary Backfill::totals() const {
  BackfillSummary sum;
  for (const auto& partition : job_.partitions()) {
    const TaskCounters& n = partition->task().counters();
    sum.records += n.records;
    sum.observations += n.accepted;
    sum.duplicates += n.duplicates;
    sum.conflicts += n.conflicts;
    sum.late += n.late;
    sum.rows += n.rows;
    sum.windows += n.windows;
    sum.rentals += n.rentals;
    sum.returns += n.returns;
  }
  sum.dead_letters = job_.dead_letter_counts();
  return sum;
}

Result<BackfillSummary> Backfill::run(RecordStream& stream, const Report& report) {
  last_commit_ms_ = monotonic_ms();
  bool was_interrupted = false;
  for (;;) {
    auto chunk = stream.next();
    if (!chunk) {
      // What came before the damage is kept, so that a mended input goes on from here.
      if (auto judged = judge_lateness(true); !judged) return std::unexpected(judged.error());
      if (auto done = commit(); !done) return std::unexpected(done.error());
      return std::unexpected(chunk.error());
    }
    if (!*chunk) break;
    if (auto taken = take(**chunk); !taken) return std::unexpected(taken.error());
    if (auto judged = judge_lateness(false); !judged) return std::unexpected(judged.error());
    const std::int64_t now_ms = monotonic_ms();
    if (is_commit_due(now_ms)) {
      if (auto done = commit(); !done) return std::unexpected(done.error());
    }
    report({static_cast<std::size_t>(std::count_if(job_.inputs().begin(), job_.inputs().end(),
                                                   [](const InputState& i) { return i.is_done; })),
            stream.stored_bytes_read(), read_});
    if (is_interrupted()) {
      was_interrupted = true;
      break;
    }
  }
  if (auto judged = judge_lateness(true); !judged) return std::unexpected(judged.error());
  if (auto done = was_interrupted ? commit() : end(); !done) return std::unexpected(done.error());

  BackfillSummary sum = totals();
  sum.records = read_;
  for (const Partition* partition : partitions_) {
    if (partition == nullptr) continue;
    ++sum.systems;
    sum.stations += static_cast<std::int64_t>(partition->task().names().size());
  }
  sum.observations -= before_.observations;
  sum.duplicates -= before_.duplicates;
  sum.conflicts -= before_.conflicts;
  sum.late -= before_.late;
  sum.rows -= before_.rows;
  sum.windows -= before_.windows;
  sum.rentals -= before_.rentals;
  sum.returns -= before_.returns;
  for (std::size_t r = 0; r < kReasonCount; ++r)
    sum.dead_letters.at(r) -= before_.dead_letters.at(r);
  sum.interrupted = was_interrupted;
  return sum;
}

Result<Partition*> Backfill::partition(std::size_t number,
                                       const std::vector<std::string>& systems) {
  if (number < partitions_.size() && partitions_[number] != nullptr) return partitions_[number];
  const std::string& system = systems.at(number);
  Partition* found = job_.find(system);
  if (found == nullptr) {
    if (job_.settings().lake.layout == Layout::kPlain && !job_.partitions().empty()) {
      return fail(
          "the plain layout has no place for a second system: the lake holds {}, and the input "
          "names "
          "{}; use the hive layout, or a lake for each",
          job_.partitions().front()->settings().system, system);
    }
    auto zone = settings_.zone_of(system);
    if (!zone) return std::unexpected(zone.error());
    TaskSettings task = settings_.task;
    task.windows.hour_phase = zone->hour_phase();
    found = &job_.add(system, *zone, task);
  }
  if (partitions_.size() <= number) partitions_.resize(number + 1, nullptr);
  partitions_[number] = found;
  return found;
}

Result<void> Backfill::take(const InputChunk& chunk) {
  InputState& input = job_.inputs().at(chunk.input);
  systems_.insert(systems_.end(), chunk.new_systems.begin(), chunk.new_systems.end());
  for (const Batch& batch : chunk.batches) {
    auto to = partition(batch.system, systems_);
    if (!to) return std::unexpected(to.error());
    (*to)->task().observe(batch, input.name, settings_.now);
    take_files(**to);
  }
  job_.add_dead_letters(chunk.refused);
  read_ += chunk.records - input.records;
  input.records = chunk.records;
  input.bytes = chunk.bytes;
  input.is_done = chunk.ends_input;
  if (chunk.last_time) job_.set_last_time(*chunk.last_time);
  if (chunk.ends_input) {
    for (const std::size_t i : settings_.sorted_unit) job_.inputs().at(i).is_done = true;
  }
  return {};
}

void Backfill::take_files(Partition& partition) {
  for (FileRequest& file : partition.take_files()) pool_.submit(std::move(file));
}

// A file in the order of its stations makes nearly everything late: that must be seen before
// anything is written.
Result<void> Backfill::judge_lateness(bool at_end) {
  if (is_judged_ || (!at_end && read_ < kJudgedRecords)) return {};
  const std::int64_t late = totals().late - before_.late;
  if (late * 100 > read_ * kMostLatePercent) {
    // With a file the plan has seen to this; the first time in standard input is known only now.
    const bool is_begun = before_.observations > 0;
    if (is_begun && settings_.sorted_unit.empty()) {
      return fail(
          "{} of the first {} records are late: they are more than {} behind what came before "
          "them, in this input or in the lake (bikeflow state show tells how far it is written). "
          "Nothing was written. Is it already there? If not, and the input is not in the order of "
          "time: --order station sorts it on the way",
          late, read_, format_duration(settings_.task.delay));
    }
    return fail(
        "{} of the first {} records are late: they are more than {} behind the ones before them, "
        "so "
        "the input is not in the order of time. Nothing was written. {}",
        late, read_, format_duration(settings_.task.delay),
        !settings_.sorted_unit.empty()
            ? "The hours that they belong to are already written"
            : "Sort it on the way with --order station, or allow a longer delay "
              "(-c FILE, [window] delay)");
  }
  is_judged_ = true;
  return {};
}

bool Backfill::is_commit_due(std::int64_t now_ms) const {
  if (!is_judged_) return false;
  return now_ms - last_commit_ms_ >= kBackfillCommitMs || pool_.done_bytes() >= kBackfillDueBytes ||
         job_.waiting() >= kBackfillWaitingRows;
}

Result<void> Backfill::commit() {
  auto files = pool_.take();
  if (!files) return std::unexpected(files.error());
  for (DueFile& file : *files) job_.add_due(std::move(file));
  if (lake_ != nullptr) {
    if (auto done = lake_->commit(job_); !done) return done;
  } else {
    auto effects = job_.commit("");  // a dry run: everything is made, nothing is written
    if (!effects) return std::unexpected(effects.error());
    job_.published();
  }
  last_commit_ms_ = monotonic_ms();
  return {};
}

Result<void> Backfill::end() {
  for (const auto& partition : job_.partitions()) {
    partition->task().end_input(settings_.now, !settings_.keep_open);
    take_files(*partition);
  }
  if (auto done = commit(); !done) return done;
  return commit();  // what was due is published: the state need not hold it any more
}

}  // namespace bikeflow
