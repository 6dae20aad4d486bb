#include "app/run_command.h"

#include <memory>

#include "app/config_file.h"
#include "app/kafka_settings_of.h"
#include "base/zone.h"
#include "io/interrupt.h"
#include "io/kafka_run.h"
#include "io/random.h"

namespace bikeflow {
namespace {

struct RunOptions {
  std::optional<std::string> config, feed, lake;
  bool poll = false;
  bool until_caught_up = false;
  bool close_windows = false;
};

std::vector<LogSystem> systems_of(const Config& config) {
  std::vector<LogSystem> systems;
  const auto add = [&](const SystemConfig& system) {
    systems.push_back(
        {system.id, Zone::load(system.timezone).value()});  // the configuration's check
  };
  if (config.feeds.empty()) {
    add(*config.system);
  } else {
    for (const FeedConfig& feed : config.feeds) add(feed.system);
  }
  return systems;
}

KafkaRunSettings settings_of(const Config& config, const RunOptions& options) {
  KafkaRunSettings settings;
  settings.kafka = kafka_settings_of(*config.kafka);
  settings.lake_url = config.lake->url;
  OwnerSettings& owner = settings.owner;
  owner.lake = config.lake->rule;
  owner.systems = systems_of(config);
  owner.task.windows.length = config.window.length;
  owner.task.windows.slide = config.window.slide;
  owner.task.delay = config.window.delay;
  owner.task.max_gap = config.window.max_gap;
  owner.checkpoint_every = config.checkpoint.every;
  owner.idle_close = config.window.idle_close;
  owner.due_max_bytes = config.checkpoint.due_max_bytes;
  owner.until_caught_up = options.until_caught_up;
  owner.close_windows = options.close_windows;
  return settings;
}

Result<ExitStatus> run_from_kafka(const Config& config, const RunOptions& options, Shell& shell) {
  if (config.lake->rule.layout == Layout::kPlain && systems_of(config).size() > 1) {
    return fail(
        "the plain layout has no place for a second system, and the configuration names {}; use "
        "the hive layout, or a lake for each",
        systems_of(config).size());
  }
  if (!config.checkpoint.url.empty()) {
    return fail("[checkpoint] url: this version keeps its state in the lake; leave it out");
  }
  const RunVoice voice{[&](const std::string& text) { shell.log.info(text); },
                       [&](const std::string& text) { shell.log.warning(text); },
                       [&](const std::string& text) { shell.log.error(text); }};
  watch_for_interrupts();
  auto run = KafkaRun::open(settings_of(config, options), system_random, voice);
  if (!run) return std::unexpected(run.error());
  const auto summary = (*run)->run();
  if (!summary) return std::unexpected(summary.error());
  shell.out.print("{} read of {} of {}\n", counted(summary->records, "record", "records"),
                  counted(summary->partitions, "partition", "partitions"), config.kafka->topic);
  if (summary->left) return fail("{}", *summary->left);
  if (!summary->stopped.empty()) {
    return fail(
        "{} could not go on, for the reasons above",
        counted(static_cast<std::int64_t>(summary->stopped.size()), "partition", "partitions"));
  }
  if (summary->was_cut_short) {
    shell.log.info(
        "a rebalance came before the last checkpoint; nothing is lost: whoever owns the partitions "
        "next goes on from the one before");
  }
  if (summary->is_unfinished) {
    return fail(
        "the last checkpoint could not be finished in time; nothing is lost: the next run goes on "
        "from the one before");
  }
  return ExitStatus::kDone;
}

Result<ExitStatus> run(const RunOptions& options, Shell& shell) {
  if (options.config.has_value() == options.feed.has_value()) {
    shell.log.error("run needs one of --config FILE and --feed URL (see: bikeflow run --help)");
    return ExitStatus::kUsage;
  }
  if (options.close_windows && !options.until_caught_up) {
    shell.log.error("--close-windows goes with --until-caught-up");
    return ExitStatus::kUsage;
  }
  if (options.feed) {
    return fail(
        "this version reads topics of Kafka (run -c FILE with [kafka]) and recorded files "
        "(bikeflow backfill); live feeds are not in it yet");
  }
  const auto config = load_config(*options.config, ConfigUse::kPipeline, shell.log);
  if (!config) return std::unexpected(config.error());
  if (!config->kafka || options.poll) {
    return fail("{}: live feeds are not in this version yet: {}", *options.config,
                options.poll ? "leave --poll out, and let another program fill the topic"
                             : "name a topic in [kafka]");
  }
  return run_from_kafka(*config, options, shell);
}

}  // namespace

void register_run(CommandLine& line) {
  auto options = std::make_shared<RunOptions>();
  Command& command = line.add(
      {.name = "run",
       .summary = "the pipeline as a service: from a topic of Kafka into the lake",
       .description =
           "Reads the topic of [kafka] as a member of its consumer group, and writes rentals and "
           "returns by station and hour into the lake of [lake], a folder or s3://bucket/prefix. "
           "More copies with the same configuration share the partitions among them. Killed at any "
           "moment, it goes on where it was: no row is lost, none comes twice.\n\n"
           "SIGINT or SIGTERM ends it after a last checkpoint. A partition that cannot go on is "
           "named with what was found and what settles it; the others go on.\n\n"
           "This version has no live feeds: another program fills the topic.",
       .examples = {"bikeflow run -c bikeflow.toml",
                    "bikeflow run -c bikeflow.toml --until-caught-up --close-windows"}},
      [options](Shell& shell) { return run(*options, shell); });
  command.text({"-c,--config", "FILE", "the pipeline's configuration"}, &options->config);
  command.text({"--feed", "URL", "a GBFS gbfs.json, without a configuration"}, &options->feed);
  command.text({"--lake", "DIR", "the lake, with --feed"}, &options->lake);
  command.flag({"--poll", "", "also poll the feed into Kafka"}, &options->poll);
  command.flag({"--until-caught-up", "", "end at the end of the input as it was at the start"},
               &options->until_caught_up);
  command.flag({"--close-windows", "", "with that: also close what is open"},
               &options->close_windows);
}

}  // namespace bikeflow
