#include "app/config_file.h"

#include <fcntl.h>

#include <cstdlib>
#include <filesystem>

#include "io/file.h"

namespace bikeflow {
namespace {

Result<std::string> read_whole(const std::string& path) {
  auto text = read_file_if_any(AT_FDCWD, path, path);
  if (!text) return std::unexpected(text.error());
  if (!*text) return fail("{}: no such file", path);
  return **std::move(text);
}

}  // namespace

Result<Config> load_config(const std::string& path, ConfigUse use, Log& log) {
  const auto text = read_whole(path);
  if (!text) return std::unexpected(text.error());
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  const ConfigSources sources = {
      .environment = [](std::string_view name) -> std::optional<std::string> {
        const char* value = std::getenv(std::string(name).c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
      },
      .file = [folder](const std::string& file) { return read_whole((folder / file).string()); },
      .without_secrets = use == ConfigUse::kSettings};
  auto config = parse_config(path, *text, use, sources);
  if (config) return *std::move(config);
  log.diagnostics(config.error().text);
  return fail("{}: {} error{}", path, config.error().count, config.error().count == 1 ? "" : "s");
}

}  // namespace bikeflow
