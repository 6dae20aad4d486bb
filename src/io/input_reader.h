// Recorded inputs as one stream: read on one thread, decoded on several, handed over in order.
//
//   reading thread:   file -> unpacked bytes -> records' bounds     (TextChunks)
//   decoding threads: records -> observations or refusals           (TextDecoder)
//   the caller's:     results in the order of the input, with the numbers that stations have in the
//   stream
//
// Memory: at most kAhead chunks are anywhere between reading and handing over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "io/bounded_queue.h"
#include "io/input_plan.h"
#include "io/parquet_input.h"
#include "io/record_stream.h"
#include "io/system_names.h"
#include "io/text_chunks.h"
#include "io/text_decoder.h"
#include "model/names.h"

namespace bikeflow {

// An input that is to be read, or read on.
struct PlannedInput {
  std::string path;
  InputState state;                  // records and bytes read before; is_done is not looked at
  std::size_t index = 0;             // InputChunk::input and Position::partition
  Format format = Format::kUnknown;  // as recognised; of text the first bytes tell
};

// A system that an earlier run has met, with its stations in the order of their numbers.
struct KnownSystem {
  std::string id;
  std::vector<std::string> stations;
};

// Threads: one at a time calls it; it has threads of its own, which end with it.
class InputReader final : public RecordStream {
 public:
  static constexpr std::size_t kAhead = 8;

  // Reads the inputs in this order. `near`: the time of the last observation read before, of the
  // input that is read on or of the one before the first; it settles a local time that occurs
  // twice.
  InputReader(std::vector<PlannedInput> inputs, ReaderSettings settings,
              const std::vector<KnownSystem>& known, std::optional<Seconds> near,
              std::size_t threads);
  ~InputReader() override;
  InputReader(const InputReader&) = delete;
  InputReader& operator=(const InputReader&) = delete;

  Result<std::optional<InputChunk>> next() override;
  [[nodiscard]] std::int64_t stored_bytes_read() const override { return stored_bytes_read_; }

 private:
  // What one step of reading became; in the end one of text and error.
  struct Piece {
    std::size_t input = 0;  // of inputs_
    TextChunk text{};
    bool is_parquet = false;  // the whole input: it is left to the caller's thread
    std::optional<Error> error{};
    std::size_t decoder = 0;
    DecodedChunk decoded{};
  };
  struct Work {
    Piece piece;
    std::promise<Piece> done;
  };
  // A decoder's numbers -> those of the stream.
  struct Numbers {
    struct System {
      std::uint32_t number = Names::kNone;
      std::string name;
      std::vector<StationIndex> stations{};  // kNone until it was handed over
      std::vector<std::string> names{};
    };
    std::vector<System> systems;
  };

  void read(const std::stop_token& stop);
  bool read_input(std::size_t input, const std::stop_token& stop);
  bool push(Piece piece);
  void decode(std::size_t number);
  InputChunk hand_over(Piece piece);
  Result<void> open_parquet(const PlannedInput& planned);
  Result<std::optional<InputChunk>> next_of_parquet();
  Batch batch_of(const Piece& piece, std::int64_t first_record, DecodedChunk::Part part,
                 InputChunk& chunk);

  const std::vector<PlannedInput> inputs_;
  const ReaderSettings settings_;
  std::optional<Seconds> near_;
  std::size_t input_ = SIZE_MAX;  // of inputs_, and how many of its records were handed over
  std::int64_t records_ = 0;
  std::int64_t stored_bytes_of_done_ = 0;
  std::int64_t stored_bytes_read_ = 0;
  SystemNames names_;
  std::optional<ParquetInput> parquet_;  // the input in hand, where it is one
  std::vector<Numbers> numbers_;         // by decoder; the last is of late_decoder_
  TextDecoder late_decoder_;             // of the caller's thread, for chunks that need `near`
  bool is_at_end_ = false;

  BoundedQueue<Work> to_decode_{"chunks to decode", kAhead};
  BoundedQueue<std::future<Piece>> in_order_{"chunks to hand over", kAhead};
  std::vector<std::jthread> threads_;
};

}  // namespace bikeflow
