// The bytes of a checkpoint.
#include <zstd.h>

#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "base/version.h"
#include "pipeline/job.h"

namespace bikeflow {
namespace {

constexpr std::string_view kMagic = "BIKEFLOW";
constexpr std::size_t kHeaderBytes = 8 + 4 + 8 + 8;
constexpr std::uint64_t kMostStateBytes = std::uint64_t{4} << 30;
constexpr std::uint64_t kReasonsBeforeFormat3 = 14;

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

void save_position(const Position& position, Writer& out) {
  out.zigzag(position.partition);
  out.zigzag(position.offset);
}

Position read_position(Reader& in) {
  const auto partition = static_cast<std::int32_t>(in.zigzag());
  return {partition, in.zigzag()};
}

// Format: how many dead letters, and of each the source, the position, when it came (i64), the
// reason's word, the detail, the byte (zigzag, -1: none) and the record; how many systems, and of
// each its name, how many late rows, and of each the fields in the order of their declaration.
void save_waiting(const std::vector<DeadLetter>& letters,
                  const std::map<std::string, std::vector<LateRow>>& late, Writer& out) {
  out.varint(letters.size());
  for (const DeadLetter& letter : letters) {
    out.string(letter.source);
    save_position(letter.position, out);
    out.i64(letter.received_at);
    out.string(reason_word(letter.refusal.reason));
    out.string(letter.refusal.detail);
    out.zigzag(letter.refusal.byte.value_or(-1));
    out.string(letter.record);
  }
  out.varint(late.size());
  for (const auto& [system, rows] : late) {
    out.string(system);
    out.varint(rows.size());
    for (const LateRow& row : rows) {
      out.string(row.station_id);
      out.i64(row.observed_at);
      out.zigzag(row.counts.bikes);
      out.zigzag(row.counts.racks);
      out.i64(row.watermark);
      out.string(row.source);
      save_position(row.position, out);
    }
  }
}

}  // namespace

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
  state.varint(dead_letter_counts_.size());
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
  state.u8(feed_ ? 1 : 0);
  if (feed_) {
    state.zigzag(feed_->next_offset);
    state.string(feed_->memory);
  }
  save_waiting(dead_letters_, late_, state);
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
  const std::uint64_t reasons = format >= 3 ? state.varint() : kReasonsBeforeFormat3;
  if (reasons > job.dead_letter_counts_.size()) return damaged("dead letters");
  for (std::uint64_t i = 0; i < reasons; ++i) {
    job.dead_letter_counts_[i] = static_cast<std::int64_t>(state.varint() & INT64_MAX);
  }
  job.restored_dead_letter_counts_ = job.dead_letter_counts_;
  job.last_time_ = state.i64();
  const std::uint64_t inputs = state.varint();
  for (std::uint64_t i = 0; i < inputs && state.ok(); ++i) {
    job.inputs_.push_back(read_input(state));
  }
  if (format >= 2) job.log_ = read_log(state);
  if (format >= 3) {
    if (state.u8() != 0) job.feed_ = {state.zigzag(), std::string(state.string())};
    if (!job.load_waiting(state)) return damaged("late rows and dead letters");
  }
  for (std::vector<DueFile>* files : {&job.due_, &job.markers_}) {
    if (!job.load_due(state, format, blobs, *files)) return damaged("due files");
  }
  const std::uint64_t partitions = state.varint();
  for (std::uint64_t i = 0; i < partitions && state.ok(); ++i) {
    if (Result<void> loaded = job.load_partition(state); !loaded) {
      return std::unexpected(loaded.error());
    }
  }
  for (const auto& [system, rows] : job.late_) {
    if (job.find(system) == nullptr) return damaged("late rows");
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

bool Job::load_waiting(Reader& state) {
  const std::uint64_t letters = state.varint();
  for (std::uint64_t i = 0; i < letters && state.ok(); ++i) {
    DeadLetter letter;
    letter.source = state.string();
    letter.position = read_position(state);
    letter.received_at = state.i64();
    const auto reason = reason_from_word(state.string());
    if (!reason) return false;
    letter.refusal = {*reason, std::string(state.string()), std::nullopt};
    if (const std::int64_t byte = state.zigzag(); byte >= 0) letter.refusal.byte = byte;
    letter.record = state.string();
    waiting_bytes_ += letter.record.size();
    dead_letters_.push_back(std::move(letter));
  }
  const std::uint64_t systems = state.varint();
  for (std::uint64_t i = 0; i < systems && state.ok(); ++i) {
    std::vector<LateRow>& rows = late_[std::string(state.string())];
    const std::uint64_t count = state.varint();
    for (std::uint64_t k = 0; k < count && state.ok(); ++k) {
      LateRow row;
      row.station_id = state.string();
      row.observed_at = state.i64();
      row.counts = {static_cast<std::int16_t>(state.zigzag()),
                    static_cast<std::int16_t>(state.zigzag())};
      row.watermark = state.i64();
      row.source = state.string();
      row.position = read_position(state);
      rows.push_back(std::move(row));
    }
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
