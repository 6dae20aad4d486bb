#include "app/verify_command.h"

#include <algorithm>
#include <memory>
#include <set>

#include <fmt/format.h>

#include "app/checkpoints.h"
#include "app/completeness.h"
#include "app/config_file.h"
#include "app/kafka_settings_of.h"
#include "app/lake_view.h"
#include "app/progress_line.h"
#include "app/times.h"
#include "app/verify_records.h"
#include "app/verify_replay.h"
#include "app/verify_report.h"
#include "app/verify_system.h"
#include "lake/metadata_keys.h"

namespace bikeflow {
namespace {

// What is known of the whole lake before its files are opened.
struct Survey {
  std::vector<JobCheckpoint> checkpoints;
  HourListing listing;
  PathSet paths;  // of files of rows
  PathSet due;
  Completeness completeness;
};

// The checkpoints are read before the files are listed: a pipeline that is at work meanwhile
// publishes more than they say, never less.
Result<Survey> survey(const LakeView& lake, VerifyReport& report) {
  auto checkpoints = find_checkpoints(lake.store());
  if (!checkpoints) return std::unexpected(checkpoints.error());
  auto listing = lake.list_hours();
  if (!listing) return std::unexpected(listing.error());
  auto completeness = Completeness::read(lake.store(), *listing);
  if (!completeness) return std::unexpected(completeness.error());
  Survey survey{*std::move(checkpoints), *std::move(listing), {}, {}, *std::move(completeness)};
  for (const std::string& why : survey.completeness.unreadable()) report.unverified(why);
  for (const JobCheckpoint& checkpoint : survey.checkpoints) {
    if (!checkpoint.job) {
      report.unverified(checkpoint.job.error().message);
      continue;
    }
    // What was due in the one before and is no more has been stored.
    if (checkpoint.standing == JobCheckpoint::Standing::kBefore) continue;
    for (const DueFile& file : checkpoint.job->due()) survey.due.insert(file.path);
  }
  for (const auto& [system, files] : survey.listing.systems) {
    for (const HourFile& file : files) survey.paths.insert(file.path);
  }
  return survey;
}

// The time zone of a system, from the first of its files that says so.
std::optional<std::string> timezone_of(const LakeView& lake, const std::vector<HourFile>& files) {
  for (const HourFile& file : files) {
    if (const auto rows = lake.read(file)) {
      if (auto zone = find_key(rows->metadata, metadata::kTimezone)) return zone;
    }
  }
  return std::nullopt;
}

void verify_foreign(const LakeView& lake, const Survey& survey, VerifyReport& report) {
  for (const std::string& path : survey.listing.foreign) {
    std::string what = "is no file of this program's: readers would take it for data";
    if (const auto bytes = lake.store().get(path); bytes && *bytes) {
      if (const auto file = decode_hourly(**bytes)) {
        const auto system = find_key(file->metadata, metadata::kSystem);
        const auto start = find_key(file->metadata, metadata::kWindowStart);
        if (system && start) {
          what = fmt::format(
              "is a copy under another name of a file of {}, window {}: readers "
              "count it twice",
              *system, *start);
        }
      }
    }
    report.violation(Breach::kForeign, path, "", what);
  }
}

// _SUCCESS stands where every partition has closed the hour. Without Kafka hours are closed in
// their order, so one that is open lies behind all that are not; with Kafka each partition says how
// far it is.
class MarkerVerifier {
 public:
  MarkerVerifier(Store& store, const Survey& survey, VerifyReport& report)
      : store_(store), survey_(survey), report_(report) {}

  // `rule`: of the system; nothing where no file says it.
  void verify(const std::vector<std::vector<HourFile>>& hours,
              const std::optional<SystemRule>& rule) {
    std::vector<Hour> alone;  // not of a topic, in the order of time
    for (const std::vector<HourFile>& files : hours) {
      report_.count("hours", 1);
      Hour hour = look_at(std::string(folder_of(files.front().path)));
      if (!hour.is_final) report_.count("open_hours", 1);
      if (rule && std::ranges::any_of(files, [&](const HourFile& file) {
            return survey_.completeness.is_of_topic(file);
          })) {
        verify_of_topic(hour, survey_.completeness.state_of(files, hour.is_final, *rule));
      } else {
        if (rule) hour.why = survey_.completeness.state_of(files, hour.is_final, *rule).why;
        alone.push_back(std::move(hour));
      }
    }
    verify_alone(alone);
  }

 private:
  struct Hour {
    std::string folder, marker;
    bool is_final = false;
    std::string why = {};  // it is open, where that is known
  };

