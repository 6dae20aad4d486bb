#include "io/input_reader.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "io/parquet_file.h"

namespace bikeflow {

InputReader::InputReader(std::vector<PlannedInput> inputs, ReaderSettings settings,
                         const std::vector<KnownSystem>& known, std::optional<Seconds> near,
                         std::size_t threads)
    : inputs_(std::move(inputs)),
      settings_(std::move(settings)),
      near_(near),
      numbers_(std::max<std::size_t>(threads, 1) + 1),
      late_decoder_(settings_) {
  for (const KnownSystem& each : known) {
    Names& stations = names_.stations(names_.intern(each.id));
    for (const std::string& station : each.stations) stations.intern(station);
  }
  threads_.reserve(numbers_.size());
  threads_.emplace_back([this](const std::stop_token& stop) { read(stop); });
  for (std::size_t i = 0; i + 1 < numbers_.size(); ++i) {
    threads_.emplace_back([this, i] { decode(i); });
  }
}

InputReader::~InputReader() {
  for (std::jthread& thread : threads_) thread.request_stop();
  to_decode_.close();
  in_order_.close();
}

void InputReader::read(const std::stop_token& stop) {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (!read_input(i, stop)) break;
  }
  to_decode_.close();
  in_order_.close();
}

// False where reading is over: after a fault, or because nobody wants more.
bool InputReader::read_input(std::size_t input, const std::stop_token& stop) {
  const PlannedInput& planned = inputs_[input];
  if (planned.format == Format::kParquet) return push({.input = input, .is_parquet = true});
  auto chunks = planned.state.records > 0
                    ? TextChunks::resume(planned.path, settings_, stop, planned.state.bytes)
                    : TextChunks::open(planned.path, settings_, stop);
  if (!chunks) {
    push({.input = input, .error = chunks.error()});
    return false;
  }
  while (true) {
    auto chunk = chunks->next();
    if (!chunk) {
      push({.input = input, .error = chunk.error()});
      return false;
    }
    if (!*chunk) return true;
    if (!push({.input = input, .text = **std::move(chunk)})) return false;
  }
}

bool InputReader::push(Piece piece) {
  Work work{std::move(piece), {}};
  // First the place in the order, whose queue is the bound of all that is ahead.
  return in_order_.push(work.done.get_future()) && to_decode_.push(std::move(work));
}

void InputReader::decode(std::size_t number) {
  TextDecoder decoder(settings_);
  while (auto work = to_decode_.pop()) {
    Piece& piece = work->piece;
    piece.decoder = number;
    if (!piece.error && !piece.is_parquet) piece.decoded = decoder.decode(piece.text, std::nullopt);
    work->done.set_value(std::move(piece));
  }
}

Result<std::optional<InputChunk>> InputReader::next() {
  if (is_at_end_) return std::nullopt;
  if (parquet_) return next_of_parquet();
  auto future = in_order_.pop();
  if (!future) {
    is_at_end_ = true;
    return std::nullopt;
  }
  Piece piece = future->get();
  if (piece.error) {
    is_at_end_ = true;
    return std::unexpected(*std::move(piece.error));
  }
  if (piece.is_parquet) {
    input_ = piece.input;
    if (auto opened = open_parquet(inputs_[input_]); !opened) {
      is_at_end_ = true;
      return std::unexpected(opened.error());
    }
    return next_of_parquet();
  }
  if (piece.decoded.needs_near) {
    piece.decoder = numbers_.size() - 1;
    piece.decoded = late_decoder_.decode(piece.text, near_.value_or(kEarliestTime));
  }
  return hand_over(std::move(piece));
}

Result<void> InputReader::open_parquet(const PlannedInput& planned) {
  auto file = open_parquet_file(planned.path);
  if (!file) return std::unexpected(file.error());
  auto input =
      ParquetInput::open(*file, parquet_settings(planned.path, planned.index, settings_), names_);
  if (!input) return std::unexpected(input.error());
  if (auto skipped = input->skip_to(planned.state.records); !skipped) return skipped;
  parquet_ = std::move(*input);
  return {};
}

Result<std::optional<InputChunk>> InputReader::next_of_parquet() {
  auto chunk = parquet_->next();
  if (!chunk || !*chunk) {
    is_at_end_ = true;
    return chunk;
  }
  stored_bytes_read_ = stored_bytes_of_done_ + parquet_->stored_bytes_read();
  for (const Batch& batch : (*chunk)->batches) {
    if (!batch.records.empty()) near_ = batch.records.back().observed_at;
  }
  (*chunk)->last_time = near_;
  if ((*chunk)->ends_input) {
    stored_bytes_of_done_ = stored_bytes_read_;
    parquet_.reset();
  }
  return chunk;
}

InputChunk InputReader::hand_over(Piece piece) {
  DecodedChunk& decoded = piece.decoded;
  Numbers& numbers = numbers_[piece.decoder];
  for (std::string& name : decoded.new_systems) {
    numbers.systems.push_back({.number = Names::kNone, .name = std::move(name)});
  }
  for (DecodedChunk::NewName& station : decoded.new_stations) {
    numbers.systems[station.system].stations.push_back(Names::kNone);
    numbers.systems[station.system].names.push_back(std::move(station.name));
  }
  if (decoded.last_time) near_ = decoded.last_time;

  const TextChunk& text = piece.text;
  const PlannedInput& planned = inputs_[piece.input];
  if (piece.input != input_) records_ = planned.state.records;
  input_ = piece.input;
  const std::int64_t first_record = std::exchange(records_, records_ + decoded.records);
  InputChunk chunk;
  chunk.input = planned.index;
  chunk.records = records_;
  chunk.bytes = text.end_bytes;
  chunk.last_time = near_;
  chunk.ends_input = text.ends_input;
  stored_bytes_read_ = stored_bytes_of_done_ + text.stored_bytes_read;
  if (text.ends_input) stored_bytes_of_done_ = stored_bytes_read_;
  const auto partition = static_cast<std::int32_t>(planned.index);
  for (DecodedChunk::Refused& refused : decoded.refused) {
    chunk.refused.push_back({.source = planned.state.name,
                             .position = {partition, first_record + refused.offset},
                             .received_at = settings_.now,
                             .refusal = std::move(refused.refusal),
                             .record = std::move(refused.record)});
  }
  for (DecodedChunk::Part& part : decoded.parts) {
    chunk.batches.push_back(batch_of(piece, first_record, std::move(part), chunk));
  }
  return chunk;
}

Batch InputReader::batch_of(const Piece& piece, std::int64_t first_record, DecodedChunk::Part part,
                            InputChunk& chunk) {
  Numbers::System& numbers = numbers_[piece.decoder].systems[part.system];
  if (numbers.number == Names::kNone) {
    const std::uint32_t known = names_.systems().size();
    numbers.number = names_.intern(numbers.name);
    if (numbers.number == known) chunk.new_systems.push_back(numbers.name);
  }
  Names& stations = names_.stations(numbers.number);
  Batch batch;
  batch.system = numbers.number;
  batch.first = {static_cast<std::int32_t>(chunk.input), first_record};
  batch.raw = piece.text.bytes;
  batch.records = std::move(part.records);
  for (Record& record : batch.records) {
    StationIndex& number = numbers.stations[record.station];
    if (number == Names::kNone) [[unlikely]] {
      const std::string& name = numbers.names[record.station];
      const std::uint32_t known = stations.size();
      number = stations.intern(name);
      if (number == known) batch.new_stations.push_back(name);
    }
    record.station = number;
  }
  return batch;
}

}  // namespace bikeflow
