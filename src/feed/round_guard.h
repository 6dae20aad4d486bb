// Whether a round is to be believed, given those before it: a feed in trouble lists a part of its
// stations, or all of them as empty, and that would become rentals that nobody made.
//
// Not believed is a round
// - with fewer than 80 % of the usual number of stations, the median of the last 15 rounds that
//   were believed: round_too_small;
// - in which more than 30 % of the stations that had bikes in the last believed round, and are in
//   both, have none, and at least 3 of them: round_fell_to_zero. Not where that round is so old
//   that the stations have a gap behind them;
// - in which more than half of the stations, and at least 20, are none of those that were there
//   lately, once the feed had at least so many, in three rounds: round_of_strangers. A feed that
//   invents its ids would make a pipeline grow for ever.
//
// What has really changed stays so. A round that would be believed after the rejected one before it
// agrees with that, so it has the same stations too; once an unbroken row of at least three such
// rounds spans 30 minutes, and the longest gap over which movements are made, the last is believed,
// and what is usual is learned anew. By then the stations have a gap behind them, so that what
// changed is no rental.
//
// A feed that shows a closed system as empty is believed so, and what it then shows again at once
// is no return: of the stations that fell to 0 in a round that was believed at last, and were in
// the last one, no more than 30 % may have bikes again in one round (nor 3 of a few), or that is
// round_fell_to_zero too.
//
// Also what a status page wants to know of the stations: how many are frozen, which means that
// their counts have not changed for 24 hours while those of others did.
//
// Threads: none; one owner.
#pragma once

#include <algorithm>
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
  Reason reason = Reason::kRoundTooSmall;  // or kRoundFellToZero, kRoundOfStrangers
  std::string text;                        // what was found, and beside what
  std::int64_t found = 0;                  // stations; those that fell to 0; strangers
  std::int64_t of = 0;                     // the usual number; those that had bikes; all
  friend bool operator==(const Rejection&, const Rejection&) = default;
};

struct GuardCounts {
  static constexpr std::int64_t kMost = 1'000'000'000'000;  // of each, that is read back

  std::int64_t believed = 0;   // rounds
  std::int64_t too_small = 0;  // rejected rounds, by their reason
  std::int64_t fell_to_zero = 0;
  std::int64_t of_strangers = 0;
  std::int64_t believed_again = 0;  // times that rejected rounds agreed for long enough
  std::int64_t duplicates = 0;      // ids that came again within a round
  friend bool operator==(const GuardCounts&, const GuardCounts&) = default;
};

class RoundGuard {
 public:
  static constexpr Seconds kAgreement = 30 * kMinute;
  static constexpr Seconds kFrozen = kDay;

  // `max_gap`: of the movements that are made of the rounds.
  explicit RoundGuard(Seconds max_gap = 0) : agreement_(std::max(kAgreement, max_gap)) {}

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
    Seconds seen_at = 0;   // last_at_: in the last believed round
    bool is_dark = false;  // it fell to 0 in a round that was believed at last, and is there still
  };
  using Bikes = std::map<std::string, std::int16_t, std::less<>>;  // by station
  // A rejected round, for the next one to agree with.
  struct Doubted {
    Seconds since = 0;        // of the first round of the row
    std::int64_t rounds = 0;  // of the row; 0: the last round was believed
    std::int64_t stations = 0;
    Bikes bikes;
  };

  [[nodiscard]] std::optional<Rejection> compare(const Round& round) const;
  [[nodiscard]] std::optional<Rejection> compare_ids(const Round& round) const;
  [[nodiscard]] std::optional<Rejection> compare_bikes(const Round& round) const;
  [[nodiscard]] bool agrees_with_doubted(const Round& round) const;
  [[nodiscard]] bool is_believed_again(const Round& round);
  [[nodiscard]] std::int64_t usual() const;
  void believe(const Round& round, bool is_again);
  // Longer than the longest gap.
  [[nodiscard]] Seconds memory() const;
  void forget_unseen(std::size_t round_stations);

  Seconds agreement_;
  std::map<std::string, Known, std::less<>> known_;  // seen within memory()
  Seconds last_at_ = 0;                              // of the last believed round
  Seconds changed_at_ = 0;                           // when any station changed last
  std::int64_t dark_ = 0;  // stations that the last round that was believed at last left dark
  std::vector<std::int64_t> sizes_;  // of the last believed rounds
  Doubted doubted_;
  GuardCounts counts_;
};

}  // namespace bikeflow
