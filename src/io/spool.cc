#include "io/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

#include <fmt/core.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/hash.h"
#include "io/compress.h"
#include "io/decompress.h"
#include "io/os_error.h"
#include "io/process_lock.h"

namespace bikeflow {
namespace {

constexpr std::string_view kRoundSuffix = ".round";
constexpr std::string_view kFeedSuffix = ".feed";
constexpr std::size_t kDigits = 16;
constexpr std::uint64_t kMostUnpackedBytes = std::uint64_t{1} << 30;

std::string round_name(std::uint64_t number) {
  return fmt::format("{:0{}}{}", number, kDigits, kRoundSuffix);
}

std::optional<std::uint64_t> round_number(std::string_view name) {
  if (name.size() != kDigits + kRoundSuffix.size() || !name.ends_with(kRoundSuffix)) return {};
  std::uint64_t number = 0;
  const char* end = name.data() + kDigits;
  const auto read = std::from_chars(name.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end) return {};
  return number;
}

std::string pack(std::string_view bytes) {
  Writer sized;
  sized.u64(bytes.size());
  std::string body = sized.take();
  compressor_for(".zst")->add(bytes, true, body);
  Writer packed;
  packed.u64(hash64(body));
  packed.raw(body);
  return packed.take();
}

// Nothing where the bytes are not whole.
std::optional<std::string> unpack(std::string_view packed) {
  Reader in(packed);
  const std::uint64_t hash = in.u64();
  const std::string_view body = in.raw(in.left());
  if (!in.ok() || hash != hash64(body)) return std::nullopt;
  Reader sized(body);
  const std::uint64_t size_bytes = sized.u64();
  const std::string_view rest = sized.raw(sized.left());
  if (!sized.ok() || size_bytes > kMostUnpackedBytes) return std::nullopt;
  auto decompressor = decompressor_for(rest);
  if (!decompressor || *decompressor == nullptr) return std::nullopt;
  std::string bytes(size_bytes + 1, '\0');  // with room left, so that the end is read as well
  std::size_t consumed = 0, produced = 0;
  while (true) {
    const auto step = (*decompressor)
                          ->step({rest.data() + consumed, rest.size() - consumed},
                                 {bytes.data() + produced, bytes.size() - produced});
    if (step.damage) return std::nullopt;
    consumed += step.consumed;
    produced += step.produced;
    if (step.consumed == 0 && step.produced == 0) break;
  }
  if (produced != size_bytes || !(*decompressor)->may_end()) return std::nullopt;
  bytes.resize(size_bytes);
  return bytes;
}

}  // namespace

Spool::Spool(std::string folder, std::uint64_t most_bytes, File opened, File lock)
    : folder_(std::move(folder)),
      most_bytes_(most_bytes),
      opened_(std::move(opened)),
      lock_(std::move(lock)) {}

Result<std::unique_ptr<Spool>> Spool::open(std::string folder, std::uint64_t most_bytes) {
  if (auto made = make_folders(folder); !made) return std::unexpected(made.error());
  auto lock = lock_folder(folder);
  if (!lock) return std::unexpected(lock.error());
  auto opened = open_file(folder, O_RDONLY | O_DIRECTORY);
  if (!opened) return std::unexpected(opened.error());
  std::unique_ptr<Spool> spool(
      new Spool(std::move(folder), most_bytes, *std::move(opened), *std::move(lock)));
  if (auto found = spool->find_rounds(); !found) return std::unexpected(found.error());
  return spool;
}

Result<void> Spool::find_rounds() {
  const auto files = list_files(opened_, folder_);
  if (!files) return std::unexpected(files.error());
  for (const ListedFile& file : *files) {
    const auto number = round_number(file.name);
    if (!number) continue;
    waiting_.push_back({*number, file.size_bytes});
    waiting_bytes_ += file.size_bytes;
  }
  std::ranges::sort(waiting_, {}, &Waiting::number);
  if (!waiting_.empty()) next_number_ = waiting_.back().number + 1;
  make_room();  // the bound may have been lowered
  return {};
}

std::string Spool::path(std::string_view name) const { return fmt::format("{}/{}", folder_, name); }

Result<void> Spool::write_round(std::uint64_t number, std::string_view bytes) {
  const std::string name = round_name(number), shown = path(name);
  auto file = open_file(opened_.descriptor(), name, O_WRONLY | O_CREAT | O_EXCL, shown);
  if (!file) return std::unexpected(file.error());
  auto done = write_all(*file, bytes, shown);
  if (done) done = sync_file(*file, shown);
  if (done) done = sync_file(opened_, folder_);
  if (!done) ::unlinkat(opened_.descriptor(), name.c_str(), 0);
  return done;
}

Result<void> Spool::add(const TopicRound& round) {
  Writer saved;
  round.save(saved);
  std::string packed = pack(saved.bytes());
  const std::scoped_lock lock(mutex_);
  Waiting waiting{next_number_++, packed.size()};
  auto written = write_round(waiting.number, packed);
  if (!written) {
    in_memory_bytes_ += waiting.size_bytes;
    waiting.in_memory = std::move(packed);
  }
  waiting_bytes_ += waiting.size_bytes;
  waiting_.push_back(std::move(waiting));
  make_room();
  return written;
}

// Never the newest: a bound below one round keeps that.
void Spool::make_room() {
  while (true) {
    const bool is_memory_full = in_memory_bytes_ > kMostInMemoryBytes;
    if (waiting_bytes_ <= most_bytes_ && !is_memory_full) return;
    auto oldest = waiting_.begin() + (is_first_being_sent_ ? 1 : 0);
    while (is_memory_full && oldest < waiting_.end() && oldest->in_memory.empty()) ++oldest;
    if (std::distance(oldest, waiting_.end()) <= 1) return;
    (void)remove(*oldest);  // where it cannot be removed it is sent after all, by the next process
    waiting_.erase(oldest);
    ++dropped_;
  }
}

Result<void> Spool::remove(const Waiting& round) {
  waiting_bytes_ -= round.size_bytes;
  if (!round.in_memory.empty()) {
    in_memory_bytes_ -= round.size_bytes;
    return {};
  }
  const std::string name = round_name(round.number);
  if (::unlinkat(opened_.descriptor(), name.c_str(), 0) == 0 || errno == ENOENT) return {};
  return os_failure("remove", path(name), errno);
}

Result<std::optional<TopicRound>> Spool::first() {
  const std::scoped_lock lock(mutex_);
  if (waiting_.empty()) return std::nullopt;
  const Waiting& oldest = waiting_.front();
  const std::string name = round_name(oldest.number), shown = path(name);
  std::string packed = oldest.in_memory;
  if (packed.empty()) {
    auto read = read_file_if_any(opened_.descriptor(), name, shown);
    if (!read || !*read) {
      // Not removed: what cannot be read now may be read by the next process.
      const std::string why = read ? "it is gone" : read.error().message;
      waiting_bytes_ -= oldest.size_bytes;
      waiting_.pop_front();
      is_first_being_sent_ = false;
      return fail("{}: a round that waited cannot be sent: {}", shown, why);
    }
    packed = **std::move(read);
  }
  TopicRound round;
  const auto bytes = unpack(packed);
  Reader in(bytes ? std::string_view(*bytes) : std::string_view());
  if (bytes && round.load(in) && in.at_end()) {
    is_first_being_sent_ = true;
    return round;
  }
  (void)remove(oldest);
  waiting_.pop_front();
  is_first_being_sent_ = false;
  return fail(
      "{}: a round that waited is dropped, because it is not whole ({} bytes); a crash while it "
      "was written leaves such a file",
      shown, packed.size());
}

Result<void> Spool::finish_first() {
  const std::scoped_lock lock(mutex_);
  CHECK(is_first_being_sent_);
  is_first_being_sent_ = false;
  auto removed = remove(waiting_.front());
  waiting_.pop_front();
  return removed;
}

std::optional<std::string> Spool::recall(std::string_view system) {
  const std::string name = fmt::format("{}{}", system, kFeedSuffix);
  const auto packed = read_file_if_any(opened_.descriptor(), name, path(name));
  if (!packed || !*packed) return std::nullopt;
  return unpack(**packed);
}

Result<void> Spool::remember(std::string_view system, std::string_view bytes) {
  return replace(fmt::format("{}{}", system, kFeedSuffix), pack(bytes));
}

Result<void> Spool::leave(std::string_view name, std::string_view text) {
  return replace(std::string(name), text);
}

Result<void> Spool::replace(const std::string& name, std::string_view bytes) {
  const std::string next = name + ".new";
  auto file = open_file(opened_.descriptor(), next, O_WRONLY | O_CREAT | O_TRUNC, path(next));
  if (!file) return std::unexpected(file.error());
  if (auto done = write_all(*file, bytes, path(next)); !done) return done;
  if (::renameat(opened_.descriptor(), next.c_str(), opened_.descriptor(), name.c_str()) != 0) {
    return os_failure("rename", path(next), errno);
  }
  return {};
}

SpoolCounts Spool::counts() const {
  const std::scoped_lock lock(mutex_);
  return {std::ssize(waiting_), waiting_bytes_, dropped_};
}

}  // namespace bikeflow
