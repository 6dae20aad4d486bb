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

// By which a record is recognised: hash64 of its key's bytes followed by its value's; nothing for
// the value of a tombstone.
std::uint64_t record_hash(std::string_view key, std::optional<std::string_view> value);

}  // namespace bikeflow
