#include "io/dead_letter_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include <fmt/core.h>

#include "base/json_text.h"
#include "io/os_error.h"

namespace bikeflow {
namespace {

constexpr std::string_view kEnding = ".ndjson";
constexpr std::string_view kDayForm = "2024-08-11";

std::string line_of(const DeadLetter& letter) {
  const Refusal& why = letter.refusal;
  return fmt::format(
      R"({{"source":{},"received_at":"{}","reason":"{}","detail":{},"byte":{},"record":{}}})"
      "\n",
      json_string(letter.source), format_utc(letter.received_at), reason_word(why.reason),
      json_string(why.detail), why.byte ? fmt::format("{}", *why.byte) : "null",
      json_string(letter.record));
}

// How many bytes of the file are whole lines.
Result<std::uint64_t> size_of_lines(const File& file, std::uint64_t size_bytes,
                                    std::string_view shown) {
  std::array<char, 4096> room;
  while (size_bytes > 0) {
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(size_bytes, room.size()));
    const std::uint64_t begin = size_bytes - part;
    const ssize_t got = ::pread(file.descriptor(), room.data(), part, static_cast<off_t>(begin));
    if (got < 0 && errno == EINTR) continue;
    if (got != static_cast<ssize_t>(part)) return os_failure("read", shown, got < 0 ? errno : EIO);
    const std::size_t end = std::string_view(room.data(), part).rfind('\n');
    if (end != std::string_view::npos) return begin + end + 1;
    size_bytes = begin;
  }
  return 0;
}

}  // namespace

Result<std::unique_ptr<DeadLetterFolder>> DeadLetterFolder::open(std::string folder,
                                                                 std::uint64_t most_bytes) {
  std::unique_ptr<DeadLetterFolder> made(new DeadLetterFolder(std::move(folder), most_bytes));
  const auto opened = made->open_folder();
  if (!opened) return std::unexpected(opened.error());
  if (!*opened) return made;
  const auto files = made->find(**opened);
  if (!files) return std::unexpected(files.error());
  for (const Kept& kept : *files) {  // any may have been the last one
    const std::string name = file_name(kept.name), shown = made->path(name);
    const auto file = open_file((*opened)->descriptor(), name, O_RDWR | O_APPEND, shown);
    if (file) (void)made->append(**opened, *file, shown, "");
  }
  // The bound may have been lowered. Whatever stands in the way is said with the first that is
  // kept; nobody's polls wait for it.
  (void)made->make_room(**opened, *files);
  return made;
}

std::string DeadLetterFolder::file_name(const Name& name) {
  return fmt::format("{}-{:04}{}", name.day, name.number, kEnding);
}

// Only what it would have named so itself: whatever else lies there is not its to remove.
bool DeadLetterFolder::parse(std::string_view text, Name& name) {
  if (text.size() <= kDayForm.size() + 1 || !text.ends_with(kEnding)) return false;
  name.day = text.substr(0, kDayForm.size());
  const auto is_like = [](char c, char form) {
    return form == '-' ? c == '-' : c >= '0' && c <= '9';
  };
  if (!std::ranges::equal(name.day, kDayForm, is_like)) return false;
  const std::string_view number = text.substr(kDayForm.size() + 1);
  std::from_chars(number.data(), number.data() + number.size(), name.number);
  return file_name(name) == text;
}

std::string DeadLetterFolder::path(std::string_view name) const {
  return fmt::format("{}/{}", folder_, name);
}

void DeadLetterFolder::add(const std::vector<DeadLetter>& letters) {
  for (const DeadLetter& letter : letters) {
    waiting_ += line_of(letter);
    if (waiting_.size() > 2 * kMostAtOnceBytes) leave_at_most(kMostAtOnceBytes, lost_bytes_);
  }
  leave_at_most(has_failed_ ? kMostInMemoryBytes : kMostAtOnceBytes, lost_bytes_);
}

// The last ones, in whole lines.
void DeadLetterFolder::leave_at_most(std::uint64_t most_bytes, std::uint64_t& counted_bytes) {
  if (waiting_.size() <= most_bytes) return;
  const std::size_t end = waiting_.find('\n', waiting_.size() - most_bytes - 1);
  counted_bytes += end + 1;
  waiting_.erase(0, end + 1);
}

