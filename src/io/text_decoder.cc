#include "io/text_decoder.h"

#include <utility>

#include "base/check.h"

namespace bikeflow {

TextDecoder::TextDecoder(const ReaderSettings& settings)
    : zone_has_changes_(settings.zone.has_changes()),
      default_system_(settings.system),
      json_(JsonRecordDecoder(settings.zone, settings.names)) {}

DecodedChunk TextDecoder::decode(const TextChunk& chunk, std::optional<Seconds> near) {
  if (csv_origin_ != chunk.csv) {
    csv_origin_ = chunk.csv;
    csv_.reset();
    if (chunk.csv != nullptr) csv_.emplace(*chunk.csv);
  }
  RecordReader& reader = csv_ ? *csv_ : json_;
  DecodedChunk decoded;
  decoded.last_time = near;
  std::string_view rest = chunk.records;
  while (const auto frame = reader.next(rest)) {
    Decoded record = reader.decode(*frame, decoded.last_time.value_or(kEarliestTime));
    if (record && !decoded.last_time && zone_has_changes_) {
      // The first observation: `near` is needed where the latest gives another time than the
      // earliest.
      const Seconds time = record->observed_at;
      record = reader.decode(*frame, kLatestTime);
      if (record->observed_at != time) {
        DecodedChunk nothing;
        nothing.needs_near = true;
        return nothing;
      }
    }
    const std::uint32_t offset = decoded.records++;
    if (record) {
      decoded.last_time = record->observed_at;
      add(chunk, offset, *frame, *record, decoded);
    } else {
      decoded.refused.push_back({offset, std::move(record.error()),
                                 std::string(frame->record.substr(0, kDeadLetterRecordBytes))});
    }
  }
  for (const DecodedChunk::Part& part : decoded.parts) systems_[part.system]->part = 0;
  return decoded;
}

void TextDecoder::add(const TextChunk& chunk, std::uint32_t offset, const Frame& frame,
                      const Observation& observation, DecodedChunk& decoded) {
  System& system = system_of(
      observation.system.empty() ? std::string_view(default_system_) : observation.system, decoded);
  if (system.part == 0) {
    decoded.parts.push_back({last_system_, {}});
    system.part = decoded.parts.size();
  }
  const StationIndex station = station_of(last_system_, system, observation.station_id, decoded);
  decoded.parts[system.part - 1].records.push_back(
      {.observed_at = observation.observed_at,
       .counts = observation.counts,
       .station = station,
       .offset = offset,
       .raw_begin = static_cast<std::uint32_t>(frame.record.data() - chunk.bytes->data()),
       .raw_size = static_cast<std::uint32_t>(frame.record.size())});
}

TextDecoder::System& TextDecoder::system_of(std::string_view name, DecodedChunk& decoded) {
  if (last_system_ < systems_.size() && system_names_.at(last_system_) == name) {
    return *systems_[last_system_];
  }
  last_system_ = system_names_.intern(name);
  if (last_system_ == systems_.size()) {
    systems_.push_back(std::make_unique<System>());
    decoded.new_systems.emplace_back(name);
  }
  return *systems_[last_system_];
}

// Polls list stations in the same order again and again, so the one that followed the last time is
// tried before the table is.
StationIndex TextDecoder::station_of(std::uint32_t number, System& system, std::string_view id,
                                     DecodedChunk& decoded) {
  Names& stations = system.stations;
  if (stations.size() > 0) {
    const StationIndex likely = system.successors[system.last];
    if (stations.at(likely) == id) return system.last = likely;
  }
  const StationIndex station = stations.intern(id);
  if (station == system.successors.size()) {
    system.successors.push_back(station);
    decoded.new_stations.push_back({number, std::string(id)});
  }
  system.successors[system.last] = station;
  return system.last = station;
}

}  // namespace bikeflow
