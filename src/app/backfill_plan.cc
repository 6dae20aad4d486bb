#include "app/backfill_plan.h"

#include <algorithm>
#include <optional>

#include "app/times.h"

namespace bikeflow {
namespace {

constexpr std::int64_t kUnknownSize = -1;  // of a pipe, which is no file that could be given again

bool is_begun(const InputState& input) { return input.records > 0 && !input.is_done; }

// Rows before the watermark are written; what comes to them now would all be late.
Result<void> refuse_what_is_too_early(const InputFile& file, const std::string& default_system,
                                      Job& job) {
  const Partition* partition = job.find(file.first_system.value_or(default_system));
  if (partition == nullptr || !partition->task().has_started()) return {};
  const Seconds watermark = partition->task().watermark().value();
  if (file.is_pipe || file.state.first_time >= watermark) return {};
  const PartitionSettings& s = partition->settings();
  const Seconds hour = s.task.windows.pane_start(file.state.first_time);
  return fail(
      "{}: begins at {}, but what is before {} of {} is already written, the hour of {} too: it "
      "was not "
      "read. Give files in the order of time; to begin anew, undo the backfill with bikeflow state "
      "discard",
      file.state.name, local_time(file.state.first_time, s.zone), local_time(watermark, s.zone),
      s.system, local_time(hour, s.zone));
}

// An earlier backfill that was interrupted is to be finished before anything else is begun.
Result<void> refuse_what_is_unfinished(const std::vector<InputFile>& found,
                                       const std::vector<InputState>& known) {
  for (const InputState& input : known) {
    if (!is_begun(input)) continue;
    const bool is_given = std::ranges::any_of(found, [&](const InputFile& file) {
      return !file.is_pipe && is_same_file(input, file.state);
    });
    if (is_given) continue;
    return fail(
        "{}: was read up to record {} when an earlier backfill was interrupted, and is not among "
        "the inputs{}",
        input.name, input.records,
        input.size_bytes == kUnknownSize
            ? "; standard input cannot be taken up again: undo that backfill with bikeflow state "
              "discard"
            : ": give it again, unchanged, or undo that backfill with bikeflow state discard");
  }
  return {};
}

// What the job knows of the files that were found.
struct Sorted {
  struct Known {
    std::size_t index = 0;  // in the job's inputs
    const InputFile* file = nullptr;
  };
  std::vector<const InputFile*> fresh;
  std::vector<Known> begun, waiting;
  std::vector<std::string> done;
};

Result<Sorted> sort(const std::vector<InputFile>& found, const std::string& default_system,
                    Job& job) {
  const std::vector<InputState>& known = job.inputs();
  Sorted sorted;
  for (const InputFile& file : found) {
    const auto at = std::ranges::find_if(known, [&](const InputState& input) {
      return !file.is_pipe && is_same_file(input, file.state);
    });
    if (at == known.end()) {
      if (auto fits = refuse_what_is_too_early(file, default_system, job); !fits) {
        return std::unexpected(fits.error());
      }
      sorted.fresh.push_back(&file);
    } else if (at->is_done) {
      sorted.done.push_back(file.state.name);
    } else {
      (is_begun(*at) ? sorted.begun : sorted.waiting)
          .push_back({static_cast<std::size_t>(at - known.begin()), &file});
    }
  }
  return sorted;
}

}  // namespace

Result<BackfillPlan> plan_backfill(const std::vector<InputFile>& found,
                                   const std::string& default_system, bool as_one, Job& job) {
  std::vector<InputState>& known = job.inputs();
  if (auto done = refuse_what_is_unfinished(found, known); !done) {
    return std::unexpected(done.error());
  }
  auto sorted = sort(found, default_system, job);
  if (!sorted) return std::unexpected(sorted.error());
  BackfillPlan plan;
  plan.skipped = std::move(sorted->done);
  plan.is_resumed = !sorted->begun.empty();
  if (as_one && plan.is_resumed && !sorted->fresh.empty()) {
    return fail(
        "{}: is new, but a set that was begun with --order station can only be finished as it was: "
        "finish it first, without this file",
        sorted->fresh.front()->state.name);
  }

  // What was planned before keeps its number; records are known by it.
  std::vector<Sorted::Known> rest = std::move(sorted->waiting);
  for (const InputFile* file : sorted->fresh) {
    rest.push_back({known.size(), file});
    known.push_back(file->state);
    if (file->is_pipe) known.back().size_bytes = kUnknownSize;
  }
  std::ranges::stable_sort(rest, {},
                           [](const Sorted::Known& each) { return each.file->state.first_time; });
  for (const auto* files : {&sorted->begun, &rest}) {
    for (const auto& [index, file] : *files) {
      plan.to_read.push_back(index);
      plan.paths.push_back(file->state.name);
      plan.formats.push_back(file->format);
      plan.estimated_records += file->estimated_records;
    }
  }
  return plan;
}

}  // namespace bikeflow