Result<void> DeadLetterFolder::keep(Seconds now) {
  if (waiting_.empty()) return {};
  leave_at_most(most_bytes_, gone_bytes_);
  auto done = write(now);
  has_failed_ = !done;
  if (done) {
    waiting_ = {};
  } else {
    leave_at_most(kMostInMemoryBytes, lost_bytes_);
  }
  return done;
}

Result<void> DeadLetterFolder::write(Seconds now) {
  const auto opened = open_or_make_folder();
  if (!opened) return std::unexpected(opened.error());
  const auto files = find(*opened);
  if (!files) return std::unexpected(files.error());
  if (auto done = make_room(*opened, *files); !done) return done;
  Name name = name_for(*files, format_utc(now).substr(0, kDayForm.size()));
  const auto open = [&] {
    const std::string text = file_name(name);
    return open_file(opened->descriptor(), text, O_RDWR | O_CREAT | O_APPEND, path(text));
  };
  auto file = open();
  if (!file) {  // somebody else's
    ++name.number;
    file = open();
  }
  if (!file) return std::unexpected(file.error());
  return append(*opened, *file, path(file_name(name)), waiting_);
}

Result<std::optional<File>> DeadLetterFolder::open_folder() const {
  File opened(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.is_open()) return opened;
  if (errno == ENOENT) return std::nullopt;
  return os_failure("open", folder_, errno);
}

Result<File> DeadLetterFolder::open_or_make_folder() const {
  auto opened = open_folder();
  if (!opened) return std::unexpected(opened.error());
  if (*opened) return **std::move(opened);
  if (auto made = make_folders(folder_); !made) return std::unexpected(made.error());
  return open_file(folder_, O_RDONLY | O_DIRECTORY);
}

Result<std::vector<DeadLetterFolder::Kept>> DeadLetterFolder::find(const File& opened) const {
  const auto listed = list_files(opened, folder_);
  if (!listed) return std::unexpected(listed.error());
  std::vector<Kept> files;
  for (const ListedFile& file : *listed) {
    Kept kept{{}, file.size_bytes};
    if (parse(file.name, kept.name)) files.push_back(std::move(kept));
  }
  std::ranges::sort(files, {}, &Kept::name);
  return files;
}

DeadLetterFolder::Name DeadLetterFolder::name_for(const std::vector<Kept>& files,
                                                  std::string day) const {
  if (!files.empty()) day = std::max(day, files.back().name.day);
  Name name{day, 1};
  for (const Kept& file : files) {  // the last one of the day
    if (file.name.day != day) continue;
    const bool is_full =
        file.size_bytes > 0 && file.size_bytes + waiting_.size() > most_bytes_ / kFilesInBound;
    name.number = file.name.number + (is_full ? 1 : 0);
  }
  return name;
}

Result<void> DeadLetterFolder::make_room(const File& opened, const std::vector<Kept>& files) {
  std::uint64_t size_bytes = waiting_.size();
  for (const Kept& file : files) size_bytes += file.size_bytes;
  Result<void> removed;
  for (const Kept& file : files) {
    if (size_bytes <= most_bytes_) return {};
    const std::string oldest = file_name(file.name);
    if (::unlinkat(opened.descriptor(), oldest.c_str(), 0) != 0 && errno != ENOENT) {
      removed = os_failure("remove", path(oldest), errno);
      continue;
    }
    size_bytes -= file.size_bytes;
    gone_bytes_ += file.size_bytes;
  }
  return size_bytes <= most_bytes_ ? Result<void>() : removed;
}

Result<void> DeadLetterFolder::append(const File& opened, const File& file,
                                      const std::string& shown, std::string_view lines) {
  struct stat status{};
  if (::fstat(file.descriptor(), &status) != 0) return os_failure("look at", shown, errno);
  const auto size_bytes = static_cast<std::uint64_t>(status.st_size);
  const auto begin = size_of_lines(file, size_bytes, shown);
  if (!begin) return std::unexpected(begin.error());
  const auto cut = [&] { return ::ftruncate(file.descriptor(), static_cast<off_t>(*begin)) == 0; };
  if (*begin < size_bytes && !cut()) return os_failure("cut", shown, errno);
  if (lines.empty()) return {};
  auto done = write_all(file, lines, shown);
  if (done) done = sync_file(file, shown);
  if (done && (*begin == 0 || !has_synced_)) {  // its name may be new
    done = sync_file(opened, folder_);
    has_synced_ = done.has_value();
  }
  if (!done) (void)cut();  // else what came through would be there twice
  return done;
}

}  // namespace bikeflow
