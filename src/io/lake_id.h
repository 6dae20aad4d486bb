// Who a lake is, and who writes it: _bikeflow/lake.json and _bikeflow/writers/<hash>.json.
//
//   lake.json             {"format":1,"lake_id":"<32 hex digits>"}
//   writers/<hash>.json   {"kind":"run","identity":"feed https://..."}; the hash is of both
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "io/random.h"
#include "io/store.h"

namespace bikeflow {

inline constexpr int kLakeFormat = 1;

// The lake's random id; an empty lake is given one, durably. Error where a newer program has
// written it.
Result<std::string> open_lake(Store& store, const RandomSource& random);

// The same for one who only reads: nothing, or an Error, where the folder is no lake.
Result<std::optional<std::string>> find_lake(Store& store);
Result<std::string> read_lake(Store& store);

struct LakeWriter {
  enum class Kind : std::uint8_t { kRun, kBackfill };
  Kind kind = Kind::kRun;
  std::string identity;  // cluster, topic and group, or the feeds: what must be one for one lake
};

// Puts the writer's file, then looks for those of others: with another identity (a backfill is let
// in beside a run) both sides are refused by an Error that names the other. Registering again is
// done at once.
Result<void> register_writer(Store& store, const LakeWriter& writer);

}  // namespace bikeflow
