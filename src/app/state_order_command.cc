#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "app/state_command.h"
#include "io/lake_id.h"
#include "io/open_store.h"
#include "io/random.h"
#include "lake/closed_hours.h"
#include "lake/state_order.h"
#include "pipeline/checkpoint_name.h"
#include "pipeline/owner.h"

namespace bikeflow {
namespace {

struct PartitionId {
  std::string topic;
  std::int32_t number = 0;
};

std::optional<PartitionId> parse_partition(std::string_view text) {
  const std::size_t slash = text.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return std::nullopt;
  PartitionId id{std::string(text.substr(0, slash)), 0};
  const std::string_view number = text.substr(slash + 1);
  const auto [end, error] = std::from_chars(number.begin(), number.end(), id.number);
  if (error != std::errc() || end != number.end() || id.number < 0) return std::nullopt;
  return id;
}

struct PartitionState {
  std::unique_ptr<Store> store;
  PartitionId id;
  std::string folder;
  std::vector<std::string> checkpoints;  // by sequence, the newest last
};

Result<PartitionState> open_partition(const StateOrderOptions& options) {
  auto id = parse_partition(options.partition);
  if (!id) return fail("--partition is TOPIC/NUMBER, not '{}'", options.partition);
  auto store = open_store(options.lake, "state");
  if (!store) return std::unexpected(store.error());
  if (auto lake = read_lake(**store); !lake) return std::unexpected(lake.error());
  PartitionState state{std::move(*store), *std::move(id), {}, {}};
  state.folder = state_folder_of(state.id.topic, state.id.number);
  const std::string order = fmt::format("{}/{}", state.folder, kStateOrderName);
  auto other = state.store->get(order);
  if (!other) return std::unexpected(other.error());
  if (*other) {
    return fail(
        "{}: an order is there already, which the partition's owner has not executed yet; start "
        "bikeflow run, or remove the file",
        state.store->shown(order));
  }
  auto files = state.store->list(state.folder, Store::Scope::kAll);
  if (!files) return std::unexpected(files.error());
  for (const StoredFile& file : *files) {
    if (checkpoint_sequence(name_of(file.path))) {
      state.checkpoints.emplace_back(name_of(file.path));
    }
  }
  std::ranges::sort(state.checkpoints, {},
                    [](const std::string& name) { return *checkpoint_sequence(name); });
  return state;
}

Result<Job> load(PartitionState& state, const std::string& name) {
  const std::string path = fmt::format("{}/{}", state.folder, name);
  auto bytes = state.store->get(path);
  if (!bytes) return std::unexpected(bytes.error());
  if (!*bytes) return fail("{}: there is no such checkpoint", state.store->shown(path));
  auto job = Job::restore(**bytes);
  if (!job) return with_context(state.store->shown(path), job.error());
  if (!job->log()) return fail("{}: is not of a topic's partition", state.store->shown(path));
  return job;
}

// The files of a partition that a state knows nothing of; of no state: all.
Result<std::vector<std::string>> files_beyond(PartitionState& state, const Job* job) {
  auto all = state.store->list("", Store::Scope::kWithoutInternal);
  if (!all) return std::unexpected(all.error());
  std::vector<std::string> beyond;
  std::set<std::string> folders;
  const auto is_known = [&](const StoredFile& file, const HourlyName& hour) {
    if (job == nullptr) return false;
    const auto system = system_of_path(file.path);
    for (const auto& partition : job->partitions()) {
      if (system && partition->settings().system != *system) continue;
      const Task& task = partition->task();
      return task.watermark().value() != Watermark::kNone &&
             hour.window.end <= task.settings().windows.pane_start(task.watermark().value());
    }
    return false;
  };
  for (const StoredFile& file : *all) {
    const std::string_view name = name_of(file.path);
    if (const auto hour = parse_hourly_name(name)) {
      if (hour->source != state.id.topic || hour->partition != state.id.number ||
          is_known(file, *hour)) {
        continue;
      }
      folders.emplace(folder_of(file.path));
      beyond.push_back(file.path);
    } else if (const auto records = parse_records_name(name)) {
      const Position& first = records->first_row;
      if (records->source == state.id.topic && first.partition == state.id.number &&
          (job == nullptr || first.offset >= job->log()->next_offset)) {
        beyond.push_back(file.path);
      }
    }
  }
  // Those hours are complete no more.
  for (const StoredFile& file : *all) {
    if (name_of(file.path) == kSuccessName && folders.contains(std::string(folder_of(file.path)))) {
      beyond.push_back(file.path);
    }
  }
  return beyond;
}

Result<ExitStatus> give_order(PartitionState& state, StateOrder order, Shell& shell) {
  order.id = std::max<std::uint64_t>(system_random(), 1);
  if (!state.checkpoints.empty()) order.newest = state.checkpoints.back();
  const std::string path = fmt::format("{}/{}", state.folder, kStateOrderName);
  auto done = state.store->put(path, to_json(order));
  if (done) done = state.store->sync();
  if (!done) return std::unexpected(done.error());
  shell.out.print(
      "{}/{}: ordered: {}; its owner executes it within seconds, or the next run does\n",
      state.id.topic, state.id.number, order_word(order.kind));
  return ExitStatus::kDone;
}

// Lists what goes, or removes it; markers first, so that no hour is called complete that is not.
Result<bool> remove_files(PartitionState& state, std::vector<std::string> paths, bool yes,
                          Shell& shell) {
  std::ranges::stable_partition(
      paths, [](const std::string& path) { return name_of(path) == kSuccessName; });
  if (!yes) {
    for (const std::string& path : paths) shell.out.print("{}\n", state.store->shown(path));
    shell.log.warning(fmt::format("{}; nothing was deleted or ordered: --yes does both",
                                  counted(std::ssize(paths), "file", "files")));
    return false;
  }
  // First of all how far it has closed: nobody may call those hours complete from now on.
  paths.insert(paths.begin(), closed_hours_path(state.id.topic, state.id.number));
  for (const std::string& path : paths) {
    if (auto done = state.store->remove(path); !done) return std::unexpected(done.error());
  }
  if (auto done = state.store->sync(); !done) return std::unexpected(done.error());
  shell.out.print("{} deleted\n", counted(std::ssize(paths) - 1, "file", "files"));
  return true;
}

Result<ExitStatus> list_checkpoints(PartitionState& state, Shell& shell) {
  if (state.checkpoints.empty()) {
    return fail("{}/{}: there is no checkpoint in {}", state.id.topic, state.id.number,
                state.store->shown(state.folder));
  }
  for (const std::string& name : state.checkpoints) {
    const auto job = load(state, name);
    if (!job) {
      shell.out.print("{}  cannot be read: {}\n", name, job.error().message);
      continue;
    }
    shell.out.print("{}  read to offset {}", name, job->log()->next_offset);
    for (const auto& partition : job->partitions()) {
      const Task& task = partition->task();
      if (!task.has_started()) continue;
      shell.out.print(", {} to {}", partition->settings().system,
                      format_utc(task.watermark().value()));
    }
    shell.out.print("\n");
  }
  shell.log.info("choose one: --to CHECKPOINT");
  return ExitStatus::kDone;
}

}  // namespace

Result<ExitStatus> state_accept_gap(const StateOrderOptions& options, Shell& shell) {
  auto state = open_partition(options);
  if (!state) return std::unexpected(state.error());
  return give_order(*state, {.kind = StateOrder::Kind::kAcceptGap, .checkpoint = {}, .newest = {}},
                    shell);
}

Result<ExitStatus> state_rewind(const StateOrderOptions& options, Shell& shell) {
  auto state = open_partition(options);
  if (!state) return std::unexpected(state.error());
  if (!options.to) return list_checkpoints(*state, shell);
  const auto job = load(*state, *options.to);
  if (!job) return std::unexpected(job.error());
  const auto target = checkpoint_sequence(*options.to);
  if (*target + kKeptSequences <= *checkpoint_sequence(state->checkpoints.back())) {
    return fail("{}: is about to be removed; choose a newer one", *options.to);
  }
  auto beyond = files_beyond(*state, &*job);
  if (!beyond) return std::unexpected(beyond.error());
  const auto removed = remove_files(*state, *std::move(beyond), options.yes, shell);
  if (!removed) return std::unexpected(removed.error());
  if (!*removed) return ExitStatus::kDone;
  return give_order(
      *state, {.kind = StateOrder::Kind::kRewind, .checkpoint = *options.to, .newest = {}}, shell);
}

Result<ExitStatus> state_discard_partition(const StateOrderOptions& options, Shell& shell) {
  auto state = open_partition(options);
  if (!state) return std::unexpected(state.error());
  auto all = files_beyond(*state, nullptr);
  if (!all) return std::unexpected(all.error());
  const auto removed = remove_files(*state, *std::move(all), options.yes, shell);
  if (!removed) return std::unexpected(removed.error());
  if (!*removed) return ExitStatus::kDone;
  return give_order(*state, {.kind = StateOrder::Kind::kDiscard, .checkpoint = {}, .newest = {}},
                    shell);
}

void register_state_orders(CommandLine& line) {
  const auto add = [&](CommandText text,
                       auto body) -> std::pair<Command&, std::shared_ptr<StateOrderOptions>> {
    auto options = std::make_shared<StateOrderOptions>();
    Command& command =
        line.add(std::move(text), [options, body](Shell& shell) { return body(*options, shell); });
    command.text({.name = "--lake", .value = "LAKE", .help = "the lake", .required = true},
                 &options->lake);
    command.text({.name = "--partition",
                  .value = "TOPIC/N",
                  .help = "the partition that has stopped",
                  .required = true},
                 &options->partition);
    return {command, options};
  };
  add({.name = "state accept-gap",
       .summary = "go on after records that are gone from the topic",
       .description =
           "For a partition that has stopped because records aged out before they were read. Its "
           "owner goes on at the oldest record that is there; the counts of its stations stay, and "
           "what changed unseen is kept apart as unobserved_change.",
       .examples = {"bikeflow state accept-gap --lake s3://bucket/lake --partition "
                    "bike-station-info/3"}},
      state_accept_gap);
  auto [rewind, options] = add(
      {.name = "state rewind",
       .summary = "go on from an older checkpoint of a partition",
       .description =
           "Without --to: lists the checkpoints that are there. With it: lists every file of "
           "the partition that the checkpoint knows nothing of; with --yes deletes them, and "
           "orders the partition's owner to go on from there. For a partition that has stopped, "
           "or while nothing runs.",
       .examples = {"bikeflow state rewind --lake lake --partition bike-station-info/3",
                    "bikeflow state rewind --lake lake --partition bike-station-info/3 --to "
                    "12-0123456789abcdef --yes"}},
      state_rewind);
  rewind.text({"--to", "CHECKPOINT", "where to go on"}, &options->to);
  rewind.flag({"--yes", "", "delete and order, not only list"}, &options->yes);
}

}  // namespace bikeflow
