#include "app/poll_command.h"

#include <utility>

#include <fmt/format.h>

#include "app/config_file.h"
#include "app/feed_specs.h"
#include "app/kafka_settings_of.h"
#include "base/size.h"
#include "io/interrupt.h"
#include "io/kafka_topic.h"
#include "io/notify.h"
#include "io/random.h"

namespace bikeflow {
namespace {

constexpr int kTopicMs = 15'000;

struct PollOptions {
  std::string config;
  bool once = false;
};

TopicPlan plan_of(const KafkaConfig& kafka) {
  return {static_cast<std::int32_t>(kafka.partitions), kafka.retention};
}

// `service`: who hears how it does.
Result<std::unique_ptr<PollRun>> open_poll(const Config& config, bool once, ServiceNotifier service,
                                           Shell& shell) {
  auto feeds = feed_specs_of(config);
  if (!feeds) return std::unexpected(feeds.error());
  for (const std::string& notice : feeds->notices) shell.log.warning(notice);
  const KafkaConfig& kafka = *config.kafka;
  PollRunSettings settings;
  settings.kafka = kafka_settings_of(kafka);
  settings.topic = plan_of(kafka);
  settings.spool = kafka.spool;
  settings.spool_max_bytes = kafka.spool_max_bytes;
  settings.dead_letter_max_bytes = kafka.dead_letter_max_bytes;
  settings.polls = {.http = http_settings_of(config.http),
                    .delay = config.window.delay,
                    .max_gap = config.window.max_gap,
                    .once = once};
  // A catalogue may have more systems tomorrow.
  settings.names_systems = config.feeds.size() > 1 || !config.feeds.front().systems.empty();
  settings.service = std::move(service);
  return PollRun::open(std::move(settings), std::move(feeds->specs), system_random,
                       {[&](const std::string& text) { shell.log.info(text); },
                        [&](const std::string& text) { shell.log.warning(text); },
                        [&](const std::string& text) { shell.log.error(text); }});
}

// What was done. Whoever polls once wants all of it done; a service that is told to end has done
// what it could.
Result<ExitStatus> tell(const PollRunSummary& summary, const std::string& topic, bool once,
                        Shell& shell) {
  shell.out.print("{}; {} with {} acknowledged by {}\n",
                  counted(summary.polls.polls, "poll", "polls"),
                  counted(summary.rounds, "round", "rounds"),
                  counted(summary.records, "record", "records"), topic);
  for (const std::string& text : summary.polls.failing) shell.log.error(text);
  if (summary.spool.waiting > 0) {
    shell.log.warning(
        fmt::format("{} not acknowledged; kept on disk, and sent first by the next process{}{}",
                    counted(summary.spool.waiting, "round", "rounds"),
                    summary.trouble.empty() ? "" : ": ", summary.trouble));
  }
  if (summary.lost_letters_bytes > 0) {
    shell.log.warning(
        fmt::format("{} of what was rejected could not be kept",
                    format_size(static_cast<std::int64_t>(summary.lost_letters_bytes))));
  }
  const bool is_whole = summary.polls.failing.empty() && summary.spool.waiting == 0 &&
                        summary.spool.dropped == 0 && summary.lost_letters_bytes == 0;
  return once && !is_whole ? ExitStatus::kFailed : ExitStatus::kDone;
}

Result<ExitStatus> poll(const PollOptions& options, Shell& shell) {
  const auto config = load_config(options.config, ConfigUse::kProducer, shell.log);
  if (!config) return std::unexpected(config.error());
  watch_for_interrupts();
  auto run = open_poll(*config, options.once, ServiceNotifier::from_environment(), shell);
  if (!run) return std::unexpected(run.error());
  const auto summary = (*run)->run();
  if (!summary) return std::unexpected(summary.error());
  return tell(*summary, config->kafka->topic, options.once, shell);
}

}  // namespace

PollBeside::PollBeside(std::unique_ptr<PollRun> run, std::string topic)
    : run_(std::move(run)), topic_(std::move(topic)), thread_([this] {
        summary_ = run_->run();
        interrupt();
      }) {}

Result<std::unique_ptr<PollBeside>> PollBeside::start(const Config& config, Shell& shell) {
  const KafkaSettings kafka = kafka_settings_of(*config.kafka);
  auto lookup = KafkaLookup::open(kafka);
  if (!lookup) return std::unexpected(lookup.error());
  // The reader, which begins next, does not wait for its topic.
  auto topic = find_or_create_topic(**lookup, kafka, plan_of(*config.kafka), kTopicMs);
  if (!topic) return std::unexpected(topic.error());
  auto run = open_poll(config, false, ServiceNotifier("", 0), shell);
  if (!run) return std::unexpected(run.error());
  return std::unique_ptr<PollBeside>(new PollBeside(*std::move(run), config.kafka->topic));
}

PollBeside::~PollBeside() { interrupt(); }

Result<ExitStatus> PollBeside::end(Shell& shell) {
  interrupt();
  thread_.join();
  if (!summary_) return std::unexpected(summary_.error());
  return tell(*summary_, topic_, false, shell);
}

void register_poll(CommandLine& line) {
  auto options = std::make_shared<PollOptions>();
  Command& command = line.add(
      {.name = "poll",
       .summary = "live feeds into a topic of Kafka, for any number of readers",
       .description =
           "Polls each [feed] of the configuration and writes a record for each station into the "
           "topic of [kafka]: UTF-8 JSON, the key is the station's id, the partition is the one "
           "that Java's clients choose, the timestamp is when it was polled. A topic that is not "
           "there is created with [kafka] partitions (4) and retention (\"7d\"), if the broker "
           "lets us; one that is there is left as it is.\n\n"
           "A round of a feed is kept on disk until the broker has acknowledged every record of "
           "it; only then the next one is sent, so the topic has rounds in order and whole. "
           "Without a broker they wait in the folder [kafka] spool (bikeflow-spool) and take at "
           "most [kafka] spool_max (\"256MiB\"); when that is full the "
           "oldest go, and the log says how many. After a restart they are sent first.\n\n"
           "A round that is not believed and rows that are no stations are not sent: they are "
           "kept with their reason in the spool's folder dead_letter, a JSON object a line, as the "
           "data set dead_letter of a lake has them. They take at most [kafka] dead_letter_max "
           "(\"256MiB\"); the oldest go first.\n\n"
           "Killed at any moment, it sends the round in hand again, whole: some of its records "
           "may come twice, with the same station, time and counts, which readers ignore. SIGINT "
           "or SIGTERM ends it within 5 seconds.\n\n"
           "With --once the exit status is 1 where a feed failed or a round was not sent.",
       .examples = {"bikeflow poll -c bikeflow.toml", "bikeflow poll -c bikeflow.toml --once"}},
      [options](Shell& shell) { return poll(*options, shell); });
  command.text({"-c,--config", "FILE", "the feeds and the topic", true}, &options->config);
  command.flag({"--once", "", "poll each feed once, wait until all is sent, and end"},
               &options->once);
}

}  // namespace bikeflow
