#include "pipeline/job.h"

#include <zstd.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "base/version.h"

namespace bikeflow {
namespace {

constexpr std::string_view kMagic = "BIKEFLOW";
constexpr std::size_t kHeaderBytes = 8 + 4 + 8 + 8;
constexpr std::uint64_t kMostStateBytes = std::uint64_t{4} << 30;

// Consecutive rows of one group as a span, for each group. Requires: sorted by the group.
template <class Row, class SameGroup, class Use>
Result<void> for_each_group(const std::vector<Row>& rows, SameGroup&& same, Use&& use) {
  for (std::size_t begin = 0; begin < rows.size();) {
    std::size_t end = begin + 1;
    while (end < rows.size() && same(rows[begin], rows[end])) ++end;
    Result<void> used = use(std::span(rows).subspan(begin, end - begin));
    if (!used) return used;
    begin = end;
  }
  return {};
}

Seconds day_of(Seconds t) { return t / kDay; }

// Format: whether there is one (u8); the cluster, the next offset; whether there is a last record
// (u8); its offset, timestamp and hash; how many systems have closed a window, and of each its
// name and the end of the first; the last order (u64).
void save_log(const std::optional<LogPosition>& log, Writer& out) {
  out.u8(log ? 1 : 0);
  if (!log) return;
  out.string(log->cluster);
  out.zigzag(log->next_offset);
  out.u8(log->last ? 1 : 0);
  if (log->last) {
    out.zigzag(log->last->offset);
    out.zigzag(log->last->timestamp_ms);
    out.u64(log->last->hash);
  }
  out.varint(log->first_closed.size());
  for (const auto& [system, end] : log->first_closed) {
    out.string(system);
    out.i64(end);
  }
  out.u64(log->last_order);
}

std::optional<LogPosition> read_log(Reader& in) {
  if (in.u8() == 0) return std::nullopt;
  LogPosition log;
  log.cluster = in.string();
  log.next_offset = in.zigzag();
  if (in.u8() != 0) log.last = {in.zigzag(), in.zigzag(), in.u64()};
  const std::uint64_t systems = in.varint();
  for (std::uint64_t i = 0; i < systems && in.ok(); ++i) {
    std::string system(in.string());
    log.first_closed[std::move(system)] = in.i64();
  }
  log.last_order = in.u64();
  return log;
}

}  // namespace

Partition* Job::find(std::string_view system) {
  for (const auto& partition : partitions_) {
    if (partition->settings().system == system) return partition.get();
  }
  return nullptr;
}

Partition& Job::add(const std::string& system, const Zone& zone, const TaskSettings& task) {
  CHECK(find(system) == nullptr);
  partitions_.push_back(std::make_unique<Partition>(PartitionSettings{
      settings_.source, settings_.number, system, zone, task, settings_.lake, settings_.lake_id}));
  return *partitions_.back();
}

void Job::add_dead_letters(std::vector<DeadLetter> letters) {
  for (const DeadLetter& letter : letters) dead_letter_bytes_ += letter.record.size();
  std::move(letters.begin(), letters.end(), std::back_inserter(dead_letters_));
}

void Job::add_due(DueFile file) {
  due_bytes_ += file.bytes.size();
  due_.push_back(std::move(file));
}

void Job::skip_to_sequence(std::uint64_t sequence) {
  CHECK(sequence >= sequence_);
  sequence_ = sequence;
}

void Job::acknowledge(std::string_view path) {
  std::erase_if(due_, [&](const DueFile& file) {
    if (file.path != path) return false;
    due_bytes_ -= file.bytes.size();
    return true;
  });
}

// Late rows and dead letters become files here, one for each directory.
Result<void> Job::collect() {
  for (const auto& partition : partitions_) {
    CHECK(partition->take_files().empty());
    std::vector<DeadLetter> refused = partition->task().take_refused();
    std::vector<LateRow> late = partition->task().take_late();
    // Of recorded inputs the position says which one it was, also where several are sorted
    // together.
    const auto name = [&](std::string& source, const Position& p) {
      if (static_cast<std::size_t>(p.partition) < inputs_.size())
        source = inputs_[static_cast<std::size_t>(p.partition)].name;
    };
    for (DeadLetter& letter : refused) name(letter.source, letter.position);
    for (LateRow& row : late) name(row.source, row.position);
    add_dead_letters(std::move(refused));
    const PartitionSettings& s = partition->settings();
    const auto day = [&](const LateRow& row) {
      return day_of(row.watermark + s.zone.offset_at(row.watermark));
    };
    std::sort(late.begin(), late.end(), [&](const LateRow& a, const LateRow& b) {
      return std::tuple(day(a), a.position) < std::tuple(day(b), b.position);
    });
    const auto put = [&](std::span<const LateRow> rows) -> Result<void> {
      Result<std::string> bytes = encode_late(rows, {});
      if (!bytes) return std::unexpected(bytes.error());
      add_due({late_path(s.lake, s.zone, s.system, s.source, rows.front().watermark,
                         rows.front().position),
               std::move(*bytes)});
      return {};
    };
    Result<void> done = for_each_group(
        late, [&](const LateRow& a, const LateRow& b) { return day(a) == day(b); }, put);
    if (!done) return done;
  }

  std::sort(dead_letters_.begin(), dead_letters_.end(),
            [&](const DeadLetter& a, const DeadLetter& b) {
              return std::tuple(day_of(a.received_at), a.position) <
                     std::tuple(day_of(b.received_at), b.position);
            });
  for (const DeadLetter& letter : dead_letters_) {
    ++dead_letter_counts_.at(static_cast<std::size_t>(letter.refusal.reason));
  }
  const auto put = [&](std::span<const DeadLetter> letters) -> Result<void> {
    Result<std::string> bytes = encode_dead_letters(letters, {});
    if (!bytes) return std::unexpected(bytes.error());
    add_due({dead_letter_path(settings_.lake, settings_.source, letters.front().received_at,
                              letters.front().position),
             std::move(*bytes)});
    return {};
  };
  Result<void> done = for_each_group(
      dead_letters_,
      [](const DeadLetter& a, const DeadLetter& b) {
        return day_of(a.received_at) == day_of(b.received_at);
      },
      put);
  dead_letters_.clear();
  dead_letter_bytes_ = 0;
  return done;
}

Result<std::string> Job::checkpoint(std::string name) {
  Result<void> collected = collect();
  if (!collected) return std::unexpected(collected.error());
  ++sequence_;
  predecessor_ = std::exchange(checkpoint_name_, std::move(name));
  for (DueFile& file : due_) {
    if (file.since != 0) continue;
    file.since = sequence_;
    ++files_;
  }
  return to_bytes();
}

Result<std::vector<Effect>> Job::commit(std::string name) {
  CHECK(markers_.empty());
  for (const auto& partition : partitions_) {
    for (const std::string& folder : partition->take_complete_directories()) {
      markers_.push_back({folder + "/" + std::string(kSuccessName), ""});
    }
  }
  Result<std::string> bytes = checkpoint(std::move(name));
  if (!bytes) return std::unexpected(bytes.error());
  std::vector<Effect> effects;
  effects.emplace_back(WriteCheckpoint{checkpoint_name_, *std::move(bytes)});
  effects.emplace_back(SetCurrent{checkpoint_name_});
  std::ranges::move(publish_due(), std::back_inserter(effects));
  effects.emplace_back(RemoveOldCheckpoints{});
  return effects;
}

std::vector<Effect> Job::publish_due() const {
  std::vector<Effect> effects;
  for (const std::vector<DueFile>* files : {&due_, &markers_}) {
    if (files->empty()) continue;
    PutFiles put;
    for (const DueFile& file : *files) put.files.push_back(&file);
    effects.emplace_back(std::move(put));
  }
  return effects;
}

void Job::published() {
  due_.clear();
  markers_.clear();
  due_bytes_ = 0;
}

// Format of a checkpoint: "BIKEFLOW", the format's number (u32), the sizes of the state before and
// after zstd (u64 each), the state, the bytes of the due files one after the other (Parquet, which
// zstd would not shrink), and the hash64() of all of it (u64). The state: see the calls below, in
// their order.
std::string Job::to_bytes() const {
  Writer state;
  state.string(program_version());
  state.string(settings_.name);
  state.string(settings_.source);
  state.string(settings_.lake_id);
  state.string(layout_word(settings_.lake.layout));
  state.string(path_time_word(settings_.lake.path_time));
  state.varint(sequence_);
  state.string(checkpoint_name_);
  state.string(predecessor_);
  state.zigzag(settings_.number);
  state.varint(static_cast<std::uint64_t>(files_));
  for (const std::int64_t count : dead_letter_counts_) {
    state.varint(static_cast<std::uint64_t>(count));
  }
  state.i64(last_time_);
  state.varint(inputs_.size());
  for (const InputState& input : inputs_) {
    state.string(input.name);
    state.zigzag(input.size_bytes);
    state.u64(input.head_hash);
    state.i64(input.first_time);
    state.zigzag(input.records);
    state.zigzag(input.bytes);
    state.u8(input.is_done ? 1 : 0);
  }
  save_log(log_, state);
  for (const std::vector<DueFile>* files : {&due_, &markers_}) {
    state.varint(files->size());
    for (const DueFile& file : *files) {
      state.string(file.path);
      state.varint(file.bytes.size());
      state.varint(file.since);
    }
  }
  state.varint(partitions_.size());
  for (const auto& partition : partitions_) {
    const PartitionSettings& s = partition->settings();
    state.zigzag(s.number);
    state.string(s.system);
    state.string(s.zone.name());
    state.zigzag(s.task.windows.length);
    state.zigzag(s.task.windows.slide);
    state.zigzag(s.task.windows.hour_phase);
    state.zigzag(s.task.delay);
    state.zigzag(s.task.max_gap);
    state.u8(s.task.is_recorded ? 1 : 0);
    partition->save(state);
  }

  const std::string& plain = state.bytes();
  std::string packed(ZSTD_compressBound(plain.size()), '\0');
  const std::size_t size =
      ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), 1);
  CHECK(ZSTD_isError(size) == 0);
  packed.resize(size);

  Writer out;
  out.reserve(kHeaderBytes + size + due_bytes_ + 8);
  out.raw(kMagic);
  out.u32(kCheckpointFormat);
  out.u64(plain.size());
  out.u64(size);
  out.raw(packed);
  for (const DueFile& file : due_) out.raw(file.bytes);
  out.u64(hash64(out.bytes()));
  return out.take();
}

