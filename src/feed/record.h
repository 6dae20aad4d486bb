// One recorded observation from text: the interface that the decoders of this folder share.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "model/dead_letter.h"
#include "model/observation.h"

namespace bikeflow {

// The names under which a file carries the fields; `--map bikes=num_bikes` changes one.
struct FieldNames {
  std::string system = "system";
  std::string station_id = "station_id";
  std::string observed_at = "observed_at";
  std::string bikes = "bikes";
  std::string racks = "racks";
};

// A record that is too long or nested too deep is refused before it costs memory or stack.
inline constexpr std::size_t kMaxRecordBytes = std::size_t{1} << 20;
inline constexpr int kMaxRecordDepth = 32;

using Decoded = std::expected<Observation, Refusal>;

}  // namespace bikeflow
