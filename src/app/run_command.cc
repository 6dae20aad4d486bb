#include "app/run_command.h"

#include <memory>

#include "app/config_file.h"

namespace bikeflow {
namespace {

struct RunOptions {
  std::optional<std::string> config, feed, lake;
  bool poll = false;
  bool until_caught_up = false;
  bool close_windows = false;
};

Result<ExitStatus> run(const RunOptions& options, Shell& shell) {
  if (options.config.has_value() == options.feed.has_value()) {
    shell.log.error("run needs one of --config FILE and --feed URL (see: bikeflow run --help)");
    return ExitStatus::kUsage;
  }
  if (options.config) {
    const auto config = load_config(*options.config, ConfigUse::kPipeline, shell.log);
    if (!config) return std::unexpected(config.error());
  }
  return fail(
      "this version reads recorded files only (bikeflow backfill); live feeds and Kafka are not in "
      "it yet");
}

}  // namespace

void register_run(CommandLine& line) {
  auto options = std::make_shared<RunOptions>();
  Command& command = line.add(
      {.name = "run",
       .summary = "the pipeline as a service (not in this version, which reads recorded files)",
       .description =
           "This version has no live source: run checks the configuration, says so, and ends with "
           "status 1. Recorded observations go into the same lake by bikeflow backfill.",
       .examples = {"bikeflow run -c bikeflow.toml",
                    "bikeflow run --feed https://example.org/gbfs.json --lake lake"}},
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
