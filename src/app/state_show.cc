#include <fmt/core.h>

#include "app/checkpoints.h"
#include "app/lake_view.h"
#include "app/state_command.h"
#include "app/times.h"
#include "base/json_text.h"
#include "feed/poller.h"
#include "io/clock.h"

namespace bikeflow {
namespace {

using Fields = std::vector<std::pair<std::string_view, std::int64_t>>;

Fields counters_of(const TaskCounters& counters) {
  return {{"records", counters.records},
          {"accepted", counters.accepted},
          {"duplicates", counters.duplicates},
          {"conflicts", counters.conflicts},
          {"late", counters.late},
          {"refused", counters.refused},
          {"windows", counters.windows},
          {"rows", counters.rows},
          {"rentals", counters.rentals},
          {"returns", counters.returns}};
}

Fields dead_letters_of(const Job& job) {
  Fields letters;
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    if (job.dead_letters(reason) > 0) {
      letters.emplace_back(reason_word(reason), job.dead_letters(reason));
    }
  }
  return letters;
}

Fields rounds_of(const FeedHealth& health) {
  return {{"believed", health.rounds.believed},
          {reason_word(Reason::kRoundTooSmall), health.rounds.too_small},
          {reason_word(Reason::kRoundFellToZero), health.rounds.fell_to_zero},
          {reason_word(Reason::kRoundOfStrangers), health.rounds.of_strangers},
          {"believed_again", health.rounds.believed_again},
          {"duplicates", health.rounds.duplicates}};
}

std::string joined(const Fields& fields) {
  std::string text;
  for (const auto& [name, value] : fields) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, grouped(value));
  }
  return text;
}

void show_partition(const Partition& partition, Output& out) {
  const PartitionSettings& settings = partition.settings();
  const Task& task = partition.task();
  out.print("  system {} ({}): windows {} every {}, delay {}, max_gap {}\n", settings.system,
            settings.zone.name(), format_duration(settings.task.windows.length),
            format_duration(settings.task.windows.slide), format_duration(settings.task.delay),
            format_duration(settings.task.max_gap));
  if (task.has_started()) {
    out.print("    latest observation {}, watermark {}, next window to close {}\n",
              local_time(task.watermark().latest(), settings.zone),
              local_time(task.watermark().value(), settings.zone),
              local_time(task.next_window().start, settings.zone));
  }
  out.print("    {} stations; {}\n", grouped(task.names().size()),
            joined(counters_of(task.counters())));
  out.print("    newest file {}\n",
            partition.last_file().empty() ? "none yet" : partition.last_file());
}

// Of a topic's partition; `zone` is that of the times.
void show_log(const Job& job, const Zone& zone, Output& out) {
  const LogPosition& log = *job.log();
  out.print("  topic {}, partition {}, cluster {}: next offset {}", job.settings().source,
            job.settings().number, log.cluster, grouped(log.next_offset));
  if (log.last) {
    out.print(", last record {} of {}", grouped(log.last->offset),
              local_time(log.last->timestamp_ms / 1000, zone));
  }
  out.print("\n  the newest checkpoint here; the group's commit may still name {}\n",
            job.predecessor().empty() ? "none" : job.predecessor());
}

// How a live feed did when it was polled last; nothing where that was another version's.
std::optional<FeedHealth> health_of(const Job& job) {
  return FeedPoller::health_in(job.feed()->memory);
}

std::string local_or_never(Seconds time, const Zone& zone) {
  return time == 0 ? "never" : local_time(time, zone);
}

void show_feed(const Job& job, const Zone& zone, Output& out) {
  const auto health = health_of(job);
  if (!health) {
    out.print("  live feed: how it does was written by another version, and is not understood\n");
    return;
  }
  out.print("  live feed: {}\n", health->line(wall_now()));
  out.print("    last success {}, with data of {}; {} polls, {} failures\n",
            local_or_never(health->succeeded_at, zone), local_or_never(health->data_at, zone),
            grouped(health->polls), grouped(health->failures));
  out.print("    rounds: {}\n", joined(rounds_of(*health)));
}

void show_job(const JobCheckpoint& checkpoint, Output& out) {
  const Job& job = *checkpoint.job;
  out.print("{}: checkpoint {}, {}\n", checkpoint.folder, checkpoint.name,
            readable_bytes(checkpoint.size_bytes));
  const Zone zone = job.partitions().empty() ? Zone::load("UTC").value()
                                             : job.partitions().front()->settings().zone;
  if (job.log()) show_log(job, zone, out);
  if (job.feed()) show_feed(job, zone, out);
  out.print("  source {}, layout {} by {}, {} files written, {} due\n", job.settings().source,
            layout_word(job.settings().lake.layout), path_time_word(job.settings().lake.path_time),
            grouped(job.files() - static_cast<std::int64_t>(job.due().size())),
            grouped(static_cast<std::int64_t>(job.due().size())));
  if (job.log()) {
    for (const DueFile& file : job.due()) out.print("  due {}\n", file.path);
  }
  for (const InputState& input : job.inputs()) {
    out.print("  input {}: {} records, {}\n", input.name, grouped(input.records),
              input.is_done ? "done" : "to be gone on with");
  }
  for (const auto& partition : job.partitions()) show_partition(*partition, out);
  const Fields letters = dead_letters_of(job);
  if (!letters.empty()) out.print("  dead letters: {}\n", joined(letters));
}

std::string json_fields(const Fields& fields) {
  std::string text = "{";
  for (const auto& [name, value] : fields) {
    text += fmt::format("{}{}:{}", text.size() > 1 ? "," : "", json_string(name), value);
  }
  return text + "}";
}

