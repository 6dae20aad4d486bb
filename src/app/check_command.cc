#include "app/check_command.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

#include <fmt/core.h>

#include "app/check_feeds.h"
#include "app/checklist.h"
#include "app/checkpoints.h"
#include "app/config_file.h"
#include "app/lake_view.h"
#include "app/times.h"
#include "base/hash.h"
#include "base/zone.h"
#include "io/http_server.h"
#include "io/lake_id.h"
#include "io/open_store.h"
#include "io/random.h"
#include "io/s3_store.h"
#include "io/state_dir.h"
#include "io/web_listen.h"

namespace bikeflow {
namespace {

void check_zone(const SystemConfig& system, Checklist& list) {
  const Zone zone = Zone::load(system.timezone).value();  // the configuration's own check
  const std::int32_t phase = zone.hour_phase();
  list.add(Verdict::kOk, "time zone",
           fmt::format("{} of {}: found in tzdata; {}{}", system.timezone, system.id,
                       zone.has_changes() ? "its clocks are changed" : "no clock changes",
                       phase == 0 ? std::string()
                                  : fmt::format("; hours begin {} after those of UTC",
                                                format_duration((kHour - phase) % kHour))));
}

// The nearest folder above that exists.
std::filesystem::path existing_parent(std::filesystem::path path) {
  path = std::filesystem::absolute(path).lexically_normal();
  std::error_code error;
  while (!std::filesystem::exists(path, error) && path.has_relative_path()) {
    path = path.parent_path();
  }
  return path;
}

// Writes a file that no reader looks at, and removes it.
std::string try_to_write(const std::string& folder) {
  std::string name = folder + "/.bikeflow-check-XXXXXX";
  const int file = ::mkostemp(name.data(), O_CLOEXEC);
  if (file < 0) return std::strerror(errno);
  const ssize_t written = ::write(file, "x", 1);
  const std::string problem = written == 1 && ::fsync(file) == 0 ? "" : std::strerror(errno);
  ::close(file);
  ::unlink(name.c_str());
  return problem;
}

void check_space(const std::string& folder, std::uint64_t due_max_bytes, Checklist& list) {
  struct statvfs space{};
  if (::statvfs(folder.c_str(), &space) != 0) {
    list.add(Verdict::kUnchecked, "free space",
             fmt::format("{}: {}", folder, std::strerror(errno)));
    return;
  }
  const std::uint64_t free = std::uint64_t{space.f_bavail} * space.f_frsize;
  if (free < due_max_bytes) {
    list.add(
        Verdict::kFailed, "free space",
        fmt::format("{}: {} are free, less than what may be due at a time ([checkpoint] due_max "
                    "= {}): make room",
                    folder, readable_bytes(free), readable_bytes(due_max_bytes)));
  } else {
    list.add(Verdict::kOk, "free space", fmt::format("{}: {}", folder, readable_bytes(free)));
  }
}

void check_states(Store& store, bool is_folder, Checklist& list) {
  const auto checkpoints = find_checkpoints(store);
  if (!checkpoints) {
    list.add(Verdict::kFailed, "state", checkpoints.error().message);
    return;
  }
  if (checkpoints->empty())
    list.add(Verdict::kOk, "state", "none yet: the next run is a first one");
  for (const JobCheckpoint& checkpoint : *checkpoints) {
    if (!checkpoint.job) {
      list.add(Verdict::kFailed, "state", checkpoint.job.error().message);
    } else if (checkpoint.standing != JobCheckpoint::Standing::kBefore) {
      list.add(Verdict::kOk, "state",
               fmt::format("{}: checkpoint {} can be read", checkpoint.folder, checkpoint.name));
    }
    // The partitions of a topic need no lock: the group has one owner for each.
    if (!is_folder || checkpoint.standing != JobCheckpoint::Standing::kCurrent) continue;
    if (const auto lock = StateDir::open(checkpoint.folder)) {
      list.add(Verdict::kOk, "lock", fmt::format("{}: free", checkpoint.folder));
    } else {
      list.add(Verdict::kFailed, "lock", lock.error().message);
    }
  }
}

// A file that no reader looks at is put, read and removed.
Result<void> try_store(Store& store) {
  const std::string path = fmt::format("{}/check/{}", kInternalFolder, format_hex(system_random()));
  if (auto put = store.put(path, "x"); !put) return put;
  const auto read = store.get(path);
  if (!read) return std::unexpected(read.error());
  if (*read != "x") return fail("{}: was put and cannot be read", store.shown(path));
  return store.remove(path);
}

void check_lake_bucket(const std::string& url, Checklist& list) {
  const auto store = open_store(url, "check");
  if (!store) {
    list.add(Verdict::kFailed, "lake", store.error().message);
    return;
  }
  if (const auto tried = try_store(**store); !tried) {
    list.add(Verdict::kFailed, "lake",
             fmt::format("tried to write, read and remove a file: {}", tried.error().message));
    return;
  }
  const auto id = find_lake(**store);
  if (!id) {
    list.add(Verdict::kFailed, "lake", id.error().message);
  } else if (!*id) {
    list.add(Verdict::kOk, "lake",
             fmt::format("{}: writable, no lake yet; the first run makes it one", url));
  } else {
    list.add(Verdict::kOk, "lake", fmt::format("{}: writable, lake {}", url, **id));
    check_states(**store, /*is_folder=*/false, list);
  }
}

void check_lake_folder(const std::string& folder, const Config& config, Checklist& list) {
  std::error_code error;
  if (!std::filesystem::exists(folder, error)) {
    const std::string parent = existing_parent(folder).string();
    if (::access(parent.c_str(), W_OK | X_OK) != 0) {
      list.add(Verdict::kFailed, "lake",
               fmt::format("{}: does not exist, and cannot be created below {}: {}", folder, parent,
                           std::strerror(errno)));
      return;
    }
    list.add(Verdict::kOk, "lake",
             fmt::format("{}: does not exist; the first run creates it", folder));
    check_space(parent, config.checkpoint.due_max_bytes, list);
    return;
  }
  if (!std::filesystem::is_directory(folder, error)) {
    list.add(Verdict::kFailed, "lake",
             fmt::format("{}: is no directory; name another one in [lake] url", folder));
    return;
  }
  const std::string problem = try_to_write(folder);
  if (!problem.empty()) {
    list.add(
        Verdict::kFailed, "lake",
        fmt::format("{}: tried to write a file: {}; the user who runs this needs to write there",
                    folder, problem));
    return;
  }
  check_space(folder, config.checkpoint.due_max_bytes, list);
  if (std::filesystem::is_empty(folder, error)) {
    list.add(Verdict::kOk, "lake",
             fmt::format("{}: writable, empty; the first run makes it a lake", folder));
    return;
  }
  const auto lake = LakeView::open(folder);
  if (!lake) {
    list.add(Verdict::kFailed, "lake", lake.error().message);
    return;
  }
  list.add(Verdict::kOk, "lake", fmt::format("{}: writable, lake {}", folder, lake->lake_id()));
  check_states(lake->store(), /*is_folder=*/true, list);
}

class NoAnswers final : public WebHandler {
  WebAnswer answer(const WebRequest&) override { return web_error(503, "only a check"); }
  std::unique_ptr<EventSource> events(const WebRequest&) override { return nullptr; }
};

void check_dashboard(const DashboardConfig& dashboard, Checklist& list) {
  NoAnswers handler;
  HttpServerSettings settings;
  settings.listen = dashboard.listen;
  const auto server = HttpServer::start(std::move(settings), handler);
  if (!server) return list.add(Verdict::kFailed, "dashboard", server.error().message);
  const auto place = parse_listen(dashboard.listen);
  const bool is_public = place && !place->is_loopback;
  list.add(Verdict::kOk, "dashboard",
           fmt::format("{}: free to listen on{}{}", dashboard.listen,
                       is_public && dashboard.token.is_empty()
                           ? "; whoever reaches this machine can read it, as there is no token"
                           : "",
                       is_public && dashboard.requests_per_s == 0
                           ? "; requests_per_second = 0: a proxy before it has to limit requests"
                           : ""));
}

void check_outside(const Config& config, Checklist& list) {
  check_feeds(config, list);
  if (config.kafka) check_kafka(config, list);
  if (config.dashboard) check_dashboard(*config.dashboard, list);
  if (config.redis) check_redis(config, list);
}

}  // namespace

Result<ExitStatus> check(const std::string& config_file, Shell& shell) {
  const auto config = load_config(config_file, ConfigUse::kWhatItIs, shell.log);
  if (!config) return std::unexpected(config.error());
  Checklist list(shell);
  list.add(Verdict::kOk, "configuration", config_file);
  if (config->feeds.empty()) {
    check_zone(*config->system, list);
  }
  for (const FeedConfig& feed : config->feeds) {
    if (!feed.system.timezone.empty()) check_zone(feed.system, list);  // else the feed says it
  }
  if (!config->lake) {
    // A producer's.
  } else if (config->lake->url.starts_with(S3Store::kScheme)) {
    check_lake_bucket(config->lake->url, list);
  } else {
    check_lake_folder(config->lake->url, *config, list);
  }
  if (!config->checkpoint.url.empty()) {
    list.add(Verdict::kUnchecked, "checkpoint",
             fmt::format("{}: this version keeps its state in the lake", config->checkpoint.url));
  }
  check_outside(*config, list);
  return list.status();
}

void register_check(CommandLine& line) {
  auto config = std::make_shared<std::string>();
  Command& command = line.add(
      {.name = "check",
       .summary = "check a configuration, and each outside thing that it names",
       .description =
           "Reads the configuration, of a pipeline or of a producer (feeds and a topic, no lake), "
           "and "
           "tells everything that is wrong with it, each with its line. "
           "Then a line for each outside thing: what was tried, what was found, what to do. The "
           "lake is written to (a file that is removed again); nothing else is changed. Each feed "
           "is polled once, all of them within 30 s.\n\n"
           "Exit status: 0 all is well; 1 something is wrong; 3 nothing is wrong, but something "
           "could not be checked.",
       .examples = {"bikeflow check -c bikeflow.toml"}},
      [config](Shell& shell) { return check(*config, shell); });
  command.text({.name = "-c,--config",
                .value = "FILE",
                .help = "the configuration of a pipeline or a producer",
                .required = true},
               config.get());
}

}  // namespace bikeflow