namespace {

Result<std::string> unpack_state(std::string_view bytes, std::uint32_t& format,
                                 std::string_view& blobs) {
  const auto damaged = [] {
    return fail("the checkpoint is damaged: its bytes are not those that were written");
  };
  if (bytes.substr(0, kMagic.size()) != kMagic) return fail("this is not a checkpoint of bikeflow");
  if (bytes.size() < kHeaderBytes + 8) return damaged();
  Reader header(bytes.substr(kMagic.size()));
  format = header.u32();
  if (format > kCheckpointFormat) {
    return fail(
        "the checkpoint was written by a newer version of bikeflow (format {}, this program "
        "knows {}): update bikeflow",
        format, kCheckpointFormat);
  }
  if (Reader(bytes.substr(bytes.size() - 8)).u64() != hash64(bytes.substr(0, bytes.size() - 8))) {
    return damaged();
  }
  const std::uint64_t plain_size = header.u64();
  const std::uint64_t packed_size = header.u64();
  bytes = bytes.substr(kHeaderBytes, bytes.size() - kHeaderBytes - 8);
  if (packed_size > bytes.size() || plain_size > kMostStateBytes ||
      ZSTD_getFrameContentSize(bytes.data(), packed_size) != plain_size) {
    return damaged();
  }
  std::string plain(plain_size, '\0');
  if (ZSTD_decompress(plain.data(), plain.size(), bytes.data(), packed_size) != plain_size) {
    return damaged();
  }
  blobs = bytes.substr(packed_size);
  return plain;
}

InputState read_input(Reader& state) {
  InputState input;
  input.name = state.string();
  input.size_bytes = state.zigzag();
  input.head_hash = state.u64();
  input.first_time = state.i64();
  input.records = state.zigzag();
  input.bytes = state.zigzag();
  input.is_done = state.u8() != 0;
  return input;
}

}  // namespace

