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

}  // namespace

Result<BackfillPlan> plan_backfill(const std::vector<InputFile>& found,
                                   const std::string& default_system, bool as_one, Job& job) {
  std::vector<InputState>& known = job.inputs();
  const auto find = [&](const InputFile& file) -> std::optional<std::size_t> {
    if (file.is_pipe) return std::nullopt;
    for (std::size_t i = 0; i < known.size(); ++i) {
      if (is_same_file(known[i], file.state)) return i;
    }
    return std::nullopt;
  };

  for (const InputState& input : known) {
    if (!is_begun(input)) continue;
    const bool is_given = std::any_of(found.begin(), found.end(), [&](const InputFile& file) {
      return !file.is_pipe && is_same_file(input, file.state);
    });
    if (!is_given) {
      return fail(
          "{}: was read up to record {} when an earlier backfill was interrupted, and is not among "
          "the inputs{}",
          input.name, input.records,
          input.size_bytes == kUnknownSize
              ? "; standard input cannot be taken up again: undo that backfill with bikeflow state "
                "discard"
              : ": give it again, unchanged, or undo that backfill with bikeflow state discard");
    }
  }

  BackfillPlan plan;
  std::vector<const InputFile*> fresh;
  std::vector<std::pair<std::size_t, const InputFile*>> begun;
  std::vector<std::pair<std::size_t, const InputFile*>> waiting;
  for (const InputFile& file : found) {
    const auto index = find(file);
    if (!index) {
      if (auto fits = refuse_what_is_too_early(file, default_system, job); !fits) {
        return std::unexpected(fits.error());
      }
      fresh.push_back(&file);
    } else if (known[*index].is_done) {
      plan.skipped.push_back(file.state.name);
    } else {
      (is_begun(known[*index]) ? begun : waiting).emplace_back(*index, &file);
    }
  }
  plan.is_resumed = !begun.empty();
  if (as_one && plan.is_resumed && !fresh.empty()) {
    return fail(
        "{}: is new, but a set that was begun with --order station can only be finished as it was: "
        "finish it "
        "first, without this file",
        fresh.front()->state.name);
  }

  // What was planned before keeps its number; records are known by it.
  const auto read = [&](std::size_t index, const InputFile& file) {
    plan.to_read.push_back(index);
    plan.paths.push_back(file.state.name);
    plan.formats.push_back(file.format);
    plan.estimated_records += file.estimated_records;
  };
  for (const auto& [index, file] : begun) read(index, *file);
  std::vector<std::pair<std::size_t, const InputFile*>> rest = std::move(waiting);
  for (const InputFile* file : fresh) {
    rest.emplace_back(known.size(), file);
    known.push_back(file->state);
    if (file->is_pipe) known.back().size_bytes = kUnknownSize;
  }
  std::stable_sort(rest.begin(), rest.end(), [](const auto& a, const auto& b) {
    return a.second->state.first_time < b.second->state.first_time;
  });
  for (const auto& [index, file] : rest) read(index, *file);
  return plan;
}

}  // namespace bikeflow
