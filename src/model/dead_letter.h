// A record that cannot be read as an observation, with the reason and where it was.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "model/observation.h"

namespace bikeflow {

// Each reason is one fixed word of the dead_letter data set: reason_word().
enum class Reason : std::uint8_t {
  kNotUtf8,
  kNotJson,
  kTooLarge,
  kTooDeep,
  kBadCsv,  // a row with another number of fields than the header, or a quote that never ends
  kMissingStation,
  kBadStation,
  kMissingBikes,
  kBadBikes,
  kMissingTime,
  kBadTime,
  kNoSuchLocalTime,
  kFuture,
  kTimeJump,
  kRoundTooSmall,    // of a live feed: a whole round that was not believed (feed/round_guard.h)
  kRoundFellToZero,  // ditto
  kRoundOfStrangers,
  kTooManyStations,  // of a live feed: a new station of a system that has as many as it may
};
inline constexpr std::size_t kReasonCount = 18;
using ReasonCounts = std::array<std::int64_t, kReasonCount>;  // by reason

std::string_view reason_word(Reason reason);  // "not_utf8", "time_jump", ...
std::optional<Reason> reason_from_word(std::string_view word);

// What a decoder says of a record that it refuses.
struct Refusal {
  Reason reason = Reason::kNotJson;
  std::string detail;  // for people: the field, the value (shortened), what was expected
  std::optional<std::int64_t>
      byte;  // where in the record it broke; nothing where it was well-formed
  friend bool operator==(const Refusal&, const Refusal&) = default;
};

inline constexpr std::size_t kDeadLetterRecordBytes = 4096;  // so much of the record is kept

// A row of the dead_letter data set.
struct DeadLetter {
  std::string source;
  Position position;
  Seconds received_at = 0;  // the record's timestamp, else when it was read
  Refusal refusal;
  std::string record;  // its first kDeadLetterRecordBytes
  friend bool operator==(const DeadLetter&, const DeadLetter&) = default;
};

}  // namespace bikeflow
