// A stretch of one input's records of one system, decoded, in the input's order: what a reader
// hands to the task that owns the system.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/dead_letter.h"
#include "model/observation.h"
#include "model/station_about.h"

namespace bikeflow {

// Dense number of a station within its system, in the order of first mention; never reused.
using StationIndex = std::uint32_t;

struct Record {
  Seconds observed_at = 0;
  Counts counts{};
  StationIndex station = 0;
  std::uint32_t offset = 0;     // see Batch::position()
  std::uint32_t raw_begin = 0;  // its bytes within Batch::raw
  std::uint32_t raw_size = 0;   // 0: the input has no bytes of its own (Parquet)
};

// When a record of a log came.
struct Arrived {
  Seconds received_at = 0;  // the record's timestamp, else when it was read
  Seconds clock = 0;        // the earlier of that and the wall clock: `future` is judged by it
};

struct Batch {
  std::uint32_t system = 0;         // the reader's number of the system
  Position first;                   // the partition, and what Record::offset counts from
  std::vector<Position> positions;  // not empty: Record::offset is an index of these instead
  std::vector<Record> records;
  std::vector<Arrived> arrived;  // of each record of a log; empty: all when the batch was read
  std::vector<std::string> new_stations;  // first mentioned here; numbered on from those before
  // Said besides of some of the stations, where a live view is wanted.
  std::vector<std::pair<StationIndex, StationAbout>> about;
  std::shared_ptr<const std::string> raw;  // the bytes that the records were decoded from

  [[nodiscard]] Position position(const Record& record) const {
    if (!positions.empty()) return positions[record.offset];
    return {first.partition, first.offset + record.offset};
  }
};

// The bytes of a record, as a dead letter keeps them: those of the input, or the fields as JSON
// where it has none. At most kDeadLetterRecordBytes.
std::string raw_record(const Batch& batch, const Record& record, std::string_view station_id);

}  // namespace bikeflow
