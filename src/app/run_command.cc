#include "app/run_command.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "app/config_file.h"
#include "app/feed_specs.h"
#include "app/kafka_settings_of.h"
#include "app/live_side.h"
#include "app/pipeline_settings.h"
#include "app/poll_command.h"
#include "app/secret.h"
#include "app/voice.h"
#include "base/zone.h"
#include "feed/gbfs_url.h"
#include "feed/refusal.h"
#include "io/feed_run.h"
#include "io/interrupt.h"
#include "io/kafka_run.h"
#include "io/random.h"
#include "io/s3_store.h"

namespace bikeflow {
namespace {

constexpr const char* kDefaultLake = "bikeflow-lake";
constexpr std::string_view kNoPage = "none";  // --listen
constexpr std::string_view kOtherThanPlain = "use the hive layout, or a lake for each";

struct RunOptions {
  std::optional<std::string> config, feed, lake, listen;
  bool poll = false;
  bool until_caught_up = false;
  bool close_windows = false;
};

KafkaRunSettings settings_of(const Config& config, const RunOptions& options) {
  KafkaRunSettings settings;
  settings.kafka = kafka_settings_of(*config.kafka);
  settings.lake_url = config.lake->url;
  OwnerSettings& owner = settings.owner;
  owner.lake = config.lake->rule;
  owner.systems = log_systems_of(config);
  owner.task = task_settings_of(config.window);
  owner.checkpoint_every = config.checkpoint.every;
  owner.idle_close = config.window.idle_close;
  owner.due_max_bytes = config.checkpoint.due_max_bytes;
  owner.until_caught_up = options.until_caught_up;
  owner.close_windows = options.close_windows;
  return settings;
}

Result<ExitStatus> run_from_kafka(const Config& config, const RunOptions& options, Shell& shell) {
  if (auto known = systems_are_known(config); !known) return std::unexpected(known.error());
  if (config.lake->rule.layout == Layout::kPlain && log_systems_of(config).size() > 1) {
    return fail(
        "the plain layout has no place for a second system, and the configuration names {}; {}",
        log_systems_of(config).size(), kOtherThanPlain);
  }
  if (!config.checkpoint.url.empty()) {
    return fail("[checkpoint] url: this version keeps its state in the lake; leave it out");
  }
  watch_for_interrupts();
  std::unique_ptr<PollBeside> poll;
  if (options.poll) {
    auto started = PollBeside::start(config, shell);
    if (!started) return std::unexpected(started.error());
    poll = *std::move(started);
  }
  auto live = LiveSide::start(config, voice_of(shell));
  if (!live) return std::unexpected(live.error());
  for (const SystemConfig& system : named_systems(config)) {
    (*live)->introduce(system, config.window);
  }
  KafkaRunSettings settings = settings_of(config, options);
  settings.live = (*live)->hub();
  if (poll != nullptr) settings.is_alive_beside = [&poll] { return poll->has_turned(); };
  settings.board = (*live)->board();
  auto run = KafkaRun::open(std::move(settings), system_random, voice_of(shell));
  if (!run) return std::unexpected(run.error());
  const auto summary = (*run)->run();
  if (poll != nullptr) {
    if (auto ended = poll->end(shell); !ended) return ended;
  }
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

Result<ExitStatus> run_feeds(const Config& config, FeedSpecs feeds, const RunOptions& options,
                             Shell& shell) {
  if (config.lake->url.starts_with(S3Store::kScheme)) {
    return fail(
        "{}: without Kafka the lake is a folder, as its state is: name one in [lake] url, or put "
        "a topic of Kafka in between ([kafka], and bikeflow poll)",
        config.lake->url);
  }
  if (config.lake->rule.layout == Layout::kPlain && feeds.specs.size() > 1) {
    return fail("the plain layout has no place for a second system; {}", kOtherThanPlain);
  }
  for (const std::string& notice : feeds.notices) shell.log.warning(notice);
  if (!config.checkpoint.sync) {
    shell.log.warning(
        "[checkpoint] sync = false: what is committed may be lost or torn when the machine ends; "
        "for tests and for lakes that may be thrown away");
  }
  FeedRunSettings settings;
  settings.lake = config.lake->url;
  settings.layout = config.lake->rule;
  settings.task = task_settings_of(config.window);
  settings.idle_close = config.window.idle_close;
  settings.polls.http = http_settings_of(config.http);
  settings.syncs = config.checkpoint.sync ? Syncs::kOn : Syncs::kOff;
  settings.polls.once = options.until_caught_up;
  settings.close_windows = options.close_windows;
  watch_for_interrupts();
  auto live = LiveSide::start(config, voice_of(shell));
  if (!live) return std::unexpected(live.error());
  settings.live = (*live)->hub();
  settings.board = (*live)->board();
  auto run =
      FeedRun::open(std::move(settings), std::move(feeds.specs), system_random, voice_of(shell));
  if (!run) return std::unexpected(run.error());
  const auto summary = (*run)->run();
  if (!summary) return std::unexpected(summary.error());
  shell.out.print("{}, {} of stations into {}\n", counted(summary->polls.polls, "poll", "polls"),
                  counted(summary->observations, "observation", "observations"), config.lake->url);
  if (summary->polls.failing.empty()) return ExitStatus::kDone;
  for (const std::string& text : summary->polls.failing) shell.log.error(text);
  // A service that is told to end has done what it could.
  return options.until_caught_up ? ExitStatus::kFailed : ExitStatus::kDone;
}

// Where nothing is said the page is at the usual place, or at any free one if that is taken:
// without a configuration nobody has asked for the one or the other.
std::optional<DashboardConfig> page_of(const RunOptions& options) {
  if (options.listen == kNoPage || (options.until_caught_up && !options.listen)) return {};
  DashboardConfig page;
  page.takes_any_port = !options.listen;
  if (options.listen) page.listen = *options.listen;
  return page;
}

// The name of a parameter of the URL that looks like a key; empty: none does.
std::string_view key_in(std::string_view url) {
  constexpr std::size_t kShortestKey = 16;
  if (!is_http_url(url)) return {};
  std::string_view query = query_of(url);
  while (!query.empty()) {
    const std::string_view parameter = query.substr(0, query.find('&'));
    const std::string_view name = parameter.substr(0, parameter.find('='));
    const std::string_view value = parameter.substr(std::min(name.size() + 1, parameter.size()));
    const bool is_word = value.find_first_of("/.:,") == std::string_view::npos;
    const bool has_digit = value.find_first_of("0123456789") != std::string_view::npos;
    const bool is_like_key = value.size() >= kShortestKey && is_word && has_digit;
    if (!value.empty() && (is_like_key || names_secret(name))) return name;
    query.remove_prefix(std::min(parameter.size() + 1, query.size()));
  }
  return {};
}

// The list of processes is for every user of the machine to read.
void warn_of_key(std::string_view url, Shell& shell) {
  const std::string_view name = key_in(url);
  if (name.empty()) return;
  shell.log.warning(fmt::format(
      "--feed: '{0}' in the URL looks like a key, and every user of this machine sees it in the "
      "list of processes: put the feed into a file (-c), with {0} = \"${{NAME}}\" in a table "
      "[feed.parameters], and the key into the environment variable",
      shown(name)));
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
  if (options.poll && (options.feed || options.until_caught_up)) {
    shell.log.error("--poll goes with --config FILE, and not with --until-caught-up");
    return ExitStatus::kUsage;
  }
  if (options.lake && !options.feed) {
    shell.log.error("--lake goes with --feed; with a configuration it is [lake] url");
    return ExitStatus::kUsage;
  }
  if (options.listen && !options.feed) {
    shell.log.error("--listen goes with --feed; with a configuration it is [dashboard] listen");
    return ExitStatus::kUsage;
  }
  if (options.feed) {
    warn_of_key(*options.feed, shell);
    auto feeds = feed_specs_of(*options.feed);
    if (!feeds) return std::unexpected(feeds.error());
    Config config;
    config.lake = LakeConfig{.url = options.lake.value_or(kDefaultLake), .rule = {}};
    config.dashboard = page_of(options);
    return run_feeds(config, *std::move(feeds), options, shell);
  }
  const auto config = load_config(*options.config, ConfigUse::kPipeline, shell.log);
  if (!config) return std::unexpected(config.error());
  if (options.poll && (!config->kafka || config->feeds.empty())) {
    return fail("{}: --poll needs a [feed] to poll and a topic in [kafka]", *options.config);
  }
  if (config->kafka) return run_from_kafka(*config, options, shell);
  auto feeds = feed_specs_of(*config);
  if (!feeds) return std::unexpected(feeds.error());
  if (feeds->specs.empty()) {
    return fail("{}: names no source: a [feed], or a topic in [kafka]", *options.config);
  }
  return run_feeds(*config, *std::move(feeds), options, shell);
}

}  // namespace

void register_run(CommandLine& line) {
  auto options = std::make_shared<RunOptions>();
  Command& command = line.add(
      {.name = "run",
       .summary = "the pipeline as a service: live feeds, or a topic of Kafka, into the lake",
       .description =
           "With --feed, or a configuration with [feed]: polls the feeds and keeps the lake in a "
           "folder, in this one process; nothing else is needed. Each poll is committed before the "
           "next: killed at any moment it loses at most the poll in hand, whose net change the "
           "next one shows.\n\n"
           "With [kafka]: reads the topic as a member of its consumer group, and writes into a "
           "folder or s3://bucket/prefix. More copies with the same configuration share the "
           "partitions among them. Killed at any moment, it goes on where it was: no row is lost, "
           "none comes twice. A partition that cannot go on is named with what was found and what "
           "settles it; the others go on.\n\n"
           "A feed whose state or rows cannot be stored is tried again, and the others go on.\n\n"
           "[dashboard] also serves the page and its API; with --feed that is so anyway, at the "
           "address that it says first.\n\n"
           "What stands on the command line every user of the machine can see: a feed that wants a "
           "key is one for a configuration, with headers or parameters = { name = \"${NAME}\" } in "
           "its [feed], and the key in that environment variable.\n\n"
           "SIGINT or SIGTERM ends it after a last checkpoint. With --until-caught-up each feed is "
           "polled once; one that wants to be left alone is waited for, a minute at most, and else "
           "fails as one that does not answer.",
       .examples = {"bikeflow run --feed https://gbfs.example.org/gbfs.json --lake lake",
                    "bikeflow run -c bikeflow.toml",
                    "bikeflow run -c bikeflow.toml --until-caught-up --close-windows"}},
      [options](Shell& shell) { return run(*options, shell); });
  command.text({"-c,--config", "FILE", "the pipeline's configuration"}, &options->config);
  command.text({"--feed", "URL", "a GBFS gbfs.json that wants no key, without a configuration"},
               &options->feed);
  command.text({"--lake", "DIR", "the lake, with --feed (default: bikeflow-lake)"}, &options->lake);
  command.text({"--listen", "ADDRESS",
                "where the page is, with --feed (default: 127.0.0.1:8080); none: nowhere"},
               &options->listen);
  command.flag({"--poll", "", "also be the producer: bikeflow poll in the same process"},
               &options->poll);
  command.flag({"--until-caught-up", "", "end at the end of the input as it was at the start"},
               &options->until_caught_up);
  command.flag({"--close-windows", "", "with that: also close what is open"},
               &options->close_windows);
}

}  // namespace bikeflow
