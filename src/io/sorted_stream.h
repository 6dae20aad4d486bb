// A set of inputs in the order of time: for exports in the order of their stations (--order
// station).
//
// The inputs are read to their end first, and their observations sorted on disk; those of one time
// keep the order of the input. Their records keep the positions that they have in the inputs, but
// no bytes of their own.
//
// A run that was interrupted finds its place again, because the order is a function of the inputs:
// the set is one unit, and its progress is kept in its first input, as InputChunk::records: so many
// dead letters (they come first, in the order of the input) and then observations were handed over.
// Until the last chunk all inputs of the set are unfinished; ends_input then means all of them.
//
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/external_sort.h"
#include "io/record_stream.h"
#include "model/names.h"

namespace bikeflow {

struct SortSettings {
  std::string folder;             // for the temporary file
  std::size_t first_input = 0;    // InputChunk::input of every chunk
  std::int64_t handed_over = 0;   // by an earlier run over the same set
  std::int64_t stored_bytes = 0;  // of the set, for progress; 0: not known
  std::size_t memory_bytes = ExternalSort::kMemoryBytes;
};

class SortedStream final : public RecordStream {
 public:
  // `known`: how many stations each system has that `inputs` was opened with.
  static Result<std::unique_ptr<SortedStream>> open(std::unique_ptr<RecordStream> inputs,
                                                    const std::vector<std::size_t>& known,
                                                    const SortSettings& settings);

  // While the inputs are read, chunks without batches.
  Result<std::optional<InputChunk>> next() override;
  // Reading is one half of the way, handing over the other.
  [[nodiscard]] std::int64_t stored_bytes_read() const override;

 private:
  // A system of the inputs. Stations are numbered anew, in the order in which they are handed over.
  struct System {
    std::string name;
    std::uint32_t number = Names::kNone;      // as handed over
    std::vector<std::string> new_stations{};  // those that were not known
    std::size_t known = 0;
    std::vector<StationIndex> numbers{};  // by the inputs' number
    StationIndex next_number = 0;
    std::size_t batch = 0;  // 1 + its place in the chunk in the making; 0: not in it
  };

  SortedStream(std::unique_ptr<RecordStream> inputs, ExternalSort sort,
               const SortSettings& settings)
      : settings_(settings), inputs_(std::move(inputs)), sort_(std::move(sort)) {}
  Result<InputChunk> read_some();
  Result<void> take(const InputChunk& chunk);
  Result<InputChunk> hand_over_some();
  void hand_over(const SortItem& item, InputChunk& chunk);
  Result<void> skip_what_was_handed_over();

  SortSettings settings_;
  std::unique_ptr<RecordStream> inputs_;  // null once they were read
  ExternalSort sort_;
  std::int64_t inputs_read_bytes_ = 0;
  std::vector<System> systems_;
  std::uint32_t next_system_ = 0;
  std::span<const SortItem> given_;  // by sort_, not yet handed over
  std::int64_t refused_ = 0;         // dead letters of the set so far
  std::int64_t handed_over_ = 0;     // dead letters and observations so far, earlier runs included
  bool is_at_end_ = false;
};

}  // namespace bikeflow
