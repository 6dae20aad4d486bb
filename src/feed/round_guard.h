// Whether a round is to be believed, given those before it: a feed in trouble lists a part of its
// stations, or all of them as empty, and that would become rentals that nobody made.
//
// Not believed is a round
// - with fewer than 80 % of the usual number of stations, the median of the last 15 rounds that
//   were believed: round_too_small;
// - in which more than 30 % of the stations that had bikes in the last believed round, and are in
//   both, have none, and at least 3 of them: round_fell_to_zero.
//
// What has really changed stays so. A round that would be believed after the rejected one before it
// agrees with that; once an unbroken row of at least three such rounds spans 30 minutes, the last
// is believed, and what is usual is learned anew. By then the stations have a gap behind them, so
// that what changed is no rental.
//
// Also what a status page wants to know of the stations: how many are frozen, which means that
// their counts have not changed for 24 hours while those of others did.
//
// Threads: none; one owner.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "feed/round.h"

namespace bikeflow {

struct Rejection {
  Reason reason = Reason::kRoundTooSmall;  // or kRoundFellToZero
  std::string text;                        // what was found, and beside what
  std::int64_t found = 0;                  // stations; those that fell to 0
  std::int64_t of = 0;                     // the usual number; those that had bikes
  friend bool operator==(const Rejection&, const Rejection&) = default;
};

struct GuardCounts {
  std::int64_t believed = 0;   // rounds
  std::int64_t too_small = 0;  // rejected rounds, by their reason
  std::int64_t fell_to_zero = 0;
  std::int64_t believed_again = 0;  // times that rejected rounds agreed for long enough
  std::int64_t duplicates = 0;      // ids that came again within a round
  friend bool operator==(const GuardCounts&, const GuardCounts&) = default;
};

class RoundGuard {
 public:
  static constexpr Seconds kAgreement = 30 * kMinute;
  static constexpr Seconds kFrozen = kDay;

  // Nothing: the round is believed.
  std::optional<Rejection> judge(const Round& round);

  [[nodiscard]] const GuardCounts& counts() const { return counts_; }
  // Of the last believed round.
  [[nodiscard]] std::int64_t stations() const;
  [[nodiscard]] std::int64_t frozen() const;

  void save(Writer& out) const;
  // False where the bytes are none of save(): then nothing is changed.
  bool load(Reader& in);

 private:
  struct Known {
    Counts counts;
    Seconds changed_at = 0;
    Seconds seen_at = 0;  // last_at_: in the last believed round
  };
  using Bikes = std::map<std::string, std::int16_t, std::less<>>;  // by station
  // A rejected round, for the next one to agree with.
  struct Doubted {
    Seconds since = 0;        // of the first round of the row
    std::int64_t rounds = 0;  // of the row; 0: the last round was believed
    std::int64_t stations = 0;
    Bikes bikes;  // of its stations that had any
  };

  [[nodiscard]] std::optional<Rejection> compare(const Round& round) const;
  [[nodiscard]] bool agrees_with_doubted(const Round& round) const;
  [[nodiscard]] bool is_believed_again(const Round& round);
  [[nodiscard]] std::int64_t usual() const;
  void believe(const Round& round);
  void forget_unseen(std::size_t round_stations);

  std::map<std::string, Known, std::less<>> known_;  // seen within the last hour
  Seconds last_at_ = 0;                              // of the last believed round
  Seconds changed_at_ = 0;                           // when any station changed last
  std::vector<std::int64_t> sizes_;                  // of the last believed rounds
  Doubted doubted_;
  GuardCounts counts_;
};

}  // namespace bikeflow