  [[nodiscard]] Hour look_at(std::string folder) const {
    std::string marker = fmt::format("{}/{}", folder, kSuccessName);
    const bool is_final = std::ranges::binary_search(survey_.listing.markers, marker);
    return {std::move(folder), std::move(marker), is_final};
  }
  // A pipeline at work may have published it since the files were listed.
  [[nodiscard]] bool is_there_now(const Hour& hour) const {
    const auto now = store_.size(hour.marker);
    return now && *now;
  }

  void verify_of_topic(const Hour& hour, const HourState& state) {
    if (hour.is_final) {
      if (!state.is_early) return;
      report_.violation(Breach::kMarker, hour.marker, "",
                        "says that the hour is complete, and it is not: " + state.why);
    } else if (state.is_overdue && !is_there_now(hour)) {
      report_.violation(Breach::kMarker, hour.marker, "",
                        fmt::format("is missing: all partitions have closed the hour, and are past "
                                    "it by {} or more",
                                    format_duration(kOverdue)));
    } else {
      report_.note("open", fmt::format("{}: {}", hour.folder, state.text()));
    }
  }

  void verify_alone(const std::vector<Hour>& hours) {
    std::size_t final_hours = 0;  // up to and with the last hour that is final
    for (std::size_t i = 0; i < hours.size(); ++i) {
      if (hours[i].is_final) final_hours = i + 1;
    }
    for (std::size_t i = 0; i < hours.size(); ++i) {
      if (hours[i].is_final) continue;
      if (i < final_hours && survey_.due.empty() && !is_there_now(hours[i])) {
        report_.violation(Breach::kMarker, hours[i].marker, "",
                          "is missing: a later hour of the system is complete");
      } else {
        report_.note("open", hours[i].folder + (hours[i].why.empty() ? "" : ": " + hours[i].why));
      }
    }
  }

