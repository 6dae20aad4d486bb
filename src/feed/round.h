// All stations of a system as one poll of its feed saw them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/dead_letter.h"
#include "model/observation.h"
#include "model/place.h"

namespace bikeflow {

struct SeenStation {
  std::string id;
  std::string name;            // as the feed has it; empty: unknown
  std::optional<Place> place;  // nothing where the feed has none, or 0, 0
  Counts counts;
  bool is_renting = true, is_returning = true;
  friend bool operator==(const SeenStation&, const SeenStation&) = default;
};

// A part of a document that should have been a station and is none.
struct RefusedStation {
  Refusal refusal;
  std::string record;  // its bytes, at most kDeadLetterRecordBytes
};

struct Round {
  Seconds observed_at = 0;              // the event time of all of it
  std::vector<SeenStation> stations{};  // in the feed's order; no id twice
  std::vector<RefusedStation> refused{};
  std::int64_t duplicates = 0;  // ids that came again; the first counts
};

}  // namespace bikeflow
