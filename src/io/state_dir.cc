#include "io/state_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <vector>

#include <fmt/core.h>

#include "base/check.h"
#include "io/os_error.h"
#include "io/process_lock.h"
#include "pipeline/checkpoint_name.h"

namespace bikeflow {
namespace {

constexpr const char* kCurrent = "CURRENT";
constexpr const char* kNextCurrent = "CURRENT.new";

std::string path_in(std::string_view folder, std::string_view name) {
  return fmt::format("{}/{}", folder, name);
}

Result<std::string> parse_current(std::string_view text, const std::string& path) {
  if (text.ends_with('\n') && checkpoint_sequence(text.substr(0, text.size() - 1))) {
    return std::string(text.substr(0, text.size() - 1));
  }
  return fail(
      "{}: holds no checkpoint's name but '{}', so it was not written by bikeflow; put back the "
      "file "
      "from a backup, or discard the state: bikeflow state discard",
      path, text.substr(0, 80));
}

// `read(name)`: the bytes of a file of the folder; nothing where it is not there. `shown`: the
// folder, as the user would name it.
template <class Read>
Result<std::optional<StoredCheckpoint>> load(Read&& read, const std::string& shown) {
  const std::string current_path = path_in(shown, kCurrent);
  Result<std::optional<std::string>> text = read(kCurrent);
  if (!text) return std::unexpected(text.error());
  if (!*text) return std::nullopt;
  auto name = parse_current(**text, current_path);
  if (!name) return std::unexpected(name.error());
  Result<std::optional<std::string>> bytes = read(*name);
  if (!bytes) return std::unexpected(bytes.error());
  if (!*bytes) {
    return fail(
        "{}: names the checkpoint {}, which is not in the folder; put it back from a backup, or "
        "discard "
        "the state: bikeflow state discard",
        current_path, *name);
  }
  return StoredCheckpoint{*std::move(name), **std::move(bytes)};
}

}  // namespace

StateDir::StateDir(std::string folder, File opened, File lock, Syncs syncs)
    : folder_(std::move(folder)),
      opened_(std::move(opened)),
      lock_(std::move(lock)),
      syncs_(syncs) {}

std::string StateDir::shown(std::string_view name) const { return path_in(folder_, name); }

Result<void> StateDir::sync(const File& file, std::string_view shown) const {
  return syncs_ == Syncs::kOn ? sync_file(file, shown) : Result<void>();
}

Result<StateDir> StateDir::open(const std::string& folder, Syncs syncs) {
  if (auto made = make_folders(folder); !made) return std::unexpected(made.error());
  auto opened = open_file(folder, O_RDONLY | O_DIRECTORY);
  if (!opened) return std::unexpected(opened.error());
  auto lock = lock_folder(folder);
  if (!lock) return std::unexpected(lock.error());
  return StateDir(folder, *std::move(opened), *std::move(lock), syncs);
}

Result<std::optional<StoredCheckpoint>> StateDir::peek(Store& store, const std::string& folder) {
  const auto read = [&](const std::string& name) { return store.get(path_in(folder, name)); };
  // The owner may have gone on and collected what CURRENT named; then CURRENT names another now.
  auto first = load(read, store.shown(folder));
  return first ? std::move(first) : load(read, store.shown(folder));
}

Result<std::optional<StoredCheckpoint>> StateDir::load_current() const {
  // The process before may have died between the rename and its sync: what is published from this
  // CURRENT must not outlive it in a power cut.
  if (auto synced = sync(opened_, folder_); !synced) return std::unexpected(synced.error());
  return load(
      [&](const std::string& name) {
        return read_file_if_any(opened_.descriptor(), name, shown(name));
      },
      folder_);
}

Result<void> StateDir::write(std::string_view name, std::string_view bytes) {
  CHECK(checkpoint_sequence(name).has_value());
  const std::string path = shown(name);
  auto file = open_file(opened_.descriptor(), std::string(name), O_WRONLY | O_CREAT | O_EXCL, path);
  if (!file) return std::unexpected(file.error());
  auto done = write_all(*file, bytes, path);
  if (done) done = prepare(name);
  if (done) done = sync(*file, path);
  if (done) done = sync(opened_, folder_);
  // Without this a full disk would stay full of checkpoints that nobody reads.
  if (!done) ::unlinkat(opened_.descriptor(), std::string(name).c_str(), 0);
  return done;
}

Result<void> StateDir::prepare(std::string_view name) {
  const std::string path = shown(kCurrent);
  auto file = open_file(opened_.descriptor(), kNextCurrent, O_WRONLY | O_CREAT | O_TRUNC, path);
  if (!file) return std::unexpected(file.error());
  if (auto done = write_all(*file, fmt::format("{}\n", name), path); !done) return done;
  // A hint: its blocks are found a place now, and go to the disk with what is synced next.
  if (syncs_ == Syncs::kOn) ::sync_file_range(file->descriptor(), 0, 0, SYNC_FILE_RANGE_WRITE);
  next_current_ = *std::move(file);
  next_ = name;
  return {};
}

Result<void> StateDir::commit(std::string_view name) {
  const std::string path = shown(kCurrent);
  // A commit that failed may have taken it away.
  if (next_ != name) {
    if (auto done = prepare(name); !done) return done;
  }
  next_.clear();
  if (auto done = sync(next_current_, path); !done) return done;
  if (::renameat(opened_.descriptor(), kNextCurrent, opened_.descriptor(), kCurrent) != 0) {
    return os_failure("replace", path, errno);
  }
  return sync(opened_, folder_);
}

Result<void> StateDir::collect(std::string_view current) {
  const auto sequence = checkpoint_sequence(current);
  CHECK(sequence.has_value());
  const int copy = ::openat(opened_.descriptor(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return os_failure("list", folder_, errno);
  const std::unique_ptr<DIR, decltype([](DIR* each) { ::closedir(each); })> list(::fdopendir(copy));
  CHECK(list != nullptr);
  std::vector<std::string> old;
  while (const dirent* entry = ::readdir(list.get())) {
    const auto each = checkpoint_sequence(entry->d_name);
    if (each && *each + kKeptSequences <= *sequence) old.emplace_back(entry->d_name);
  }
  for (const std::string& name : old) {
    if (::unlinkat(opened_.descriptor(), name.c_str(), 0) != 0 && errno != ENOENT) {
      return os_failure("remove", shown(name), errno);
    }
  }
  return {};
}

}  // namespace bikeflow
