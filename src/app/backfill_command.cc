#include "app/backfill_command.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <thread>

#include <fmt/format.h>

#include "app/backfill_plan.h"
#include "app/config_file.h"
#include "app/progress_line.h"
#include "io/backfill.h"
#include "io/clock.h"
#include "io/input_reader.h"
#include "io/interrupt.h"
#include "io/sorted_stream.h"
#include "pipeline/settings_difference.h"

namespace bikeflow {
namespace {

struct BackfillOptions {
  std::vector<std::string> inputs;
  std::optional<std::string> lake;
  std::optional<std::string> timezone;
  std::optional<std::string> system;
  std::string order = "time";
  std::vector<std::string> mappings;
  std::optional<std::string> config;
  bool dry_run = false;
  bool strict = false;
  bool keep_open = false;
};

// What the options and the configuration say together.
struct Wanted {
  std::string lake;  // empty in a dry run that names none
  Zone zone;
  Config config;
  ReaderSettings reader;
  TaskSettings task;
};

Result<Wanted> read_options(const BackfillOptions& options, Shell& shell) {
  Config config;
  if (options.config) {
    auto loaded = load_config(*options.config, ConfigUse::kSettings, shell.log);
    if (!loaded) return std::unexpected(loaded.error());
    config = std::move(*loaded);
  }
  std::string lake = options.lake.value_or(config.lake ? config.lake->url : "");
  if (lake.empty() && !options.dry_run) {
    return fail("--lake DIR is needed: the folder to write to (or [lake] url in the file of -c)");
  }
  if (lake.starts_with("s3://")) {
    return fail("{}: backfill writes to a folder; only what run reads from a topic goes to S3",
                lake);
  }
  std::string zone_name = options.timezone.value_or(config.system ? config.system->timezone : "");
  if (zone_name.empty()) {
    return fail(
        "--timezone ZONE is needed: the city's time zone, as Asia/Seoul (or [system] timezone in "
        "the file "
        "of -c)");
  }
  auto zone = Zone::load(zone_name);
  if (!zone) return with_context("--timezone", zone.error());
  auto names = map_fields(options.mappings);
  if (!names) return std::unexpected(names.error());
  std::string system = options.system.value_or(config.system ? config.system->id : "default");
  ReaderSettings reader{std::move(*names), *zone, std::move(system), wall_now()};
  TaskSettings task{.windows = {config.window.length, config.window.slide, 0},
                    .delay = config.window.delay,
                    .max_gap = config.window.max_gap,
                    .is_recorded = true};
  return Wanted{std::move(lake), std::move(*zone), std::move(config), std::move(reader), task};
}

// A feed of the configuration has a zone of its own; every other system has that of the command.
Result<Zone> zone_of(const Wanted& wanted, std::string_view system) {
  for (const FeedConfig& feed : wanted.config.feeds) {
    if (feed.system.id == system && !feed.system.timezone.empty())
      return Zone::load(feed.system.timezone);
  }
  return wanted.zone;
}

// Rows depend on these, so a lake keeps those that it was begun with.
Result<void> refuse_other_settings(const Job& job, const Wanted& wanted) {
  std::map<std::string, Zone, std::less<>> zones;
  for (const auto& partition : job.partitions()) {
    const std::string& system = partition->settings().system;
    auto zone = zone_of(wanted, system);
    if (!zone) return std::unexpected(zone.error());
    zones.emplace(system, *std::move(zone));
  }
  const LakeRule rule = wanted.config.lake ? wanted.config.lake->rule : LakeRule{};
  const auto other = settings_difference(
      job, rule, wanted.task, [&](std::string_view system) { return &zones.find(system)->second; });
  if (!other) return {};
  return fail(
      "{}: {} is {} in what is already written, and {} now: rows would not fit together. Use {}, "
      "or another lake, or undo the backfill with bikeflow state discard",
      wanted.lake, other->name, other->kept, other->asked, other->kept);
}

// A lake in a folder, with what an earlier run left; in a dry run neither is touched.
struct Begun {
  std::optional<LakeSession> lake;
  Job job;
};

Result<Begun> begin(const BackfillOptions& options, const Wanted& wanted) {
  const LakeRule rule = wanted.config.lake ? wanted.config.lake->rule : LakeRule{};
  const std::string name(kBackfillSource);
  if (options.dry_run) return Begun{std::nullopt, Job({name, name, "", rule})};
  auto lake =
      LakeSession::open(wanted.lake, name, {LakeWriter::Kind::kBackfill, name}, system_random);
  if (!lake) return std::unexpected(lake.error());
  auto restored = lake->restore();
  if (!restored) return std::unexpected(restored.error());
  if (!*restored) {
    Job job({name, name, lake->lake_id(), rule});
    return Begun{std::move(*lake), std::move(job)};
  }
  if ((*restored)->feed()) {
    return fail(
        "{}: a live feed of the id {} writes this lake, and a backfill's state has the same name: "
        "give the feed another id",
        wanted.lake, name);
  }
  if (auto same = refuse_other_settings(**restored, wanted); !same)
    return std::unexpected(same.error());
  return Begun{std::move(*lake), std::move(**restored)};
}

Result<std::unique_ptr<RecordStream>> open_stream(const BackfillOptions& options,
                                                  const Wanted& wanted, const BackfillPlan& plan,
                                                  const Job& job, std::size_t threads, Log& log) {
  const bool as_one = options.order == "station";
  std::vector<PlannedInput> inputs;
  for (std::size_t i = 0; i < plan.to_read.size(); ++i) {
    InputState state = job.inputs()[plan.to_read[i]];
    if (as_one)
      state.records = state.bytes =
          0;  // the set is read again, and its place found in the sorted one
    inputs.push_back({plan.paths[i], std::move(state), plan.to_read[i], plan.formats[i]});
  }
  std::vector<KnownSystem> known;
  std::vector<std::size_t> station_counts;
  for (const auto& partition : job.partitions()) {
    const Task& task = partition->task();
    KnownSystem system{partition->settings().system, {}};
    for (std::uint32_t i = 0; i < task.names().size(); ++i)
      system.stations.emplace_back(task.names().at(i));
    station_counts.push_back(system.stations.size());
    known.push_back(std::move(system));
  }
  auto reader = std::make_unique<InputReader>(
      std::move(inputs), wanted.reader, known,
      job.last_time() > 0 ? std::optional(job.last_time()) : std::nullopt, threads);
  if (!as_one) return reader;

  SortSettings sort;
  sort.folder = wanted.lake.empty() ? std::filesystem::temp_directory_path().string()
                                    : fmt::format("{}/{}/tmp", wanted.lake, kInternalFolder);
  sort.first_input = plan.to_read.front();
  sort.handed_over = job.inputs()[plan.to_read.front()].records;
  for (const std::size_t i : plan.to_read)
    sort.stored_bytes += std::max<std::int64_t>(job.inputs()[i].size_bytes, 0);
  if (auto room = check_sort_room(plan.estimated_records, sort.folder); !room) {
    return std::unexpected(room.error());
  }
  if (const std::int64_t room = sort_room_bytes(plan.estimated_records); room > 0) {
    log.info(fmt::format("about {} records are sorted first, which takes {} of disk in {}",
                         grouped(plan.estimated_records),
                         readable_bytes(static_cast<std::uint64_t>(room)), sort.folder));
  }
  auto sorted = SortedStream::open(std::move(reader), station_counts, sort);
  if (!sorted) return std::unexpected(sorted.error());
  return std::move(*sorted);
}

// One line that is written over itself.
class BackfillLine {
 public:
  BackfillLine(const Terminal& terminal, std::size_t inputs, std::int64_t bytes)
      : line_(terminal), inputs_(inputs), bytes_(bytes), began_ms_(monotonic_ms()) {}

