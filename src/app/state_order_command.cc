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
  std::vector<std::string> orders;       // paths

  [[nodiscard]] std::string path_of(std::string_view name) const {
    return fmt::format("{}/{}", folder, name);
  }
};

Result<PartitionState> open_partition(const StateOrderOptions& options) {
  auto id = parse_partition(options.partition);
  if (!id) return fail("--partition is TOPIC/NUMBER, not '{}'", options.partition);
  auto store = open_store(options.lake, "state");
  if (!store) return std::unexpected(store.error());
  if (auto lake = read_lake(**store); !lake) return std::unexpected(lake.error());
  PartitionState state{std::move(*store), *std::move(id), {}, {}, {}};
  state.folder = state_folder_of(state.id.topic, state.id.number);
  auto files = state.store->list(state.folder, Store::Scope::kAll);
  if (!files) return std::unexpected(files.error());
  for (const StoredFile& file : *files) {
    const std::string_view name = name_of(file.path);
    if (checkpoint_sequence(name)) state.checkpoints.emplace_back(name);
    if (is_state_order_name(name)) state.orders.push_back(file.path);
  }
  std::ranges::sort(state.checkpoints, {},
                    [](const std::string& name) { return *checkpoint_sequence(name); });
  return state;
}

Result<Job> load(PartitionState& state, const std::string& name) {
  const std::string path = state.path_of(name);
  auto bytes = state.store->get(path);
  if (!bytes) return std::unexpected(bytes.error());
  if (!*bytes) return fail("{}: there is no such checkpoint", state.store->shown(path));
  auto job = Job::restore(**bytes);
  if (!job) return with_context(state.store->shown(path), job.error());
  if (!job->log()) return fail("{}: is not of a topic's partition", state.store->shown(path));
  return job;
}

// The checkpoints from the newest on back to the oldest that is there, each the predecessor of the
// one before it. No other may be gone back to: it was never committed, or was left by an earlier
// rewind or discard, and files that it takes for granted were never written or are deleted.
std::vector<std::string> line_from(PartitionState& state, std::string name) {
  std::vector<std::string> line;
  while (!name.empty()) {
    const auto job = load(state, name);
    if (!job) break;
    line.push_back(std::move(name));
    name = job->predecessor();
  }
  return line;
}

// Those of the highest sequence of which any can be read: more than one where an owner died, or
// lost the partition, between its checkpoint and the commit.
std::vector<std::string> ends_of_line(PartitionState& state) {
  std::vector<std::string> ends;
  for (auto name = state.checkpoints.rbegin(); name != state.checkpoints.rend(); ++name) {
    if (!ends.empty() && checkpoint_sequence(*name) != checkpoint_sequence(ends.front())) break;
    if (load(state, *name)) ends.push_back(*name);
  }
  return ends;
}

// A file in the lake which became due in a checkpoint and is not as `other` has it: so the former
// was committed, and `other` was not. Nothing where there is none.
Result<std::optional<std::string>> find_published(PartitionState& state, const std::string& name,
                                                  const Job& other) {
  const auto job = load(state, name);
  if (!job) return std::unexpected(job.error());
  for (const DueFile& file : job->due()) {
    if (file.since != job->sequence()) continue;
    const auto same = std::ranges::find(other.due(), file.path, &DueFile::path);
    if (same != other.due().end() && same->bytes == file.bytes) continue;
    auto bytes = state.store->get(file.path);
    if (!bytes) return std::unexpected(bytes.error());
    if (*bytes && **bytes == file.bytes) return file.path;
  }
  return std::nullopt;
}

// Whether all that a checkpoint takes for granted is in the lake, or is still due in it.
Result<void> look_whether_committed(PartitionState& state, const std::string& name,
                                    const Job& target) {
  const std::vector<std::string> ends = ends_of_line(state);
  const auto is_in = [&](const std::vector<std::string>& names) {
    return std::ranges::find(names, name) != names.end();
  };
  const auto is_on_line = [&](const std::string& end) { return is_in(line_from(state, end)); };
  if (std::ranges::none_of(ends, is_on_line)) {
    return fail(
        "{}: was never committed, or an earlier rewind or discard has left it: files that it takes "
        "for granted are not in the lake. Choose another one (bikeflow state rewind without --to "
        "lists them)",
        state.store->shown(state.path_of(name)));
  }
  if (!is_in(ends)) return {};
  for (const std::string& end : ends) {
    if (end == name) continue;
    const auto published = find_published(state, end, target);
    if (!published) return std::unexpected(published.error());
    if (!*published) continue;
    return fail("{}: was never committed: {} is in the lake, as {} has it. Choose that one",
                state.store->shown(state.path_of(name)), **published, end);
  }
  return {};
}

// The files of a partition that a state knows nothing of, and the markers of all hours that it has
// not closed: when it reads again it may have rows of an hour in which it had none. Of no state:
// all.
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
      if (hour->source != state.id.topic || is_known(file, *hour)) continue;
      folders.emplace(folder_of(file.path));
      if (hour->partition == state.id.number) beyond.push_back(file.path);
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

