#include "io/lake_session.h"

#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "base/overloaded.h"
#include "lake/paths.h"
#include "pipeline/checkpoint_name.h"

namespace bikeflow {

std::string state_folder(std::string_view lake, std::string_view job_name) {
  return fmt::format("{}/{}/state/{}", lake, kInternalFolder, escape_component(job_name));
}

Result<LakeSession> LakeSession::open(const std::string& lake, std::string_view job_name,
                                      const LakeWriter& writer, RandomSource random, Syncs syncs) {
  std::error_code error;
  std::filesystem::create_directories(lake, error);
  if (error) return fail("{}: cannot create the lake's folder: {}", lake, error.message());
  auto store = LocalStore::open(lake, escape_component(job_name), syncs);
  if (!store) return std::unexpected(store.error());
  auto state = StateDir::open(state_folder(lake, job_name), syncs);
  if (!state) return std::unexpected(state.error());
  if (auto cleaned = store->clean_unfinished(); !cleaned) return std::unexpected(cleaned.error());
  auto id = open_lake(*store, random);
  if (!id) return std::unexpected(id.error());
  if (auto done = register_writer(*store, writer); !done) return std::unexpected(done.error());
  return LakeSession(std::make_unique<LocalStore>(std::move(*store)), std::move(*state),
                     std::move(*id), writer.kind, std::move(random));
}

Result<std::optional<Job>> LakeSession::restore() {
  auto current = state_.load_current();
  if (!current) return std::unexpected(current.error());
  if (!*current) return std::nullopt;
  const std::string shown = state_.folder() + "/" + (*current)->name;
  Result<Job> job = Job::restore((*current)->bytes);
  if (!job) return with_context(shown, job.error());
  if (job->settings().lake_id != lake_id_) {
    return fail(
        "{}: is the state of another lake (id {}, here {}): it was copied here; discard it with "
        "bikeflow state discard, or put the lake's own state back",
        shown, job->settings().lake_id, lake_id_);
  }
  if (auto done = execute(job->publish_due()); !done) return std::unexpected(done.error());
  job->published();
  return std::optional<Job>(std::move(*job));
}

Result<void> LakeSession::commit(Job& job, Waiting waiting) {
  if (kind_ == LakeWriter::Kind::kBackfill) {
    if (auto free = refuse_hours_of_others(job); !free) return free;
  }
  auto effects = job.commit(checkpoint_name(job.sequence() + 1, random_()), waiting);
  if (!effects) return std::unexpected(effects.error());
  if (auto done = execute(*effects); !done) return done;
  job.published();
  return {};
}

Result<void> LakeSession::execute(const std::vector<Effect>& effects) {
  std::string current;
  for (const Effect& effect : effects) {
    Result<void> done = std::visit(
        Overloaded{
            [&](const WriteCheckpoint& write) { return state_.write(write.name, write.bytes); },
            [&](const SetCurrent& set) {
              current = set.name;
              return state_.commit(set.name);
            },
            [&](const PutFiles& put) -> Result<void> {
              for (const DueFile* file : put.files) {
                if (auto one = store_->put(file->path, file->bytes); !one) return one;
              }
              return store_->sync();
            },
            [&](const RemoveOldCheckpoints&) { return state_.collect(current); },
        },
        effect);
    if (!done) return done;
  }
  return {};
}

Result<std::optional<std::string>> LakeSession::find_file_of(std::string_view source) {
  auto files = store_->list("", Store::Scope::kWithoutInternal);
  if (!files) return std::unexpected(files.error());
  for (const StoredFile& file : *files) {
    const auto hour = parse_hourly_name(name_of(file.path));
    const auto records = parse_records_name(name_of(file.path));
    if (hour ? hour->source == source : records && records->source == source) return file.path;
  }
  return std::nullopt;
}

Result<std::vector<std::string>> LakeSession::files_of_others(const Job& job) {
  std::set<std::string_view> folders;
  for (const DueFile& file : job.due()) {
    if (file.path.starts_with(kHourlyFolder)) folders.insert(folder_of(file.path));
  }
  std::vector<std::string> of_others;
  for (const std::string_view folder : folders) {
    auto files = store_->list(folder, Store::Scope::kAll);
    if (!files) return std::unexpected(files.error());
    for (StoredFile& file : *files) {
      const auto name = parse_hourly_name(name_of(file.path));
      if (name && name->source != job.settings().source) of_others.push_back(std::move(file.path));
    }
  }
  return of_others;
}

// What can be read again at any time gives way to what cannot.
Result<void> LakeSession::refuse_hours_of_others(const Job& job) {
  const auto of_others = files_of_others(job);
  if (!of_others) return std::unexpected(of_others.error());
  if (of_others->empty()) return {};
  const std::string& file = of_others->front();
  return fail(
      "{}: this hour is already written by {}; {} would write it a second time, so nothing was "
      "written. Take another lake, or input of other hours",
      store_->shown(file), parse_hourly_name(name_of(file))->source, job.settings().source);
}

}  // namespace bikeflow
