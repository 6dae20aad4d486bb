#include "io/sorted_stream.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"

namespace bikeflow {
namespace {

constexpr std::size_t kChunkItems = 8192;

// SortItem::place: system, input and record number of an observation.
constexpr int kSystemBits = 8;
constexpr int kInputBits = 16;
constexpr int kRecordBits = 64 - kSystemBits - kInputBits;

std::uint64_t place_of(std::uint32_t system, Position position) {
  return static_cast<std::uint64_t>(system) << (kInputBits + kRecordBits) |
         static_cast<std::uint64_t>(position.partition) << kRecordBits |
         static_cast<std::uint64_t>(position.offset);
}
std::uint32_t system_of(std::uint64_t place) {
  return static_cast<std::uint32_t>(place >> (kInputBits + kRecordBits));
}
Position position_of(std::uint64_t place) {
  return {static_cast<std::int32_t>(place >> kRecordBits & ((1U << kInputBits) - 1)),
          static_cast<std::int64_t>(place & ((std::uint64_t{1} << kRecordBits) - 1))};
}
bool fits(std::uint32_t system, Position position) {
  return system >> kSystemBits == 0 && position.partition >> kInputBits == 0 &&
         position.offset >> kRecordBits == 0;
}

}  // namespace

Result<std::unique_ptr<SortedStream>> SortedStream::open(std::unique_ptr<RecordStream> inputs,
                                                         const std::vector<std::size_t>& known,
                                                         const SortSettings& settings) {
  auto file = TempFile::create(settings.folder);
  if (!file) return std::unexpected(file.error());
  std::unique_ptr<SortedStream> stream(new SortedStream(
      std::move(inputs), ExternalSort(*std::move(file), settings.memory_bytes), settings));
  for (const std::size_t stations : known) {
    System system;
    system.number = stream->next_system_++;
    system.known = stations;
    system.numbers.resize(stations);
    std::iota(system.numbers.begin(), system.numbers.end(), StationIndex{0});
    system.next_number = static_cast<StationIndex>(stations);
    stream->systems_.push_back(std::move(system));
  }
  return stream;
}

Result<std::optional<InputChunk>> SortedStream::next() {
  if (is_at_end_) return std::nullopt;
  auto chunk = inputs_ != nullptr ? read_some() : hand_over_some();
  if (!chunk) return std::unexpected(chunk.error());
  chunk->input = settings_.first_input;
  chunk->records = std::max(handed_over_, settings_.handed_over);
  return std::optional<InputChunk>(*std::move(chunk));
}

Result<InputChunk> SortedStream::read_some() {
  InputChunk given;
  auto chunk = inputs_->next();
  if (!chunk) return std::unexpected(chunk.error());
  inputs_read_bytes_ = inputs_->stored_bytes_read();
  if (*chunk) {
    if (auto taken = take(**chunk); !taken) return std::unexpected(taken.error());
    for (DeadLetter& letter : (*chunk)->refused) {
      if (++refused_ > settings_.handed_over) given.refused.push_back(std::move(letter));
    }
  } else {
    inputs_.reset();
    if (auto done = sort_.finish(); !done) return std::unexpected(done.error());
    if (auto done = skip_what_was_handed_over(); !done) return std::unexpected(done.error());
  }
  handed_over_ = std::max(refused_, handed_over_);
  return given;
}

Result<void> SortedStream::take(const InputChunk& chunk) {
  for (const std::string& name : chunk.new_systems) systems_.push_back({.name = name});
  for (const Batch& batch : chunk.batches) {
    System& system = systems_.at(batch.system);
    for (const std::string& station : batch.new_stations) {
      system.new_stations.push_back(station);
      system.numbers.push_back(Names::kNone);
    }
    for (const Record& record : batch.records) {
      const Position position = batch.position(record);
      if (!fits(batch.system, position)) {
        return fail("--order station takes at most {} systems and {} inputs at once",
                    1 << kSystemBits, 1 << kInputBits);
      }
      auto added = sort_.add(
          {record.observed_at, place_of(batch.system, position), record.station, record.counts});
      if (!added) return added;
    }
  }
  return {};
}

Result<void> SortedStream::skip_what_was_handed_over() {
  handed_over_ = refused_;
  while (handed_over_ < settings_.handed_over) {
    auto items = sort_.next();
    if (!items) return std::unexpected(items.error());
    if (items->empty()) {
      return fail("the inputs have {} records, but {} were read before: they are other inputs now",
                  handed_over_, settings_.handed_over);
    }
    const auto skipped = std::min<std::int64_t>(static_cast<std::int64_t>(items->size()),
                                                settings_.handed_over - handed_over_);
    handed_over_ += skipped;
    given_ = items->subspan(static_cast<std::size_t>(skipped));
  }
  return {};
}

Result<InputChunk> SortedStream::hand_over_some() {
  InputChunk chunk;
  if (given_.empty()) {
    auto items = sort_.next();
    if (!items) return std::unexpected(items.error());
    given_ = *items;
  }
  const std::span<const SortItem> items = given_.first(std::min(given_.size(), kChunkItems));
  given_ = given_.subspan(items.size());
  for (const SortItem& item : items) hand_over(item, chunk);
  for (System& system : systems_) system.batch = 0;
  handed_over_ += static_cast<std::int64_t>(items.size());
  is_at_end_ = handed_over_ == refused_ + sort_.size();
  chunk.ends_input = is_at_end_;
  return chunk;
}

void SortedStream::hand_over(const SortItem& item, InputChunk& chunk) {
  System& system = systems_[system_of(item.place)];
  if (system.batch == 0) {
    if (system.number == Names::kNone) {
      system.number = next_system_++;
      chunk.new_systems.push_back(system.name);
    }
    chunk.batches.emplace_back();
    chunk.batches.back().system = system.number;
    system.batch = chunk.batches.size();
  }
  Batch& batch = chunk.batches[system.batch - 1];
  StationIndex& number = system.numbers[item.station];
  if (number == Names::kNone) {
    number = system.next_number++;
    batch.new_stations.push_back(system.new_stations[item.station - system.known]);
  }
  batch.records.push_back({.observed_at = item.time,
                           .counts = item.counts,
                           .station = number,
                           .offset = static_cast<std::uint32_t>(batch.positions.size())});
  batch.positions.push_back(position_of(item.place));
}

std::int64_t SortedStream::stored_bytes_read() const {
  const std::int64_t all = std::max(settings_.stored_bytes, inputs_read_bytes_);
  if (inputs_ != nullptr || sort_.size() == 0) return inputs_read_bytes_ / 2;
  const double part =
      static_cast<double>(handed_over_ - refused_) / static_cast<double>(sort_.size());
  const std::int64_t half = all / 2;
  return half + static_cast<std::int64_t>(part * static_cast<double>(all - half));
}

}  // namespace bikeflow
