// Decodes chunks of text on a thread of its own: the part of reading that costs most and needs no
// order.
//
// What depends on the order is left to who merges the results: stations and systems have this
// decoder's own numbers, in the order in which it met them.
//
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "feed/record_reader.h"
#include "io/input_plan.h"
#include "io/text_chunks.h"
#include "model/batch.h"
#include "model/names.h"

namespace bikeflow {

struct DecodedChunk {
  // Of one system; its records and those of the other parts are each in the order of the input.
  struct Part {
    std::uint32_t system = 0;  // the decoder's number
    std::vector<Record> records;
  };
  // A station or, with an empty name, a system that this decoder has not met before; numbered on.
  struct NewName {
    std::uint32_t system = 0;
    std::string name;
  };
  struct Refused {
    std::uint32_t offset = 0;  // within the chunk
    Refusal refusal;
    std::string record;  // its first kDeadLetterRecordBytes
  };
  std::uint32_t records = 0;  // of all kinds
  std::vector<Part> parts;    // by the first record of each
  std::vector<std::string> new_systems;
  std::vector<NewName> new_stations;
  std::vector<Refused> refused;
  std::optional<Seconds> last_time;  // of the last observation; nothing: there is none
  bool needs_near = false;           // nothing was decoded: `near` is needed, and was not known
};

class TextDecoder {
 public:
  explicit TextDecoder(const ReaderSettings& settings);

  // `near`: the time of the observation before the chunk, which settles a local time that occurs
  // twice; nothing: not known.
  DecodedChunk decode(const TextChunk& chunk, std::optional<Seconds> near);

 private:
  struct System {
    Names stations;
    std::vector<std::uint32_t> successors;  // the station that followed it last time
    std::uint32_t last = 0;
    std::size_t part = 0;  // 1 + its place in the chunk in hand; 0: not in it
  };

  void add(const TextChunk& chunk, std::uint32_t offset, const Frame& frame,
           const Observation& observation, DecodedChunk& decoded);
  System& system_of(std::string_view name, DecodedChunk& decoded);
  StationIndex station_of(std::uint32_t number, System& system, std::string_view id,
                          DecodedChunk& decoded);

  bool zone_has_changes_;
  std::string default_system_;
  RecordReader json_;
  std::shared_ptr<const CsvRecordDecoder> csv_origin_;  // that csv_ is a copy of
  std::optional<RecordReader> csv_;
  Names system_names_;
  std::vector<std::unique_ptr<System>> systems_;
  std::uint32_t last_system_ = 0;
};

}  // namespace bikeflow