Result<Job> Job::restore(std::string_view checkpoint_bytes) {
  std::uint32_t format = 0;
  std::string_view blobs;
  Result<std::string> plain = unpack_state(checkpoint_bytes, format, blobs);
  if (!plain) return std::unexpected(plain.error());
  Reader state(*plain);
  const std::string_view version = state.string();
  const auto damaged = [&](std::string_view what) {
    return fail("the checkpoint, of bikeflow {}, cannot be understood ({})", version, what);
  };
  JobSettings settings;
  settings.name = state.string();
  settings.source = state.string();
  settings.lake_id = state.string();
  const auto layout = layout_from_word(state.string());
  const auto path_time = path_time_from_word(state.string());
  if (!state.ok() || !layout || !path_time) return damaged("settings");
  settings.lake = {*layout, *path_time};
  Job job(std::move(settings));
  job.sequence_ = state.varint();
  job.checkpoint_name_ = state.string();
  if (format >= 2) {
    job.predecessor_ = state.string();
    job.settings_.number = static_cast<std::int32_t>(state.zigzag());
  }
  job.files_ = static_cast<std::int64_t>(state.varint() & INT64_MAX);
  for (std::int64_t& count : job.dead_letter_counts_) {
    count = static_cast<std::int64_t>(state.varint() & INT64_MAX);
  }
  job.last_time_ = state.i64();
  const std::uint64_t inputs = state.varint();
  for (std::uint64_t i = 0; i < inputs && state.ok(); ++i) {
    job.inputs_.push_back(read_input(state));
  }
  if (format >= 2) job.log_ = read_log(state);
  for (std::vector<DueFile>* files : {&job.due_, &job.markers_}) {
    if (!job.load_due(state, format, blobs, *files)) return damaged("due files");
  }
  const std::uint64_t partitions = state.varint();
  for (std::uint64_t i = 0; i < partitions && state.ok(); ++i) {
    if (Result<void> loaded = job.load_partition(state); !loaded) {
      return std::unexpected(loaded.error());
    }
  }
  if (!state.at_end() || !blobs.empty()) return damaged("its end");
  return job;
}