std::string json_time(Seconds time) { return json_string(format_utc(time)); }

std::string json_partition(const Partition& partition) {
  const PartitionSettings& settings = partition.settings();
  const Task& task = partition.task();
  std::string text = fmt::format(
      R"({{"system":{},"partition":{},"timezone":{},"length":{},"slide":{},"delay":{},"max_gap":{})",
      json_string(settings.system), settings.number, json_string(settings.zone.name()),
      json_string(format_duration(settings.task.windows.length)),
      json_string(format_duration(settings.task.windows.slide)),
      json_string(format_duration(settings.task.delay)),
      json_string(format_duration(settings.task.max_gap)));
  if (task.has_started()) {
    text += fmt::format(R"(,"latest":{},"watermark":{},"next_window":{})",
                        json_time(task.watermark().latest()), json_time(task.watermark().value()),
                        json_time(task.next_window().start));
  }
  return text + fmt::format(R"(,"stations":{},"counters":{},"newest_file":{},"row_hash":{}}})",
                            task.names().size(), json_fields(counters_of(task.counters())),
                            json_string(partition.last_file()),
                            json_string(partition.last_row_hash()));
}

std::string json_log(const Job& job) {
  const LogPosition& log = *job.log();
  std::string text = fmt::format(
      R"(,"predecessor":{},"log":{{"topic":{},"partition":{},"cluster":{},"next_offset":{})",
      json_string(job.predecessor()), json_string(job.settings().source), job.settings().number,
      json_string(log.cluster), log.next_offset);
  if (log.last) {
    text += fmt::format(R"(,"last_record":{{"offset":{},"time":{}}})", log.last->offset,
                        json_time(log.last->timestamp_ms / 1000));
  }
  return text + "}";
}

std::string json_time_or_null(Seconds time) { return time == 0 ? "null" : json_time(time); }

std::string json_feed(const Job& job) {
  const auto health = health_of(job);
  std::string text = fmt::format(R"(,"feed":{{"next_offset":{})", job.feed()->next_offset);
  if (!health) return text + "}";
  const auto age = health->data_age_s(wall_now());
  text += fmt::format(
      R"(,"last_success":{},"data_time":{},"data_age_seconds":{},"polls":{},"failures":{})",
      json_time_or_null(health->succeeded_at), json_time_or_null(health->data_at),
      age ? fmt::format("{}", *age) : "null", health->polls, health->failures);
  text += fmt::format(
      R"(,"failures_in_a_row":{},"failing_since":{},"reason":{},"text":{},"is_permanent":{})",
      health->failures_in_a_row, json_time_or_null(health->failing_since),
      json_string(health->reason), json_string(health->text), health->is_permanent);
  return text +
         fmt::format(
             R"(,"stations":{},"frozen":{},"late":{},"late_since":{},"rounds":{},"budget":{}}})",
             health->stations, health->frozen, health->late, json_time_or_null(health->late_since),
             json_fields(rounds_of(*health)), json_string(health->budget));
}

std::string json_job(const JobCheckpoint& checkpoint) {
  const Job& job = *checkpoint.job;
  std::string text = fmt::format(
      R"({{"folder":{},"checkpoint":{},"bytes":{},"source":{},"layout":{},"path_time":{},"files":{})",
      json_string(checkpoint.folder), json_string(checkpoint.name), checkpoint.size_bytes,
      json_string(job.settings().source), json_string(layout_word(job.settings().lake.layout)),
      json_string(path_time_word(job.settings().lake.path_time)), job.files());
  const auto list = [&](std::string_view name, const auto& items, const auto& json_of) {
    text += fmt::format(",{}:[", json_string(name));
    bool is_first = true;
    for (const auto& item : items) {
      text += (is_first ? "" : ",") + json_of(item);
      is_first = false;
    }
    text += "]";
  };
  list("due", job.due(), [](const DueFile& file) { return json_string(file.path); });
  list("inputs", job.inputs(), [](const InputState& input) {
    return fmt::format(R"({{"name":{},"bytes":{},"records":{},"is_done":{}}})",
                       json_string(input.name), input.size_bytes, input.records, input.is_done);
  });
  list("partitions", job.partitions(),
       [](const auto& partition) { return json_partition(*partition); });
  text += ",\"dead_letters\":" + json_fields(dead_letters_of(job));
  if (job.log()) text += json_log(job);
  if (job.feed()) text += json_feed(job);
  return text + "}";
}

}  // namespace

Result<ExitStatus> state_show(const StateShowOptions& options, Shell& shell) {
  const auto lake = LakeView::open(options.lake);
  if (!lake) return std::unexpected(lake.error());
  const auto checkpoints = find_checkpoints(lake->store());
  if (!checkpoints) return std::unexpected(checkpoints.error());
  ExitStatus status = ExitStatus::kDone;
  const bool is_json = options.format == "json";
  bool is_first = true;
  if (is_json) shell.out.write("[");
  for (const JobCheckpoint& checkpoint : *checkpoints) {
    if (!checkpoint.job) {
      shell.log.error(checkpoint.job.error().message);
      status = ExitStatus::kFailed;
    } else if (checkpoint.standing == JobCheckpoint::Standing::kBefore) {
      continue;
    } else if (is_json) {
      shell.out.print("{}\n{}", is_first ? "" : ",", json_job(checkpoint));
      is_first = false;
    } else {
      show_job(checkpoint, shell.out);
    }
  }
  if (is_json) shell.out.write(is_first ? "]\n" : "\n]\n");
  if (checkpoints->empty()) {
    shell.log.warning(fmt::format("{}: no job has a state here", options.lake));
  }
  return status;
}

}  // namespace bikeflow
