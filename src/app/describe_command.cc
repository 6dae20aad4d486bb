#include "app/describe_command.h"

#include <memory>

#include "app/config_file.h"
#include "pipeline/describe.h"

namespace bikeflow {
namespace {

Result<ExitStatus> describe_pipeline(const std::optional<std::string>& file, Shell& shell) {
  Config config;
  if (file) {
    auto read = load_config(*file, ConfigUse::kSettings, shell.log);
    if (!read) return std::unexpected(read.error());
    config = *std::move(read);
  }
  const TaskSettings task = {
      .windows = {.length = config.window.length, .slide = config.window.slide},
      .delay = config.window.delay,
      .max_gap = config.window.max_gap};
  shell.out.write(describe(task, config.lake ? config.lake->rule : LakeRule{}));
  return ExitStatus::kDone;
}

}  // namespace

void register_describe(CommandLine& line) {
  auto config = std::make_shared<std::optional<std::string>>();
  Command& command = line.add(
      {.name = "describe",
       .summary = "the pipeline as text: its stages and the settings that rows depend on",
       .description =
           "Prints a line for each stage that a record passes: its name, the folder of the source "
           "where it is, and what it does. With a configuration the settings are those, else the "
           "defaults.",
       .examples = {"bikeflow describe", "bikeflow describe -c bikeflow.toml"}},
      [config](Shell& shell) { return describe_pipeline(*config, shell); });
  command.text({"-c,--config", "FILE", "a configuration"}, config.get());
}

}  // namespace bikeflow