bool Job::load_due(Reader& state, std::uint32_t format, std::string_view& blobs,
                   std::vector<DueFile>& files) {
  const std::uint64_t count = state.varint();
  for (std::uint64_t i = 0; i < count && state.ok(); ++i) {
    DueFile file{std::string(state.string()), ""};
    const std::uint64_t size = state.varint();
    file.since = format >= 2 ? state.varint() : sequence_;
    if (!state.ok() || size > blobs.size()) return false;
    file.bytes = blobs.substr(0, size);
    blobs.remove_prefix(size);
    due_bytes_ += size;
    files.push_back(std::move(file));
  }
  return state.ok();
}

Result<void> Job::load_partition(Reader& state) {
  const std::int64_t number = state.zigzag();
  const std::string system(state.string());
  const std::string_view zone_name = state.string();
  TaskSettings task;
  task.windows.length = state.zigzag();
  task.windows.slide = state.zigzag();
  task.windows.hour_phase = state.zigzag();
  task.delay = state.zigzag();
  task.max_gap = state.zigzag();
  task.is_recorded = state.u8() != 0;
  if (!state.ok() || !is_valid(task) || find(system) != nullptr) {
    return fail("the checkpoint cannot be understood (settings of a system)");
  }
  Result<Zone> zone = Zone::load(zone_name);
  if (!zone) return with_context("the checkpoint's time zone", zone.error());
  PartitionSettings settings{
      settings_.source, static_cast<std::int32_t>(number), system, *zone, task, settings_.lake,
      settings_.lake_id};
  Result<Partition> partition = Partition::load(std::move(settings), state);
  if (!partition) return with_context(system, partition.error());
  partitions_.push_back(std::make_unique<Partition>(std::move(*partition)));
  return {};
}

}  // namespace bikeflow
