// Recorded input as a backfill takes it: decoded records in the order of the input, with the place
// to which each stretch leads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/batch.h"
#include "model/dead_letter.h"

namespace bikeflow {

// A stretch of one input.
struct InputChunk {
  std::size_t input = 0;                 // which one: Position::partition of its records
  std::vector<std::string> new_systems;  // first mentioned here; numbered on from those before
  std::vector<Batch> batches;            // one for each system that occurs in it
  std::vector<DeadLetter> refused;       // records that are no observations, in order
  // All of the input up to here, what came before a resumed run included.
  std::int64_t records = 0;
  std::int64_t bytes = 0;
  // Of the last observation, of this input or of one before it: settles a local time that occurs
  // twice.
  std::optional<Seconds> last_time;
  bool ends_input = false;
};

// Threads: one at a time; an implementation may decode on threads of its own.
class RecordStream {
 public:
  virtual ~RecordStream() = default;

  // The next stretch; nothing after the last input's end. An Error names the input and the place;
  // what came before it has been handed over.
  virtual Result<std::optional<InputChunk>> next() = 0;

  // For progress: stored bytes read of the inputs so far, resumed parts included.
  [[nodiscard]] virtual std::int64_t stored_bytes_read() const = 0;
};

}  // namespace bikeflow