// An order with a name; of one like it that was cut off, with that one's. An Error where another is
// there.
Result<StateOrder> begin_order(PartitionState& state, StateOrder order) {
  order.id = std::max<std::uint64_t>(system_random(), 1);
  if (!state.checkpoints.empty()) order.newest = state.checkpoints.back();
  for (const std::string& path : state.orders) {
    const auto text = state.store->get(path);
    if (!text) return std::unexpected(text.error());
    if (!*text) continue;  // it was executed meanwhile
    const auto other = parse_state_order(**text);
    if (!other) return fail("{}: {}", state.store->shown(path), other.error().message);
    const bool is_like_it = other->kind == order.kind && other->checkpoint == order.checkpoint;
    if (other->is_unfinished && (is_like_it || order.kind == StateOrder::Kind::kDiscard)) {
      order.id = other->id;
    } else if (other->is_unfinished) {
      return fail(
          "{}: bikeflow state {}{}{} was cut off, or is at work: what it deleted is written again "
          "only where it is given again, as it was",
          state.store->shown(path), order_word(other->kind),
          other->checkpoint.empty() ? "" : " --to ", other->checkpoint);
    } else {
      return fail(
          "{}: an order is there already ({}), which the partition's owner has not executed yet: "
          "start bikeflow run. To take it back, remove the file; what a rewind or a discard has "
          "deleted is written again only by another one that goes at least as far",
          state.store->shown(path), order_word(other->kind));
    }
  }
  return order;
}

Result<void> put_order(PartitionState& state, const StateOrder& order) {
  auto done = state.store->put(state.path_of(state_order_name(order.id)), to_json(order));
  return done ? state.store->sync() : done;
}

Result<ExitStatus> give_order(PartitionState& state, const StateOrder& order, Shell& shell) {
  if (auto done = put_order(state, order); !done) return std::unexpected(done.error());
  shell.out.print(
      "{}/{}: ordered: {}; its owner executes it within seconds, or the next run does\n",
      state.id.topic, state.id.number, order_word(order.kind));
  return ExitStatus::kDone;
}

// Markers first, so that no hour is called complete that is not.
Result<void> remove_files(PartitionState& state, std::vector<std::string> paths) {
  std::ranges::stable_partition(
      paths, [](const std::string& path) { return name_of(path) == kSuccessName; });
  // First of all how far it has closed: nobody may call those hours complete from now on.
  paths.insert(paths.begin(), closed_hours_path(state.id.topic, state.id.number));
  for (const std::string& path : paths) {
    if (auto done = state.store->remove(path); !done) return done;
  }
  return state.store->sync();
}

// Lists what goes; with `yes` removes it and gives the order. Before anything is removed the order
// is there, unfinished: cut off in between, the partition must not go on as if nothing were
// missing.
Result<ExitStatus> remove_and_order(PartitionState& state, const Job* target, StateOrder order,
                                    bool yes, Shell& shell) {
  auto begun = begin_order(state, std::move(order));
  if (!begun) return std::unexpected(begun.error());
  auto beyond = files_beyond(state, target);
  if (!beyond) return std::unexpected(beyond.error());
  const std::string count = counted(std::ssize(*beyond), "file", "files");
  if (!yes) {
    for (const std::string& path : *beyond) shell.out.print("{}\n", state.store->shown(path));
    shell.log.warning(fmt::format("{}; nothing was deleted or ordered: --yes does both", count));
    return ExitStatus::kDone;
  }
  begun->is_unfinished = true;
  auto done = put_order(state, *begun);
  if (done) done = remove_files(state, *std::move(beyond));
  if (!done) return std::unexpected(done.error());
  shell.out.print("{} deleted\n", count);
  begun->is_unfinished = false;
  return give_order(state, *begun, shell);
}

Result<ExitStatus> list_checkpoints(PartitionState& state, Shell& shell) {
  if (state.checkpoints.empty()) {
    return fail("{}/{}: there is no checkpoint in {}", state.id.topic, state.id.number,
                state.store->shown(state.folder));
  }
  std::set<std::string> on_line;
  for (const std::string& end : ends_of_line(state)) {
    for (std::string& name : line_from(state, end)) on_line.insert(std::move(name));
  }
  for (const std::string& name : state.checkpoints) {
    const auto job = load(state, name);
    if (!job) {
      shell.out.print("{}  cannot be read: {}\n", name, job.error().message);
      continue;
    }
    if (!on_line.contains(name)) {
      shell.out.print("{}  cannot be gone back to: never committed, or left by a rewind\n", name);
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
  const auto order =
      begin_order(*state, {.kind = StateOrder::Kind::kAcceptGap, .checkpoint = {}, .newest = {}});
  if (!order) return std::unexpected(order.error());
  return give_order(*state, *order, shell);
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
  if (auto done = look_whether_committed(*state, *options.to, *job); !done) {
    return std::unexpected(done.error());
  }
  return remove_and_order(
      *state, &*job, {.kind = StateOrder::Kind::kRewind, .checkpoint = *options.to, .newest = {}},
      options.yes, shell);
}

Result<ExitStatus> state_discard_partition(const StateOrderOptions& options, Shell& shell) {
  auto state = open_partition(options);
  if (!state) return std::unexpected(state.error());
  return remove_and_order(*state, nullptr,
                          {.kind = StateOrder::Kind::kDiscard, .checkpoint = {}, .newest = {}},
                          options.yes, shell);
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
