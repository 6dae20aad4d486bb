#include "app/serve_command.h"

#include <memory>

#include "app/config_file.h"
#include "app/feed_specs.h"
#include "app/kafka_settings_of.h"
#include "app/live_side.h"
#include "app/pipeline_settings.h"
#include "app/voice.h"
#include "io/interrupt.h"
#include "io/serve_run.h"

namespace bikeflow {
namespace {

struct ServeOptions {
  std::string config;
};

Result<ExitStatus> serve(const ServeOptions& options, Shell& shell) {
  auto config = load_config(options.config, ConfigUse::kPipeline, shell.log);
  if (!config) return std::unexpected(config.error());
  if (!config->kafka) {
    return fail(
        "{}: serve shows what several bikeflow run have read of a topic, and this has no [kafka]; "
        "without Kafka bikeflow run has the page itself: [dashboard]",
        options.config);
  }
  if (auto known = systems_are_known(*config); !known) return std::unexpected(known.error());
  if (!config->dashboard) config->dashboard = DashboardConfig{};
  // Each station has one writer, whatever of this is started with the same file.
  if (config->redis) {
    shell.log.info("Redis: each bikeflow run writes the stations that it reads; serve writes none");
    config->redis.reset();
  }
  watch_for_interrupts();
  auto live = LiveSide::start(*config, voice_of(shell));
  if (!live) return std::unexpected(live.error());
  for (const SystemConfig& system : named_systems(*config)) {
    (*live)->introduce(system, config->window);
  }
  auto run = ServeRun::open({.kafka = kafka_settings_of(*config->kafka),
                             .systems = log_systems_of(*config),
                             .task = task_settings_of(config->window),
                             .live = (*live)->hub()},
                            voice_of(shell));
  if (!run) return std::unexpected(run.error());
  (*run)->run();
  return ExitStatus::kDone;
}

}  // namespace

void register_serve(CommandLine& line) {
  auto options = std::make_shared<ServeOptions>();
  Command& command = line.add(
      {.name = "serve",
       .summary = "only the page and the API, for any number of bikeflow run",
       .description =
           "Where several copies of bikeflow run share a topic, each knows a part of the city. "
           "This reads all of the topic's partitions by itself, from a day ago on, and shows the "
           "whole: the page and the API. It is no member of the group, moves nobody's reading and "
           "writes nothing, neither into the lake, from which it reads the past, nor into Redis, "
           "which each run tells of the stations that it reads.\n\n"
           "[dashboard] says where (default: 127.0.0.1:8080).",
       .examples = {"bikeflow serve -c bikeflow.toml"}},
      [options](Shell& shell) { return serve(*options, shell); });
  command.text({.name = "-c,--config",
                .value = "FILE",
                .help = "the pipeline's configuration",
                .required = true},
               &options->config);
}

}  // namespace bikeflow
