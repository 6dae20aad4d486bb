// A record of a partition of a topic, as a consumer hands it over.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace bikeflow {

// The views are of the consumer's buffers and die with them.
struct LogMessage {
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = -1;         // the record's own; -1: it has none
  std::string_view key;                   // empty where there is none
  std::optional<std::string_view> value;  // nothing: a tombstone
};

}  // namespace bikeflow