  void show(const BackfillProgress& progress) {
    if (!line_.is_due()) return;
    const double seconds =
        static_cast<double>(std::max<std::int64_t>(monotonic_ms() - began_ms_, 1)) / 1000;
    if (first_bytes_ < 0) first_bytes_ = progress.stored_bytes;
    const auto done = static_cast<double>(progress.stored_bytes - first_bytes_);
    std::string text =
        fmt::format("file {} of {}  {}", std::min(progress.inputs_done + 1, inputs_), inputs_,
                    readable_bytes(static_cast<std::uint64_t>(progress.stored_bytes)));
    if (bytes_ > 0) {
      text += fmt::format(" of {}", readable_bytes(static_cast<std::uint64_t>(bytes_)));
      if (done > 0) {
        const double left = static_cast<double>(bytes_ - progress.stored_bytes) * seconds / done;
        text += fmt::format("  {} left", readable_span(std::max(left, 0.0)));
      }
    }
    text += fmt::format(
        "  {} observations/s",
        grouped(static_cast<std::int64_t>(static_cast<double>(progress.records) / seconds)));
    line_.show(text);
  }
  void clear() { line_.clear(); }

 private:
  ProgressLine line_;
  std::size_t inputs_;
  std::int64_t bytes_;
  std::int64_t began_ms_;
  std::int64_t first_bytes_ = -1;
};

std::int64_t sum(const ReasonCounts& counts) {
  std::int64_t total = 0;
  for (const std::int64_t n : counts) total += n;
  return total;
}

void print_summary(const BackfillSummary& s, const std::string& lake, double seconds, Output& out) {
  out.print("{} of {} in {}: {} a second\n", counted(s.records, "record", "records"),
            counted(s.stations, "station", "stations"), readable_span(seconds),
            grouped(static_cast<std::int64_t>(static_cast<double>(s.records) / seconds)));
  out.print("{} in {}{}: {}, {}\n", counted(s.rows, "row", "rows"),
            counted(s.windows, "hour", "hours"),
            s.systems > 1 ? fmt::format(" of {} systems", s.systems) : "",
            counted(s.rentals, "rental", "rentals"), counted(s.returns, "return", "returns"));
  out.print("{} observations; {} duplicates and {} conflicts among them\n", grouped(s.observations),
            grouped(s.duplicates), grouped(s.conflicts));
  if (s.late > 0) {
    out.print("{} late: in {}/{}\n", grouped(s.late), lake.empty() ? "LAKE" : lake, kLateFolder);
  }
  const std::int64_t dead = sum(s.dead_letters);
  if (dead > 0) {
    std::string reasons;
    for (std::size_t r = 0; r < kReasonCount; ++r) {
      if (s.dead_letters.at(r) == 0) continue;
      reasons += fmt::format("{}{} {}", reasons.empty() ? "" : ", ",
                             reason_word(static_cast<Reason>(r)), grouped(s.dead_letters.at(r)));
    }
    out.print("{} ({}): in {}/{}\n", counted(dead, "dead letter", "dead letters"), reasons,
              lake.empty() ? "LAKE" : lake, kDeadLetterFolder);
  }
}

// Done without an error, but surely not what was wanted.
void warn_of_nothing(const BackfillSummary& s, bool is_resumed, bool dry_run, Log& log) {
  if (s.records == 0 && !is_resumed) log.warning("there is no record in the input");
  if (s.records == 0 || s.records != sum(s.dead_letters)) return;
  log.warning(fmt::format(
      "no record is an observation: are the fields named as --help says, or mapped with --map?{}",
      dry_run ? ""
              : " bikeflow state discard undoes this backfill: without it the input "
                "counts as read"));
}

// Of "--map bikes=b racks=r" the second is taken for a file.
bool is_mapping(std::string_view path) {
  const std::string_view field = path.substr(0, path.find('='));
  if (field == path || std::filesystem::exists(path)) return false;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (field == field_name(static_cast<Field>(i))) return true;
  }
  return false;
}

Result<std::vector<InputFile>> recognise_inputs(const BackfillOptions& options,
                                                const Wanted& wanted) {
  std::vector<InputFile> found;
  // Before an input is judged by the mappings that are not all there.
  const auto mapping = std::ranges::find_if(options.inputs, is_mapping);
  if (mapping != options.inputs.end()) {
    return fail("{}: is taken for a file, and there is none; put --map before each: --map {}",
                *mapping, *mapping);
  }
  for (const std::string& path : options.inputs) {
    auto input = recognise_input(path, wanted.reader);
    if (!input) return std::unexpected(input.error());
    found.push_back(std::move(*input));
  }
  if (auto ordered = order_inputs(found); !ordered) return std::unexpected(ordered.error());
  return found;
}

// An earlier run may have kept its last windows open, for more input.
bool has_open_windows(const Job& job) {
  return std::ranges::any_of(job.partitions(), [](const auto& partition) {
    const Task& task = partition->task();
    const WindowRule& rule = task.settings().windows;
    return task.has_started() &&
           task.watermark().value() < rule.pane_start(task.watermark().latest()) + rule.length;
  });
}

// Without --system, records that name none are of the system "default": beside others in the lake
// that is nearly always a slip, and rows cannot be moved afterwards.
Result<void> refuse_a_forgotten_system(const BackfillOptions& options, const Wanted& wanted,
                                       const std::vector<InputFile>& found, Job& job) {
  const bool is_said = options.system.has_value() || wanted.config.system.has_value();
  if (is_said || job.partitions().empty() || job.find(wanted.reader.system) != nullptr) return {};
  const auto nameless = std::ranges::find_if(found, [&](const InputFile& file) {
    return file.is_pipe || file.first_system == wanted.reader.system;
  });
  if (nameless == found.end()) return {};
  return fail(
      "{}: its records name no system, and the lake has {}; say which one they are of: --system {}",
      nameless->state.name, job.partitions().front()->settings().system,
      job.partitions().front()->settings().system);
}

Result<ExitStatus> strictly(const BackfillOptions& options, const Job& job) {
  // Of the job's whole life: a retry of a failed run must not succeed because nothing is left to
  // do.
  const std::int64_t dead = sum(job.dead_letter_counts());
  if (!options.strict || dead == 0) return ExitStatus::kDone;
  return fail("{} and --strict", counted(dead, "dead letter,", "dead letters,"));
}

// Reads what was planned, and says what became of it.
Result<ExitStatus> read_inputs(const BackfillOptions& options, const Wanted& wanted,
                               const BackfillPlan& plan, Begun& begun, Shell& shell) {
  Job& job = begun.job;
  const bool as_one = options.order == "station";
  const std::size_t threads = std::max(1u, std::thread::hardware_concurrency());
  auto stream = open_stream(options, wanted, plan, job, threads, shell.log);
  if (!stream) return std::unexpected(stream.error());
  BackfillSettings settings;
  settings.task = wanted.task;
  settings.zone_of = [&](std::string_view system) { return zone_of(wanted, system); };
  settings.keep_open = options.keep_open;
  settings.threads = threads;
  settings.now = wanted.reader.now;
  if (as_one) settings.sorted_unit = plan.to_read;
  std::int64_t bytes = 0;
  for (const std::size_t i : plan.to_read)
    bytes += std::max<std::int64_t>(job.inputs()[i].size_bytes, 0);

  watch_for_interrupts();
  const std::int64_t began_ms = monotonic_ms();
  Backfill run(settings, job, begun.lake ? &*begun.lake : nullptr);
  BackfillLine line(shell.err_terminal, plan.to_read.size(), bytes);
  auto summary = run.run(**stream, [&](const BackfillProgress& progress) { line.show(progress); });
  line.clear();
  if (!summary) return std::unexpected(summary.error());
  const double seconds =
      static_cast<double>(std::max<std::int64_t>(monotonic_ms() - began_ms, 1)) / 1000;
  print_summary(*summary, wanted.lake, seconds, shell.out);
  shell.out.flush();  // before what is said of it
  if (options.dry_run) shell.log.info("a dry run: nothing was written");
  if (summary->interrupted) {
    return fail("interrupted; what was read is kept: run the same command again to go on");
  }
  warn_of_nothing(*summary, plan.is_resumed, options.dry_run, shell.log);
  return strictly(options, job);
}

Result<ExitStatus> backfill(const BackfillOptions& options, Shell& shell) {
  auto wanted = read_options(options, shell);
  if (!wanted) {
    shell.log.error(wanted.error().message);
    return ExitStatus::kUsage;
  }
  auto found = recognise_inputs(options, *wanted);
  if (!found) return std::unexpected(found.error());
  auto begun = begin(options, *wanted);
  if (!begun) return std::unexpected(begun.error());
  Job& job = begun->job;
  if (auto said = refuse_a_forgotten_system(options, *wanted, *found, job); !said) {
    return std::unexpected(said.error());
  }
  const bool as_one = options.order == "station";
  auto plan = plan_backfill(*found, wanted->reader.system, as_one, job);
  if (!plan) return std::unexpected(plan.error());
  for (const std::string& name : plan->skipped) {
    shell.log.info(
        fmt::format("{}: was read to its end before, and is not read again; bikeflow "
                    "state discard undoes the backfill",
                    name));
  }
  if (plan->to_read.empty() && (options.keep_open || !has_open_windows(job))) {
    return strictly(options, job);
  }
  if (plan->is_resumed) {
    const InputState& first = job.inputs()[plan->to_read.front()];
    shell.log.info(fmt::format("{}: goes on after record {}", first.name, grouped(first.records)));
  }

  return read_inputs(options, *wanted, *plan, *begun, shell);
}

}  // namespace