  Store& store_;
  const Survey& survey_;
  VerifyReport& report_;
};

// As the first file that can be read has it.
std::optional<SystemRule> find_rule(const LakeView& lake, const std::vector<HourFile>& files) {
  for (const HourFile& file : files) {
    if (auto rule = lake.rule_of(file)) return *std::move(rule);
  }
  return std::nullopt;
}

void verify_stray_markers(Store& store, const Survey& survey, VerifyReport& report) {
  std::set<std::string_view> folders;
  for (const std::string& path : survey.paths) folders.insert(folder_of(path));
  for (const std::string& marker : survey.listing.markers) {
    if (folders.contains(folder_of(marker))) continue;
    // A pipeline at work may have published both since the folder was listed.
    const auto now = store.list(folder_of(marker), Store::Scope::kWithoutInternal);
    if (now && std::any_of(now->begin(), now->end(), [](const StoredFile& file) {
          return parse_hourly_name(name_of(file.path)).has_value();
        })) {
      continue;
    }
    report.violation(Breach::kMarker, marker, "",
                     "says that the hour is complete, and it has no file");
  }
}

struct Whole {
  const LakeView& lake;
  const Survey& survey;
  Zones& zones;
  VerifyReport& report;
  Shell& shell;
};

// Each file of the system that is in the range.
void verify_each(const Whole& whole, const std::vector<HourFile>& files, const TimeRange& range,
                 SystemVerifier& verifier) {
  const auto all = std::ranges::count_if(
      files, [&](const HourFile& file) { return range.contains(file.name.window.start); });
  ProgressLine line(whole.shell.err_terminal);
  std::int64_t done = 0;
  for (const HourFile& file : files) {
    if (!range.contains(file.name.window.start)) continue;
    if (line.is_due()) {
      line.clear();
      whole.shell.out.flush();  // so that no violation is printed behind it
      line.show(fmt::format("file {} of {}  {}  {}", grouped(done + 1), grouped(all),
                            folder_of(file.path),
                            counted(whole.report.violations(), "violation", "violations")));
    }
    verifier.file(file);
    ++done;
  }
}

// What the checkpoints say of the ends of the chains, by source and partition.
void verify_chain_ends(const Survey& survey, const std::string& system, SystemVerifier& verifier) {
  std::map<std::pair<std::string, std::int32_t>, std::vector<SystemVerifier::ChainEnd>> ends;
  for (const JobCheckpoint& checkpoint : survey.checkpoints) {
    if (!checkpoint.job) continue;
    for (const auto& partition : checkpoint.job->partitions()) {
      const PartitionSettings& settings = partition->settings();
      const bool is_plain = settings.lake.layout == Layout::kPlain;
      if (is_plain ? system.empty() : settings.system == system) {
        ends[{settings.source, settings.number}].push_back({partition.get(), checkpoint.name});
      }
    }
  }
  for (const auto& [part, of_part] : ends) verifier.chain_end(of_part);
}

Result<void> verify_files(const Whole& whole, const std::string& system,
                          const std::vector<HourFile>& files, const std::string& timezone,
                          const VerifyOptions& options) {
  const Zone* zone = whole.zones.find(timezone);
  const auto range =
      parse_range(options.from, options.to, zone != nullptr ? *zone : Zone::load("UTC").value());
  if (!range) return std::unexpected(range.error());
  std::set<std::pair<std::string, std::int32_t>> parts;
  for (const HourFile& file : files) parts.emplace(file.name.source, file.name.partition);
  SystemVerifier verifier(whole.lake, whole.survey.paths, whole.survey.due, parts.size() > 1,
                          whole.zones, whole.report);
  verify_each(whole, files, *range, verifier);
  verify_chain_ends(whole.survey, system, verifier);
  verifier.finish();
  MarkerVerifier(whole.lake.store(), whole.survey, whole.report)
      .verify(by_hour(files, *range), find_rule(whole.lake, files));
  return {};
}

// The time zones of the systems, from their files and from the checkpoints.
std::map<std::string, std::string> find_timezones(const LakeView& lake, const Survey& survey) {
  std::map<std::string, std::string> timezones;
  for (const JobCheckpoint& checkpoint : survey.checkpoints) {
    if (!checkpoint.job) continue;
    for (const auto& partition : checkpoint.job->partitions()) {
      const PartitionSettings& settings = partition->settings();
      const bool is_plain = settings.lake.layout == Layout::kPlain;
      timezones.emplace(is_plain ? "" : settings.system, settings.zone.name());
    }
  }
  for (const auto& [system, files] : survey.listing.systems) {
    if (timezones.contains(system)) continue;
    if (auto zone = timezone_of(lake, files)) timezones.emplace(system, *std::move(zone));
  }
  return timezones;
}

Result<void> verify_lake(const VerifyOptions& options, const std::optional<KafkaSettings>& kafka,
                         const LakeView& lake, const Survey& surveyed, VerifyReport& report,
                         Shell& shell) {
  Zones zones;
  const auto timezones = find_timezones(lake, surveyed);
  const Whole whole{lake, surveyed, zones, report, shell};
  // Systems that a checkpoint knows, too: all of their files may be gone.
  std::set<std::string> systems;
  for (const auto& [system, zone] : timezones) systems.insert(system);
  for (const auto& [system, files] : surveyed.listing.systems) systems.insert(system);
  for (const std::string& system : systems) {
    const auto files = surveyed.listing.systems.find(system);
    const auto timezone = timezones.find(system);
    const auto done = verify_files(
        whole, system,
        files == surveyed.listing.systems.end() ? std::vector<HourFile>{} : files->second,
        timezone == timezones.end() ? "UTC" : timezone->second, options);
    if (!done) return done;
  }
  verify_foreign(lake, surveyed, report);
  verify_stray_markers(lake.store(), surveyed, report);
  verify_late(lake, timezones, zones, report);
  verify_dead_letters(lake, report);
  for (const std::string& path : surveyed.due) {
    if (!surveyed.paths.contains(path)) report.note("due", path);
  }
  if (kafka) {
    const auto zone = timezones.empty() ? Zone::load("UTC") : Zone::load(timezones.begin()->second);
    const auto range =
        parse_range(options.from, options.to, zone ? *zone : Zone::load("UTC").value());
    if (!range) return std::unexpected(range.error());
    verify_replay(lake, surveyed.listing, surveyed.checkpoints, {*kafka, *range}, report, shell);
  }
  return {};
}

// The topic that a configuration names; nothing where it names none.
Result<std::optional<KafkaSettings>> find_topic(const std::string& file, Shell& shell) {
  auto config = load_config(file, ConfigUse::kSettings, shell.log);
  if (!config) return std::unexpected(config.error());
  if (!config->kafka) return std::nullopt;
  // Secrets are looked up only where they are needed.
  if (!config->kafka->client.empty()) {
    config = load_config(file, ConfigUse::kPipeline, shell.log);
    if (!config) return std::unexpected(config.error());
  }
  return kafka_settings_of(*config->kafka);
}

// What to do about violations, by who wrote what they name: who can write it again differs.
std::string remedy(const std::string& lake, const Survey& survey, const VerifyReport& report) {
  std::set<std::string> topics, feeds, partitions, blamed_feeds;
  bool is_of_job = false;
  for (const JobCheckpoint& checkpoint : survey.checkpoints) {
    if (checkpoint.job && checkpoint.job->log()) topics.insert(checkpoint.job->settings().source);
    if (checkpoint.job && checkpoint.job->feed()) feeds.insert(checkpoint.job->settings().source);
  }
  for (const auto& [source, number] : report.blamed()) {
    if (topics.contains(source)) partitions.insert(fmt::format("{}/{}", source, number));
    if (feeds.contains(source)) blamed_feeds.insert(source);
    is_of_job |= !topics.contains(source) && !feeds.contains(source);
  }
  std::string text =
      "what to do: put the files that are named back from a backup, and move foreign ones out of "
      "the lake";
  if (!blamed_feeds.empty()) {
    text += fmt::format(
        "; what the live feed {} said then cannot be asked for again, and without a backup its "
        "rows "
        "stay as they are",
        fmt::join(blamed_feeds, ", "));
  }
  if (is_of_job || (topics.empty() && feeds.empty())) {
    text += fmt::format(
        "; or delete all that the backfill wrote (bikeflow state discard --lake {} lists it, --yes "
        "deletes; --job NAME where another job wrote it) and run it again",
        lake);
  }
  if (topics.empty() || (is_of_job && partitions.empty())) return text;
  const std::string which = partitions.size() == 1 ? *partitions.begin() : "TOPIC/N";
  text += fmt::format(
      "; or let the topic be read again: bikeflow state rewind --lake {} --partition {} from one "
      "of "
      "the last checkpoints, where it is older than the damage, else bikeflow state discard --lake "
      "{} --partition {} from the oldest record that the topic still has (both first list what "
      "goes)",
      lake, which, lake, which);
  if (partitions.size() > 1) text += fmt::format("; TOPIC/N: {}", fmt::join(partitions, ", "));
  return text;
}

}  // namespace

Result<ExitStatus> verify(const VerifyOptions& options, Shell& shell) {
  std::optional<KafkaSettings> kafka;
  if (options.config) {
    auto found = find_topic(*options.config, shell);
    if (!found) return std::unexpected(found.error());
    kafka = *std::move(found);
  }
  const auto range = parse_range(options.from, options.to, Zone::load("UTC").value());
  if (!range) return std::unexpected(range.error());
  const auto lake = LakeView::open(options.lake);
  if (!lake) {
    shell.log.error(lake.error().message);
    return ExitStatus::kUnverified;
  }
  VerifyReport report(options.format == "json", options.lake, shell.out);
  const auto surveyed = survey(*lake, report);
  const auto done = surveyed ? verify_lake(options, kafka, *lake, *surveyed, report, shell)
                             : std::unexpected(surveyed.error());
  if (!done) report.unverified(done.error().message);
  const ExitStatus status = report.finish();
  if (surveyed && report.violations() > 0) {
    shell.out.flush();  // before what is said of it
    shell.log.info(remedy(options.lake, *surveyed, report));
  }
  return status;
}

void register_verify(CommandLine& line) {
  auto options = std::make_shared<VerifyOptions>();
  Command& command = line.add(
      {.name = "verify",
       .summary = "check that the lake is whole and its books balance",
       .description =
           "Reads every file of the lake and prints each violation with its path: rows whose books "
           "do not balance or that do not go on where the station's last row ended, a station "
           "twice "
           "in an hour, files that are missing, changed, rewritten, doubled, misplaced or foreign, "
           "_SUCCESS markers that are missing or stand where no file is, or where a partition of "
           "the "
           "topic has not closed the hour. Then what is worth knowing and no violation (hours "
           "still "
           "open and what they wait for, stations that moved to another partition), and a "
           "summary.\n\n"
           "With -c and a topic in it, the topic is read again from its beginning, up to where the "
           "newest checkpoints have read it, and every row, late row and dead letter is compared "
           "with the lake; what the clock decided is taken from the lake. With --from and --to "
           "rows "
           "of those hours only, and late rows and dead letters all the same. A topic whose "
           "beginning is gone cannot be compared: exit status 3.\n\n"
           "A pipeline may be at work on the lake meanwhile. Exit status: 0 no violations; 1 "
           "violations; 3 no violations, but something could not be verified.",
       .examples = {"bikeflow verify --lake lake",
                    "bikeflow verify --lake lake --from 2024-08-11 --to 2024-08-12 --format json",
                    "bikeflow verify --lake s3://bucket/lake -c bikeflow.toml"}},
      [options](Shell& shell) { return verify(*options, shell); });
  command.text({.name = "--lake",
                .value = "DIR",
                .help = "the lake: a directory, or s3://bucket/prefix",
                .required = true},
               &options->lake);
  command.time({"--from", "TIME", "verify hours that start at this time or later"}, &options->from);
  command.time({"--to", "TIME", "verify hours that start before this time"}, &options->to);
  command.text(
      {"-c,--config", "FILE",
       "the pipeline's configuration: the topic that it names is read again from its beginning, "
       "and the lake compared with it"},
      &options->config);
  command.choice({"--format", "", "form of the report"}, {"text", "json"}, &options->format);
}

}  // namespace bikeflow