void register_backfill(CommandLine& line) {
  auto options = std::make_shared<BackfillOptions>();
  Command& command = line.add(
      {.name = "backfill",
       .summary = "recorded observations into a lake",
       .description =
           "Reads recorded observations (.ndjson, .csv, .parquet, each also .gz or .zst; - is "
           "standard input) and "
           "writes rentals and returns by station and hour as Parquet.\n\n"
           "A record has station_id, observed_at (Unix seconds or milliseconds, or ISO 8601) and "
           "bikes; racks and "
           "system are optional. NDJSON may also be in the form of the topic bike-station-info.\n\n"
           "Files are taken by their first time. A file that was read to its end is not read "
           "again; one that was "
           "interrupted is taken up where it was left, so the same command may be run again after "
           "any crash.",
       .examples =
           {"bikeflow backfill 2024-*.ndjson.gz --lake lake --timezone Asia/Seoul --system seoul",
            "bikeflow backfill export.csv --lake lake --timezone America/Chicago --order station",
            "bikeflow backfill divvy.parquet --lake lake --timezone America/Chicago --map "
            "bikes=num_bikes_available"}},
      [options](Shell& shell) { return backfill(*options, shell); });
  command.positionals({"INPUT", "", "files, or - for standard input", true}, &options->inputs);
  command.text({"--lake", "DIR", "where to write"}, &options->lake);
  command.text({"--timezone", "ZONE", "the city's time zone, as Asia/Seoul"}, &options->timezone);
  command.text({"--system", "ID", "the system of records that name none (default: default)"},
               &options->system);
  command.choice({"--order", "ORDER",
                  "how the input is ordered: by time, or by station (sorted on disk first)"},
                 {"time", "station"}, &options->order);
  command.list(
      {"--map", "FIELD=NAME",
       "the name under which the input has a field, as bikes=num_bikes; once for each field"},
      &options->mappings);
  command.text({"-c,--config", "FILE", "a bikeflow.toml: its [system], [lake] and [window]"},
               &options->config);
  command.flag({"--dry-run", "", "read and count everything, write nothing"}, &options->dry_run);
  command.flag({"--strict", "", "fail where there are dead letters"}, &options->strict);
  command.flag({"--keep-open", "", "leave windows open that more input may still fill"},
               &options->keep_open);
}

}  // namespace bikeflow
